//! One direction of a TCP flow: ordered bytes out of unordered segments (RFC 9293, 3.4 and 3.10.7.4).
//!
//! Takes: sequence number and payload of each segment. Gives: each byte once, in order, and gaps where bytes never came.
//! Does not do: checksums, windows (a capture may join in the middle and see neither).
//!
//! Bytes that arrive in order are handed on as they are, borrowed. Only what has to wait is copied.

use std::collections::BTreeMap;

use super::origin::{KeptOrigin, Origin};
use crate::stats::Stats;

/// What comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery<'a> {
    /// The next bytes, and what is known of the segment that brought them.
    Chunk(&'a [u8], Origin<'a>),
    /// So many bytes are missing here. With a time they passed then and were not captured; without one they never came.
    Gap(u64, Option<u64>),
}

/// Bounds of the bytes that wait.
#[derive(Debug)]
pub struct Waiting {
    /// Bytes waiting in all flows of the worker.
    pub total: usize,
    /// The most that may wait in all flows.
    pub total_limit: usize,
    /// The most that may wait in one direction.
    pub direction_limit: usize,
}

/// Segments kept for one direction: small ones cost more than their bytes, so they have a limit of their own.
const PIECES: usize = 1024;

/// What a piece costs besides its bytes: map entry and allocation.
const PIECE_OVERHEAD: usize = 96;

/// One direction of a flow.
#[derive(Debug, Default)]
pub struct HalfStream {
    state: State,
    /// Sequence number of the next byte that was not delivered.
    next: u32,
    /// How many bytes came before it, gaps counted.
    position: u64,
    /// Highest acknowledgment of the other side, as a position.
    acknowledged: u64,
    waiting: Option<Box<Queue>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// No segment was seen.
    #[default]
    Unseen,
    Open,
    /// FIN was delivered.
    Ended,
}

#[derive(Debug, Default)]
struct Queue {
    /// By position; pieces never overlap.
    pieces: BTreeMap<u64, Piece>,
    cost: usize,
    /// Position behind the last byte, when a FIN was seen.
    end: Option<u64>,
}

#[derive(Debug)]
struct Piece {
    origin: KeptOrigin,
    bytes: Vec<u8>,
    /// Missing behind `bytes`: snap length.
    cut: u32,
}

impl Piece {
    fn length(&self) -> u64 {
        self.bytes.len() as u64 + u64::from(self.cut)
    }

    fn cost(&self) -> usize {
        self.bytes.len() + PIECE_OVERHEAD + self.origin.cost()
    }
}

/// The part of a segment that matters here.
#[derive(Clone, Copy, Debug)]
pub struct Piecewise<'a> {
    /// Sequence number of the first byte of `payload`.
    pub sequence: u32,
    /// Captured bytes.
    pub payload: &'a [u8],
    /// Bytes on the wire behind them that were not captured.
    pub cut: u32,
    /// Nothing follows.
    pub fin: bool,
    /// When it was captured, and what its sender knew.
    pub origin: Origin<'a>,
}

impl HalfStream {
    /// A SYN was seen: the first byte has this sequence number.
    pub fn start(&mut self, sequence: u32) {
        if self.state == State::Unseen {
            self.state = State::Open;
            self.next = sequence;
        }
    }

    /// A segment of this direction was seen.
    #[must_use]
    pub fn is_seen(&self) -> bool {
        self.state != State::Unseen
    }

    /// FIN was delivered: nothing more will come.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// Sequence number of the next byte.
    #[must_use]
    pub fn next_sequence(&self) -> u32 {
        self.next
    }

    /// How many bytes were delivered, gaps counted.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Position of a sequence number near the next byte; none when it lies before the first byte.
    #[must_use]
    pub fn position_of(&self, sequence: u32) -> Option<u64> {
        self.position.checked_add_signed(i64::from(sequence.wrapping_sub(self.next) as i32))
    }

    /// Something waits for earlier bytes.
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Takes one segment and hands on everything that is in order now.
    pub fn segment(
        &mut self,
        segment: &Piecewise<'_>,
        waiting: &mut Waiting,
        stats: &mut Stats,
        deliver: &mut impl FnMut(Delivery<'_>),
    ) {
        if self.state == State::Unseen {
            self.start(segment.sequence);
        }
        let Piecewise { mut payload, mut cut, fin, origin, .. } = *segment;
        let mut ahead = i64::from(segment.sequence.wrapping_sub(self.next) as i32);
        if ahead < 0 {
            // Seen before, at least in part: the first copy stands.
            let old = ahead.unsigned_abs();
            let length = payload.len() as u64 + u64::from(cut);
            stats.retransmitted_bytes += old.min(payload.len() as u64);
            if old > length || (old == length && !fin) {
                return;
            }
            let known = old.min(payload.len() as u64);
            payload = &payload[known as usize..];
            cut -= (old - known) as u32;
            ahead = 0;
        }
        if self.state == State::Ended {
            return;
        }
        if ahead > 0 {
            stats.out_of_order += 1;
            self.wait(self.position + ahead as u64, payload, cut, fin, origin, waiting);
            self.skip_acknowledged(waiting, stats, deliver);
        } else {
            self.deliver(payload, cut, origin, stats, deliver);
            if fin {
                self.state = State::Ended;
                self.drop_waiting(waiting);
                return;
            }
            self.drain(waiting, stats, deliver);
        }
        while self.is_over(waiting) {
            stats.out_of_order_limit += 1;
            self.skip_hole(waiting, stats, deliver);
        }
    }

    /// The other side has acknowledged everything before `position`: holes before it are the capture's alone when later
    /// bytes are here.
    pub fn acknowledge(
        &mut self,
        position: u64,
        waiting: &mut Waiting,
        stats: &mut Stats,
        deliver: &mut impl FnMut(Delivery<'_>),
    ) {
        self.acknowledged = self.acknowledged.max(position);
        if self.waiting.is_some() {
            self.skip_acknowledged(waiting, stats, deliver);
        }
    }

    fn skip_acknowledged(
        &mut self,
        waiting: &mut Waiting,
        stats: &mut Stats,
        deliver: &mut impl FnMut(Delivery<'_>),
    ) {
        let first = |half: &Self| half.waiting.as_ref().and_then(|q| q.pieces.keys().next().copied());
        while first(self).is_some_and(|hole_end| self.acknowledged >= hole_end) {
            stats.gaps_acknowledged += 1;
            self.skip_hole(waiting, stats, deliver);
        }
    }

    /// Gives up what lies before `position`: those bytes will not come.
    pub fn give_up(
        &mut self,
        position: u64,
        waiting: &mut Waiting,
        stats: &mut Stats,
        deliver: &mut impl FnMut(Delivery<'_>),
    ) {
        // A FIN that was waiting may end the stream before `position`.
        while self.position < position && self.state != State::Ended {
            let first = self.waiting.as_ref().and_then(|q| q.pieces.keys().next().copied());
            self.gap(first.unwrap_or(position).min(position) - self.position, stats, deliver);
            self.drain(waiting, stats, deliver);
        }
    }

    /// Hands on everything that waits, with gaps between: nothing more will come.
    pub fn finish(
        &mut self,
        waiting: &mut Waiting,
        stats: &mut Stats,
        deliver: &mut impl FnMut(Delivery<'_>),
    ) {
        while self.waiting.as_ref().is_some_and(|q| !q.pieces.is_empty()) {
            self.skip_hole(waiting, stats, deliver);
        }
        self.drop_waiting(waiting);
    }

    fn is_over(&self, waiting: &Waiting) -> bool {
        self.waiting.as_ref().is_some_and(|q| {
            !q.pieces.is_empty()
                && (q.cost > waiting.direction_limit
                    || q.pieces.len() > PIECES
                    || waiting.total > waiting.total_limit)
        })
    }

    fn deliver(
        &mut self,
        payload: &[u8],
        cut: u32,
        origin: Origin<'_>,
        stats: &mut Stats,
        deliver: &mut impl FnMut(Delivery<'_>),
    ) {
        if !payload.is_empty() {
            self.advance(payload.len() as u64);
            deliver(Delivery::Chunk(payload, origin));
        }
        if cut > 0 {
            stats.cut_bytes += u64::from(cut);
            self.advance(u64::from(cut));
            deliver(Delivery::Gap(u64::from(cut), Some(origin.time)));
        }
    }

    fn advance(&mut self, bytes: u64) {
        self.next = self.next.wrapping_add(bytes as u32);
        self.position += bytes;
    }

    fn gap(&mut self, bytes: u64, stats: &mut Stats, deliver: &mut impl FnMut(Delivery<'_>)) {
        if bytes > 0 {
            stats.gaps += 1;
            stats.gap_bytes += bytes;
            self.advance(bytes);
            deliver(Delivery::Gap(bytes, None));
        }
    }

    /// Keeps what is new of a segment that came too early.
    fn wait(
        &mut self,
        start: u64,
        payload: &[u8],
        cut: u32,
        fin: bool,
        origin: Origin<'_>,
        waiting: &mut Waiting,
    ) {
        let queue = self.waiting.get_or_insert_default();
        let end = start + payload.len() as u64 + u64::from(cut);
        if fin {
            queue.end.get_or_insert(end);
        }
        let mut at = start;
        while at < end {
            // The piece that covers `at`, or else the next one behind it.
            let before = queue.pieces.range(..=at).next_back().map(|(s, p)| s + p.length());
            if let Some(covered) = before.filter(|covered| *covered > at) {
                at = covered;
                continue;
            }
            let until = queue.pieces.range(at..).next().map_or(end, |(s, _)| (*s).min(end));
            let known = |position: u64| ((position - start) as usize).min(payload.len());
            let bytes = payload[known(at)..known(until)].to_vec();
            let cut = (until - at - bytes.len() as u64) as u32;
            let piece = Piece { origin: origin.keep(), bytes, cut };
            queue.cost += piece.cost();
            waiting.total += piece.cost();
            queue.pieces.insert(at, piece);
            at = until;
        }
    }

    /// Hands on what waits and is in order now.
    fn drain(&mut self, waiting: &mut Waiting, stats: &mut Stats, deliver: &mut impl FnMut(Delivery<'_>)) {
        let Some(mut queue) = self.waiting.take() else { return };
        while let Some(entry) = queue.pieces.first_entry() {
            let start = *entry.key();
            if start > self.position {
                break;
            }
            let piece = entry.remove();
            queue.cost -= piece.cost();
            waiting.total -= piece.cost();
            let old = self.position - start;
            if old >= piece.length() {
                stats.retransmitted_bytes += piece.bytes.len() as u64;
                continue;
            }
            let known = old.min(piece.bytes.len() as u64);
            stats.retransmitted_bytes += known;
            let cut = piece.cut - (old - known) as u32;
            self.deliver(&piece.bytes[known as usize..], cut, piece.origin.origin(), stats, deliver);
        }
        if queue.end.is_some_and(|end| end <= self.position) {
            self.state = State::Ended;
            waiting.total -= queue.cost;
        } else if !queue.pieces.is_empty() || queue.end.is_some() {
            self.waiting = Some(queue);
        }
    }

    fn skip_hole(
        &mut self,
        waiting: &mut Waiting,
        stats: &mut Stats,
        deliver: &mut impl FnMut(Delivery<'_>),
    ) {
        let Some(first) = self.waiting.as_ref().and_then(|q| q.pieces.keys().next().copied()) else { return };
        self.gap(first.saturating_sub(self.position), stats, deliver);
        self.drain(waiting, stats, deliver);
    }

    fn drop_waiting(&mut self, waiting: &mut Waiting) {
        if let Some(queue) = self.waiting.take() {
            waiting.total -= queue.cost;
        }
    }
}

#[cfg(test)]
mod tests;
