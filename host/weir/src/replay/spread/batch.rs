//! Takes: segments of one block. Gives: them to another thread, as numbers that point into the shared block. Only payloads
//! that were put together from fragments are copied.

use std::sync::Arc;

use weir_capture::Block;
use weir_pipeline::captured::Call;
use weir_pipeline::decode::{Address, Segment, TransportHeader};

/// Segments of one block for one worker. Its memory is used again.
#[derive(Debug, Default)]
pub(super) struct Batch {
    block: Option<Arc<Block>>,
    parts: Vec<Part>,
    /// Payloads that lie outside of the block.
    owned: Vec<u8>,
    now: Option<u64>,
}

/// A segment without its bytes.
#[derive(Debug)]
struct Part {
    source: Address,
    destination: Address,
    time: u64,
    transport: TransportHeader,
    source_port: u16,
    destination_port: u16,
    cut: u32,
    offset: u32,
    length: u32,
    owned: bool,
    /// Where the header of its call stands in the block; [`NO_CALL`]: it has none.
    call: u32,
}

const NO_CALL: u32 = u32::MAX;

impl Part {
    #[inline]
    fn call<'a>(&self, block: &'a [u8]) -> Option<Call<'a>> {
        if self.call == NO_CALL { None } else { Call::at(block.get(self.call as usize..)?) }
    }
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.now.is_none()
    }

    /// Says what time it is when the segments are done with.
    pub(super) fn set_now(&mut self, now: u64) {
        self.now = Some(now);
    }

    /// What [`Batch::set_now`] said.
    pub(super) fn now(&self) -> Option<u64> {
        self.now
    }

    /// Adds a segment; `block` are the bytes that most payloads lie in.
    #[inline]
    pub(super) fn push(&mut self, segment: &Segment<'_>, block: &[u8]) {
        let inside = segment.offset_in(block);
        let offset = inside.unwrap_or_else(|| {
            self.owned.extend_from_slice(segment.payload);
            self.owned.len() - segment.payload.len()
        });
        self.parts.push(Part {
            source: segment.source,
            destination: segment.destination,
            time: segment.time,
            transport: segment.transport,
            source_port: segment.source_port,
            destination_port: segment.destination_port,
            cut: segment.cut,
            offset: offset as u32,
            length: segment.payload.len() as u32,
            owned: inside.is_none(),
            call: segment.call.and_then(|call| call.offset_in(block)).map_or(NO_CALL, |at| at as u32),
        });
    }

    /// Says which block the segments are of.
    pub(super) fn set_block(&mut self, block: &Arc<Block>) {
        self.block = Some(Arc::clone(block));
    }

    /// All segments in the order of their adding.
    pub(super) fn segments(&self, mut each: impl FnMut(Segment<'_>)) {
        let block = self.block.as_ref().map(|b| b.bytes()).unwrap_or_default();
        for part in &self.parts {
            let bytes = if part.owned { &self.owned } else { block };
            let start = part.offset as usize;
            each(Segment {
                time: part.time,
                source: part.source,
                destination: part.destination,
                source_port: part.source_port,
                destination_port: part.destination_port,
                transport: part.transport,
                payload: bytes.get(start..start + part.length as usize).unwrap_or_default(),
                cut: part.cut,
                call: part.call(block),
            });
        }
    }

    /// Forgets everything but the memory; the block is free when the last worker did so.
    pub(super) fn clear(&mut self) {
        self.block = None;
        self.now = None;
        self.parts.clear();
        self.owned.clear();
    }
}
