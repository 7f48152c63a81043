//! One direction of a connection that a parser follows.
//!
//! Takes: chunks and gaps in order. Gives: what of them the parser wants to see. Remembers when bytes were captured, so that
//! a message's position can be turned into a time.

use smallvec::SmallVec;

use super::callers::Callers;
use crate::captured::Caller;

/// What is known of the segment that begins at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Of its first byte in this direction.
    position: u64,
    /// When it was captured.
    pub(crate) time: u64,
    /// See [`Mark::peer`]; `UNKNOWN` where nobody knows.
    peer: u64,
    /// Its sender had received everything that the other side sent by then.
    pub(crate) caught_up: bool,
}

const UNKNOWN: u64 = u64::MAX;

impl Mark {
    /// How many bytes of the other direction its sender had received by then; none where nobody knows.
    pub(crate) fn peer(&self) -> Option<u64> {
        (self.peer != UNKNOWN).then_some(self.peer)
    }
}

/// One direction of a connection.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    /// How many bytes were captured or missed so far.
    pub(crate) position: u64,
    /// Next byte that the parser wants.
    pub(crate) resume_at: u64,
    /// Bytes that the parser left, to be shown again with more behind them.
    pub(crate) kept: Vec<u8>,
    /// Position of the first byte of `kept`.
    pub(crate) kept_at: u64,
    /// It is pointless to show fewer bytes than this.
    pub(crate) need: u32,
    /// `kept` holds bytes that were never shown.
    pub(crate) fresh: bool,
    /// A message ends here, ahead of what was seen when it was told.
    pub(crate) awaited_end: Option<u64>,
    /// Capture time of the last byte.
    pub(crate) last_time: u64,
    /// TCP sequence number of position 0.
    pub(crate) base_sequence: u32,
    /// What the flow had delivered before position 0.
    pub(crate) base_position: u64,
    /// Marks of what the parser has not dealt with, and one before.
    marks: SmallVec<[Mark; 2]>,
    /// The same for calls; a word where packets brought the bytes.
    callers: Option<Box<Callers>>,
}

impl Lane {
    /// `base`: what the flow had delivered before position 0, and the sequence number there.
    pub(crate) fn new((base_position, base_sequence): (u64, u32)) -> Self {
        Self { base_position, base_sequence, ..Self::default() }
    }

    /// A segment begins at the present position. `other`: how many bytes the other side has sent so far.
    pub(crate) fn mark(&mut self, time: u64, peer: Option<u64>, other: u64) {
        self.last_time = time;
        // Where nothing of the other side was captured yet, there is nothing to have missed.
        let caught_up = peer.unwrap_or(0) == other;
        self.marks.push(Mark { position: self.position, time, peer: peer.unwrap_or(UNKNOWN), caught_up });
    }

    /// The segment that begins at the present position was brought by a call.
    pub(crate) fn called(&mut self, caller: &Caller) {
        self.callers.get_or_insert_default().note(self.position, caller);
    }

    /// Who made the call that brought the byte at `position`; none: it comes from the network.
    pub(crate) fn caller_of(&self, position: u64) -> Option<Caller> {
        self.callers.as_ref()?.of(position)
    }

    /// The segment that holds the byte at `position`.
    pub(crate) fn mark_of(&self, position: u64) -> Option<Mark> {
        match self.marks.as_slice() {
            [only] => Some(*only),
            marks => {
                let after = marks.partition_point(|m| m.position <= position);
                marks.get(after.saturating_sub(1)).copied()
            }
        }
    }

    /// Forgets the marks before the one that holds `resume_at`.
    pub(crate) fn retire_marks(&mut self) {
        if let Some(callers) = &mut self.callers {
            callers.retire(self.resume_at);
        }
        if self.marks.len() <= 1 {
            if self.resume_at >= self.position {
                self.marks.clear();
            }
            return;
        }
        let keep_from = if self.resume_at >= self.position {
            self.marks.len()
        } else {
            self.marks.partition_point(|m| m.position <= self.resume_at).saturating_sub(1)
        };
        self.marks.drain(..keep_from);
        // One burst must not hold memory for ever.
        if self.marks.capacity() > 64 && self.marks.len() < 8 {
            self.marks.shrink_to_fit();
        }
    }

    /// Drops what waits for the parser: it can not go on from there.
    pub(crate) fn forget(&mut self) {
        self.kept = Vec::new();
        self.need = 0;
        self.fresh = false;
        self.resume_at = self.position;
    }

    /// TCP sequence number of a position.
    pub(crate) fn sequence_of(&self, position: u64) -> u32 {
        self.base_sequence.wrapping_add(position as u32)
    }
}
