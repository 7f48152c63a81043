//! Takes: a capture. Gives: for each worker the list of its segments, a block at a time. One worker at a time has it.

use std::sync::Arc;
use std::time::Instant;

use weir_capture::Block;
use weir_pipeline::decode::{DecodeStats, Decoder};

use super::batch::Batch;
use crate::replay::Report;
use crate::replay::monitor::{EachSecond, Monitor, ReadCounts};
use crate::replay::report::Span;
use crate::replay::source::Source;

/// Blocks of 1 MiB that there may be for each worker, and in all: a slow worker holds blocks that others are done with.
const BLOCKS_A_WORKER: usize = 4;
const BLOCKS: std::ops::RangeInclusive<usize> = 6..=48;

/// How often all workers are told what time it is, where it goes on without frames, nanoseconds.
const TELL_TIME: u64 = 200_000_000;

/// Reads, decodes and spreads.
pub(super) struct Reader<'a> {
    source: &'a mut dyn Source,
    decoder: Decoder,
    decode: DecodeStats,
    span: Span,
    /// Some are still being processed.
    blocks: Vec<Arc<Block>>,
    limit: usize,
    next_time: u64,
    monitor: Option<&'a Monitor>,
    second: EachSecond,
    /// One for each worker; empty while nobody reads.
    pub(super) lists: Vec<Batch>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a mut dyn Source, workers: usize, monitor: Option<&'a Monitor>) -> Self {
        Self {
            source,
            decoder: Decoder::default(),
            decode: DecodeStats::default(),
            span: Span::default(),
            blocks: Vec::new(),
            limit: (workers * BLOCKS_A_WORKER).clamp(*BLOCKS.start(), *BLOCKS.end()),
            next_time: 0,
            monitor,
            second: EachSecond::default(),
            lists: (0..workers).map(|_| Batch::default()).collect(),
        }
    }

    /// Reading may take as long as it pleases who writes.
    pub(super) fn may_wait(&self) -> bool {
        self.source.may_wait()
    }

    /// There is memory to read into.
    pub(super) fn is_ready(&mut self) -> bool {
        self.blocks.len() < self.limit || self.blocks.iter_mut().any(|block| Arc::get_mut(block).is_some())
    }

    /// Fills the lists from the next block; `false`: there is no more.
    pub(super) fn read(&mut self) -> bool {
        let free = self.blocks.iter_mut().position(|block| Arc::get_mut(block).is_some());
        let mut block = free.map_or_else(Arc::default, |place| self.blocks.swap_remove(place));
        let Some(filling) = Arc::get_mut(&mut block) else { return true };
        let more = self.source.fill(filling);
        if more {
            self.spread(&block);
            self.tell_counts();
        }
        self.blocks.push(block);
        more
    }

    fn spread(&mut self, block: &Arc<Block>) {
        let (workers, seed) = (self.lists.len() as u64, self.source.seed());
        for frame in block.frames() {
            self.span.see(frame.time);
            let answer = self.decoder.frame(&frame);
            self.decode.count(&answer);
            let Ok(segment) = answer else { continue };
            let worker = (segment.spread(seed) % workers) as usize;
            if let Some(list) = self.lists.get_mut(worker) {
                list.push(&segment, block.bytes());
            }
        }
        self.lists.iter_mut().filter(|list| !list.is_empty()).for_each(|list| list.set_block(block));
        self.tell_time();
    }

    fn tell_counts(&mut self) {
        let Some(monitor) = self.monitor else { return };
        if self.second.is_due(Instant::now()) {
            let (decode, fragments) = (self.decode.clone(), self.decoder.fragments());
            monitor.tell_read(|| ReadCounts { decode, fragments });
        }
    }

    fn tell_time(&mut self) {
        if let Some(now) = self.source.now().filter(|now| *now >= self.next_time) {
            self.next_time = now.saturating_add(TELL_TIME);
            self.lists.iter_mut().for_each(|list| list.set_now(now));
        }
    }

    pub(super) fn add_to(&self, report: &mut Report) {
        report.decode.add(&self.decode);
        report.span.merge(self.span);
        report.add_fragments(self.decoder.fragments());
    }
}
