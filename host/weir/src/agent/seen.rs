//! What a run has captured so far. Takes counts from the one who captures, gives them to who looks on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use weir_capture::InterfaceCounts;
use weir_capture::sockets::SocketCounts;
use weir_pipeline::stats::Stats;

use crate::replay::Running;

/// Counts of a run that goes on, half a second old at most.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    interfaces: Mutex<Vec<InterfaceCounts>>,
    calls: Mutex<Option<SocketCounts>>,
    frames: AtomicU64,
    running: Arc<Running>,
}

impl Seen {
    /// By interface, those that are gone too.
    pub(crate) fn interfaces(&self) -> Vec<InterfaceCounts> {
        self.interfaces.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Of system calls, where they are captured.
    pub(crate) fn calls(&self) -> Option<SocketCounts> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Frames that were captured, of interfaces and of system calls.
    pub(crate) fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    /// Counters of all workers.
    pub(crate) fn pipeline(&self) -> Stats {
        self.running.sum()
    }

    pub(super) fn running(&self) -> &Arc<Running> {
        &self.running
    }

    pub(super) fn set(&self, frames: u64, interfaces: Vec<InterfaceCounts>, calls: Option<SocketCounts>) {
        self.frames.store(frames, Ordering::Relaxed);
        *self.interfaces.lock().unwrap_or_else(PoisonError::into_inner) = interfaces;
        *self.calls.lock().unwrap_or_else(PoisonError::into_inner) = calls;
    }
}
