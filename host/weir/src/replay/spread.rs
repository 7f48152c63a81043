//! Several workers that take turns at reading: who has nothing to do fills the next block, decodes it and spreads its segments
//! by a hash that is the same for both directions.
//!
//! So there are as many threads as workers, and none waits while another one is overloaded. Workers share the bytes of a
//! block; a segment goes over as numbers that point into it. What waits is bounded by the number of blocks. A worker that
//! fails ends the replay, what the others have is told.

mod batch;
mod pool;

use std::io::Write;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

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

/// Blocks that are read in one turn. With one, workers that end at the same time wait for each other's reading; must not be
/// more than [`QUEUE`], since the reader's own queue is empty and nobody else empties it.
const BLOCKS_A_TURN: usize = 3;
const _: () = assert!(BLOCKS_A_TURN <= QUEUE);

/// How long a worker waits before it looks whether it is its turn to read: about the time that a block takes.
const PATIENCE: Duration = Duration::from_millis(1);

pub(super) fn replay<W: Write + Send>(
    replay: &Replay<'_, W>,
    capture: &mut Capture,
    progress: &mut Progress,
    report: &mut Report,
) -> Result<OutputState, Failure> {
    // Room for all that a worker may hold, the one that is being sent, and its farewell: giving back never waits.
    let (back, used) = sync_channel(replay.threads * (QUEUE + 3));
    let (queues, inboxes): (Vec<_>, Vec<_>) = (0..replay.threads)
        .map(|_| {
            let (queue, batches) = sync_channel(QUEUE);
            (queue, Inbox { batches: Some(batches), back: back.clone() })
        })
        .unzip();
    drop(back);
    let spreader = Mutex::new(Spreader {
        capture,
        progress,
        report,
        decoder: Decoder::default(),
        pool: Pool::new(replay.threads, used),
        lists: (0..replay.threads).map(|_| Batch::default()).collect(),
        queues,
        ended: false,
    });
    let ends = thread::scope(|scope| {
        let mut workers = Vec::new();
        for (number, inbox) in inboxes.into_iter().enumerate() {
            let worker = thread::Builder::new().name(format!("weir-worker-{number}"));
            let spreader = &spreader;
            workers.push(worker.spawn_scoped(scope, move || work(replay, &inbox, spreader)).map_err(
                |error| {
                    Failure::runtime(format_args!(
                        "can not start worker {number}: {error}; try fewer --threads"
                    ))
                },
            )?);
        }
        let broke = |_| Err(Failure::runtime("a worker broke: this is a fault of weir, please report it"));
        Ok(workers.into_iter().map(|worker| worker.join().unwrap_or_else(broke)).collect::<Vec<_>>())
    })?;
    let Spreader { report, decoder, .. } = spreader.into_inner().unwrap_or_else(PoisonError::into_inner);
    report.see_fragments(decoder.fragments());
    let mut end = Ok(OutputState::Open);
    for ended in ends {
        let state = ended.and_then(|ended| report.add(ended));
        // Only the worker that met a failure has it; the others merely know that there is one.
        if state.is_err() || end == Ok(OutputState::Open) {
            end = state;
        }
    }
    end
}

/// What the worker has whose turn it is to read.
struct Spreader<'a> {
    capture: &'a mut Capture,
    progress: &'a mut Progress,
    report: &'a mut Report,
    decoder: Decoder,
    pool: Pool,
    /// One for each worker, being filled.
    lists: Vec<Batch>,
    queues: Vec<SyncSender<Batch>>,
    /// Nothing more will come.
    ended: bool,
}

impl Spreader<'_> {
    /// Reads some blocks and gives each worker its part.
    fn turn(&mut self) {
        self.ended = !(0..BLOCKS_A_TURN).all(|_| self.spread_block());
    }

    /// `false`: the capture is at its end, or a worker is gone.
    fn spread_block(&mut self) -> bool {
        let Some(mut block) = self.pool.block() else { return false };
        // A block of the pool is nobody else's.
        let Some(filling) = Arc::get_mut(&mut block) else { return true };
        if !self.capture.fill(filling, self.progress) {
            return false;
        }
        for frame in block.frames() {
            self.report.see(frame.time);
            let answer = self.decoder.frame(&frame);
            self.report.decode.count(&answer);
            let Ok(segment) = answer else { continue };
            let worker = (segment.spread(SEED) % self.lists.len() as u64) as usize;
            if let Some(list) = self.lists.get_mut(worker) {
                list.push(&segment, block.bytes());
            }
        }
        if !self.send(&block) {
            return false;
        }
        self.pool.keep(block);
        true
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

fn work<W: Write + Send>(
    replay: &Replay<'_, W>,
    inbox: &Inbox,
    spreader: &Mutex<Spreader<'_>>,
) -> Result<Ended, Failure> {
    let mut side = replay.worker()?;
    while let Some(mut batch) = next_batch(inbox, spreader) {
        batch.segments(|segment| side.worker.segment(&segment, &mut side.lines));
        batch.clear();
        inbox.give_back(batch);
        if !side.flush() {
            break;
        }
    }
    Ok(side.finish())
}

/// What waits for this worker; when nothing does and nobody reads, it is its turn to read.
///
/// Batches are only sent by who holds the lock, in the order of blocks, so each worker has its segments in capture order. Who
/// holds it may wait for a worker whose queue is full; nobody waits for the lock, so that one goes on.
fn next_batch(inbox: &Inbox, spreader: &Mutex<Spreader<'_>>) -> Option<Batch> {
    loop {
        if let Some(batch) = inbox.batch() {
            return Some(batch);
        }
        match spreader.try_lock() {
            Ok(mut spreader) => match inbox.batch() {
                Some(batch) => return Some(batch),
                None if spreader.ended => return None,
                None => spreader.turn(),
            },
            Err(TryLockError::WouldBlock) => {
                if let Some(batch) = inbox.wait() {
                    return Some(batch);
                }
            }
            // A worker broke while it was reading: the capture ends there.
            Err(TryLockError::Poisoned(_)) => return None,
        }
    }
}

/// A worker's end of the channels.
struct Inbox {
    batches: Option<Receiver<Batch>>,
    back: SyncSender<Batch>,
}

impl Inbox {
    fn batch(&self) -> Option<Batch> {
        self.batches.as_ref()?.try_recv().ok()
    }

    /// Waits for a batch while another worker reads, but not for long: it may find that there is nothing more.
    fn wait(&self) -> Option<Batch> {
        self.batches.as_ref()?.recv_timeout(PATIENCE).ok()
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
