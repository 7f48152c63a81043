//! Takes: chunks of a flow that nobody claimed yet. Gives: what must be shown to `check` next, and all of it to the parser that
//! claims the flow. Bounded in bytes and questions.

use crate::flow::key::Side;
use crate::flow::origin::{KeptOrigin, Origin};

/// A flow whose protocol is not known.
#[derive(Debug, Default)]
pub(crate) struct Probing {
    /// Chunks that somebody wants to see more of, in the order in which they came.
    waiting: Vec<Chunk>,
    /// By side: payloads that came.
    payloads: [u32; 2],
    /// By side: payloads that some parser was asked about.
    asked: [u32; 2],
    /// By side: bytes that nobody wanted and that are gone.
    dropped: [bool; 2],
    /// By side: what the flow delivered so far.
    pub(crate) position: [u64; 2],
}

/// A chunk that waits for a verdict.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) side: Side,
    pub(crate) bytes: Vec<u8>,
    pub(crate) origin: KeptOrigin,
}

impl Probing {
    /// The bytes of a side that `check` shall see: those that wait, and the new ones. Borrowed when nothing waits.
    pub(crate) fn with<'a>(&self, side: Side, bytes: &'a [u8]) -> std::borrow::Cow<'a, [u8]> {
        if !self.waiting.iter().any(|chunk| chunk.side == side) {
            return bytes.into();
        }
        let mut all = self.waiting(side);
        all.extend_from_slice(bytes);
        all.into()
    }

    fn waiting(&self, side: Side) -> Vec<u8> {
        let of_side = self.waiting.iter().filter(|chunk| chunk.side == side);
        of_side.flat_map(|chunk| chunk.bytes.iter().copied()).collect()
    }

    /// The bytes before these of the same side are still here, or there were none.
    pub(crate) fn is_from_start(&self, side: Side) -> bool {
        !self.dropped[side.index()]
    }

    /// One more payload that nobody claimed; true when it is enough.
    pub(crate) fn count(&mut self, side: Side, was_asked: bool, payloads: u32, questions: u32) -> bool {
        let side = side.index();
        self.payloads[side] += 1;
        self.asked[side] += u32::from(was_asked);
        self.payloads[side] > payloads || self.asked[side] > questions
    }

    /// Somebody wants to see more: keeps the chunk.
    pub(crate) fn keep(&mut self, side: Side, bytes: &[u8], origin: Origin<'_>, limit: usize) {
        let waiting: usize =
            self.waiting.iter().filter(|chunk| chunk.side == side).map(|chunk| chunk.bytes.len()).sum();
        if waiting + bytes.len() > limit {
            self.drop_side(side);
        } else {
            self.waiting.push(Chunk { side, bytes: bytes.to_vec(), origin: origin.keep() });
        }
    }

    /// Nobody wants the bytes of this side so far.
    pub(crate) fn drop_side(&mut self, side: Side) {
        self.waiting.retain(|chunk| chunk.side != side);
        self.dropped[side.index()] = true;
    }

    /// By side: where the bytes begin that wait.
    pub(crate) fn start(&self, side: Side) -> u64 {
        self.position[side.index()] - self.waiting(side).len() as u64
    }

    /// Takes the chunks that wait, in the order in which they came.
    pub(crate) fn take(&mut self) -> Vec<Chunk> {
        std::mem::take(&mut self.waiting)
    }
}
