//! Blocks and batches that are used again. Their number bounds what waits between the reader and the workers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use weir_capture::Block;

use super::batch::Batch;

/// Blocks of 1 MiB that there may be for each worker, and in all: a slow worker holds blocks that others are done with.
const BLOCKS_A_WORKER: usize = 4;
const BLOCKS: std::ops::RangeInclusive<usize> = 6..=48;

/// Memory that the reader fills and workers give back.
#[derive(Debug)]
pub(super) struct Pool {
    /// In the order in which they were sent: the first is likely to be free first.
    blocks: VecDeque<Arc<Block>>,
    limit: usize,
    batches: Vec<Batch>,
    back: Receiver<Batch>,
}

impl Pool {
    pub(super) fn new(workers: usize, back: Receiver<Batch>) -> Self {
        let limit = (workers * BLOCKS_A_WORKER).clamp(*BLOCKS.start(), *BLOCKS.end());
        Self { blocks: VecDeque::new(), limit, batches: Vec::new(), back }
    }

    /// A block that nobody else has. Waits for one when there are too many; none: all workers are gone.
    pub(super) fn block(&mut self) -> Option<Arc<Block>> {
        loop {
            self.batches.extend(self.back.try_iter());
            let free = self.blocks.iter_mut().position(|block| Arc::get_mut(block).is_some());
            if let Some(block) = free.and_then(|place| self.blocks.remove(place)) {
                return Some(block);
            }
            if self.blocks.len() < self.limit {
                return Some(Arc::new(Block::default()));
            }
            // Each block that is not free is held by a batch, and each batch comes back.
            self.batches.push(self.back.recv().ok()?);
        }
    }

    /// Takes a block back that workers may still read.
    pub(super) fn keep(&mut self, block: Arc<Block>) {
        self.blocks.push_back(block);
    }

    /// An empty batch.
    pub(super) fn batch(&mut self) -> Batch {
        self.batches.pop().unwrap_or_default()
    }
}
