//! Counters of workers while they run. Takes them from each worker at the end of a burst, when somebody asked; gives their sum.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use weir_pipeline::stats::Stats;
use weir_pipeline::worker::Worker;

/// What workers and who looks on share.
#[derive(Debug, Default)]
pub(crate) struct Running {
    turn: AtomicU64,
    workers: Mutex<Vec<Stats>>,
}

impl Running {
    /// Asks workers to tell their counters at the end of their burst.
    pub(crate) fn ask(&self) {
        self.turn.fetch_add(1, Ordering::Relaxed);
    }

    /// What all workers told last.
    pub(crate) fn sum(&self) -> Stats {
        let mut sum = Stats::default();
        self.workers().iter().for_each(|stats| sum.merge(stats));
        sum
    }

    fn workers(&self) -> MutexGuard<'_, Vec<Stats>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more worker.
    pub(super) fn join(self: Arc<Self>) -> Teller {
        let mut workers = self.workers();
        let place = workers.len();
        workers.push(Stats::default());
        drop(workers);
        let turn = self.turn.load(Ordering::Relaxed);
        Teller { running: self, place, turn }
    }
}

/// The side of one worker.
#[derive(Debug)]
pub(super) struct Teller {
    running: Arc<Running>,
    place: usize,
    turn: u64,
}

impl Teller {
    /// Tells the worker's counters, if somebody asked since the last time.
    #[inline]
    pub(super) fn tell(&mut self, worker: &Worker) {
        let turn = self.running.turn.load(Ordering::Relaxed);
        if turn != self.turn {
            self.turn = turn;
            if let Some(told) = self.running.workers().get_mut(self.place) {
                *told = worker.stats();
            }
        }
    }
}
