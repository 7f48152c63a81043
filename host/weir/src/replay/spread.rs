//! Several workers: the calling thread reads and decodes, and spreads segments by a hash that is the same for both directions.
//!
//! Workers share the bytes of a block; a segment goes over as numbers that point into it. What waits is bounded by the number of
//! blocks. A worker that fails ends the replay, what the others have is told.

mod batch;
mod pool;

use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use weir_capture::Block;
use weir_pipeline::decode::Decoder;
use weir_sinks::OutputState;

use self::batch::Batch;
use self::pool::Pool;
use super::source::Capture;
use super::{Ended, Progress, Replay, Report};
use crate::failure::Failure;

/// Nobody can send traffic to a file that is there already, so the spread needs no secret.
const SEED: u64 = 0;

/// Batches that wait for one worker: enough that a worker never waits for the reader, few enough that a slow one is
/// noticed.
const QUEUE: usize = 4;

pub(super) fn replay<W: Write + Send>(
    replay: &Replay<'_, W>,
    capture: &mut Capture,
    progress: &mut Progress,
    report: &mut Report,
) -> Result<OutputState, Failure> {
    thread::scope(|scope| {
        // Room for all that a worker may hold, the one that is being sent, and its farewell: giving back never waits.
        let (back, used) = sync_channel(replay.threads * (QUEUE + 3));
        let mut queues = Vec::new();
        let mut workers = Vec::new();
        for number in 0..replay.threads {
            let (queue, batches) = sync_channel(QUEUE);
            queues.push(queue);
            let inbox = Inbox { batches: Some(batches), back: back.clone() };
            let worker = thread::Builder::new().name(format!("weir-worker-{number}"));
            workers.push(worker.spawn_scoped(scope, move || work(replay, &inbox)).map_err(|error| {
                Failure::runtime(format_args!("can not start worker {number}: {error}; try fewer --threads"))
            })?);
        }
        drop(back);
        let mut spreader = Spreader {
            decoder: Decoder::default(),
            pool: Pool::new(replay.threads, used),
            lists: (0..replay.threads).map(|_| Batch::default()).collect(),
            queues,
        };
        spreader.run(capture, progress, report);
        report.see_fragments(spreader.decoder.fragments());
        drop(spreader); // the end of the queues is the end of the capture for the workers
        let mut end = Ok(OutputState::Open);
        for worker in workers {
            let broke =
                |_| Err(Failure::runtime("a worker broke: this is a fault of weir, please report it"));
            let state = worker.join().unwrap_or_else(broke).and_then(|ended| report.add(ended));
            // Only the worker that met a failure has it; the others merely know that there is one.
            if state.is_err() || end == Ok(OutputState::Open) {
                end = state;
            }
        }
        end
    })
}

/// What the calling thread has.
struct Spreader {
    decoder: Decoder,
    pool: Pool,
    /// One for each worker, being filled.
    lists: Vec<Batch>,
    queues: Vec<SyncSender<Batch>>,
}

impl Spreader {
    fn run(&mut self, capture: &mut Capture, progress: &mut Progress, report: &mut Report) {
        while let Some(mut block) = self.pool.block() {
            let Some(filling) = Arc::get_mut(&mut block) else { continue };
            if !capture.fill(filling, progress) {
                return;
            }
            for frame in block.frames() {
                report.see(frame.time);
                let answer = self.decoder.frame(&frame);
                report.decode.count(&answer);
                let Ok(segment) = answer else { continue };
                let worker = (segment.spread(SEED) % self.lists.len() as u64) as usize;
                if let Some(list) = self.lists.get_mut(worker) {
                    list.push(&segment, block.bytes());
                }
            }
            if !self.send(&block) {
                return;
            }
            self.pool.keep(block);
        }
    }

    /// Hands a list to each worker that has something in it. `false`: a worker is gone.
    fn send(&mut self, block: &Arc<Block>) -> bool {
        for (list, queue) in self.lists.iter_mut().zip(&self.queues) {
            if list.is_empty() {
                continue;
            }
            let batch = std::mem::replace(list, self.pool.batch());
            if queue.send(batch.of_block(block)).is_err() {
                return false;
            }
        }
        true
    }
}

fn work<W: Write + Send>(replay: &Replay<'_, W>, inbox: &Inbox) -> Result<Ended, Failure> {
    let mut side = replay.worker()?;
    while let Some(mut batch) = inbox.batch() {
        batch.segments(|segment| side.worker.segment(&segment, &mut side.lines));
        batch.clear();
        inbox.give_back(batch);
        if !side.flush() {
            break;
        }
    }
    Ok(side.finish())
}

/// A worker's end of the channels.
struct Inbox {
    batches: Option<Receiver<Batch>>,
    back: SyncSender<Batch>,
}

impl Inbox {
    fn batch(&self) -> Option<Batch> {
        self.batches.as_ref()?.recv().ok()
    }

    fn give_back(&self, batch: Batch) {
        // The reader is gone when the capture is at its end: nobody needs the memory then.
        let _ = self.back.send(batch);
    }
}

/// A worker that leaves early, even by a panic, frees the blocks that wait for it, and then wakes a reader that waits for one.
impl Drop for Inbox {
    fn drop(&mut self) {
        self.batches = None;
        let _ = self.back.try_send(Batch::default());
    }
}
