//! Records of all workers -> one board. Takes records in each worker's own sink, gives them to the board when it is asked to: a worker takes the
//! lock four times a second, not once a record.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use weir_red::{Board, Tallies};
use weir_request_log::{LogSink, RequestLog};
use weir_sinks::Sink;

/// What workers and the screen share.
#[derive(Debug)]
pub(crate) struct Shared {
    board: Mutex<Board>,
    turn: AtomicU64,
}

impl Shared {
    pub(crate) fn new(board: Board) -> Arc<Self> {
        Arc::new(Self { board: Mutex::new(board), turn: AtomicU64::new(0) })
    }

    /// The board, for as long as the guard lives; workers wait.
    pub(crate) fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks workers to hand over what they have at the end of their burst.
    pub(super) fn ask(&self) {
        self.turn.fetch_add(1, Ordering::Relaxed);
    }

    /// A sink for one worker.
    pub(crate) fn sink(self: &Arc<Self>) -> Box<dyn Sink> {
        let turn = self.turn.load(Ordering::Relaxed);
        Box::new(Counting { shared: Arc::clone(self), tallies: Tallies::default(), turn, buffer: Vec::new() })
    }
}

/// The sink of one worker: it prints nothing.
struct Counting {
    shared: Arc<Shared>,
    tallies: Tallies,
    turn: u64,
    buffer: Vec<u8>,
}

impl LogSink for Counting {
    fn log(&mut self, log: &RequestLog) {
        self.tallies.count(log);
    }
}

impl Sink for Counting {
    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    fn burst_end(&mut self) {
        let turn = self.shared.turn.load(Ordering::Relaxed);
        if turn != self.turn {
            self.turn = turn;
            self.tallies.hand_over(&mut self.shared.board());
        }
    }
}

impl Drop for Counting {
    /// The end of the capture: the rest counts too.
    fn drop(&mut self) {
        self.tallies.hand_over(&mut self.shared.board());
    }
}
