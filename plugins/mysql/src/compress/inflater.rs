//! Takes: a zlib stream, in pieces. Gives: its content, in pieces; no more of it than is allowed.

use std::cell::{Cell, RefCell};

use miniz_oxide::inflate::stream::{InflateState, ZeroReset, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

/// Decompressors of 43 KB each that one instance may hold at a time: 3 MB.
const HELD: usize = 64;

/// Bytes that are inflated at a time.
pub(super) const CHUNK: usize = 16 << 10;

/// Bytes that may come out of each byte of a frame. Deflate reaches 1032; result sets reach 10 to 50.
const RATIO: u64 = 64;

/// Bytes beyond that which all connections together may inflate at once, and in a second of event time: a row of a few
/// megabytes of one letter. With [`RATIO`] a call of 64 KiB inflates 8 MiB at most, some 20 of the 100 ms that it has.
const BURST: u64 = 4 << 20;
const BURST_A_SECOND: u64 = 64 << 20;

const SECOND: u64 = 1_000_000_000;

thread_local! {
    static POOL: RefCell<Option<Box<InflateState>>> = const { RefCell::new(None) };
    static OUT: Cell<usize> = const { Cell::new(0) };
    /// What is left of [`BURST`], and the event time when that was.
    static LEFT: Cell<(u64, u64)> = const { Cell::new((BURST, 0)) };
}

/// What came out.
pub(super) enum Inflated {
    /// So many bytes, and perhaps more.
    Some(usize),
    /// The piece is used up.
    NeedsMore(usize),
    /// The last bytes.
    End(usize),
    /// Broken, or more than is allowed.
    Refused,
}

/// The decompressor of one frame. It goes back to where it came from.
pub(super) struct Inflater {
    state: Option<Box<InflateState>>,
    /// Bytes that may come out before all connections' share is asked for.
    allowed: u64,
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inflater").field("allowed", &self.allowed).finish_non_exhaustive()
    }
}

impl Inflater {
    /// For a frame of so many bytes. None when too many are at work.
    pub(super) fn take(frame: usize) -> Option<Self> {
        let out = OUT.get();
        if out >= HELD {
            return None;
        }
        OUT.set(out + 1);
        let mut state = POOL
            .with_borrow_mut(Option::take)
            .unwrap_or_else(|| InflateState::new_boxed(DataFormat::ZLibIgnoreChecksum));
        // With its memory: a hostile stream may refer to what stood there before.
        state.reset_as(ZeroReset);
        Some(Self { state: Some(state), allowed: frame as u64 * RATIO })
    }

    /// Inflates the front of `piece`, and takes that off it.
    pub(super) fn inflate(&mut self, piece: &mut &[u8], chunk: &mut [u8; CHUNK], time: u64) -> Inflated {
        let Some(state) = self.state.as_mut() else { return Inflated::Refused };
        let result = inflate(state, piece, chunk, MZFlush::None);
        *piece = piece.get(result.bytes_consumed..).unwrap_or_default();
        let out = result.bytes_written;
        self.allowed = match self.allowed.checked_sub(out as u64) {
            Some(left) => left,
            None if takes_burst(out as u64, time) => self.allowed,
            None => return Inflated::Refused,
        };
        match result.status {
            Ok(MZStatus::StreamEnd) => Inflated::End(out),
            Ok(_) if piece.is_empty() && out < CHUNK => Inflated::NeedsMore(out),
            Ok(_) => Inflated::Some(out),
            // There was nothing to read and nothing to give.
            Err(MZError::Buf) => Inflated::NeedsMore(out),
            Err(_) => Inflated::Refused,
        }
    }
}

impl Drop for Inflater {
    fn drop(&mut self) {
        OUT.set(OUT.get().saturating_sub(1));
        POOL.with_borrow_mut(|pool| *pool = self.state.take());
    }
}

/// Takes from what all connections share.
fn takes_burst(bytes: u64, time: u64) -> bool {
    let (left, since) = LEFT.get();
    let passed = time.saturating_sub(since).min(SECOND);
    let left = (left + passed * BURST_A_SECOND / SECOND).min(BURST);
    let rest = left.checked_sub(bytes);
    LEFT.set((rest.unwrap_or(left), time.max(since)));
    rest.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_all_comes_back_with_time() {
        let now = 1_700_000_000 * SECOND;
        assert!(takes_burst(BURST, now));
        assert!(!takes_burst(1, now));
        assert!(!takes_burst(BURST, now + SECOND / 100));
        assert!(takes_burst(BURST_A_SECOND / 100, now + SECOND / 100));
        assert!(takes_burst(BURST, now + 10 * SECOND));
        assert!(!takes_burst(1, now), "time that goes back gives nothing");
    }

    #[test]
    fn decompressors_are_counted() {
        let held: Vec<Inflater> = std::iter::from_fn(|| Inflater::take(1)).take(HELD * 2).collect();
        assert_eq!(held.len(), HELD);
        drop(held);
        assert!(Inflater::take(1).is_some());
    }
}
