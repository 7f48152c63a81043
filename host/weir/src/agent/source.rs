//! Live capture as a source of frames. Takes a capture that has begun and a stop flag. Gives blocks until it is stopped, and what
//! happens to interfaces to the log.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use weir_capture::live::{LiveCapture, LiveEvent};
use weir_capture::{Block, InterfaceCounts};

use crate::replay::{EachSecond, Monitor, Source, SourceCounts};

/// Frames of interfaces, until it is stopped.
#[derive(Debug)]
pub(crate) struct Live<'a> {
    capture: LiveCapture,
    stop: &'a AtomicBool,
    deadline: Option<Instant>,
    monitor: &'a Monitor,
    second: EachSecond,
    seed: u64,
    now: u64,
    bytes: u64,
    frames: u64,
}

/// What was captured in the end.
#[derive(Debug)]
pub(crate) struct LiveEnd {
    pub(crate) interfaces: Vec<InterfaceCounts>,
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
}

impl<'a> Live<'a> {
    /// Ends when `stop` is set or `deadline` is over.
    pub(crate) fn new(
        capture: LiveCapture,
        stop: &'a AtomicBool,
        deadline: Option<Instant>,
        monitor: &'a Monitor,
    ) -> Self {
        // Whoever knew the seed could send all flows to one worker.
        let seed = RandomState::new().hash_one(0);
        let second = EachSecond::default();
        Self { capture, stop, deadline, monitor, second, seed, now: 0, bytes: 0, frames: 0 }
    }

    /// Ends capturing.
    pub(crate) fn end(mut self) -> LiveEnd {
        self.tell();
        LiveEnd { interfaces: self.capture.counts(), frames: self.frames, bytes: self.bytes }
    }

    fn tell_counts(&mut self) {
        let (capture, frames, bytes) = (&mut self.capture, self.frames, self.bytes);
        self.monitor.tell_source(|| SourceCounts {
            is_capturing: capture.is_capturing(),
            interfaces: capture.counts(),
            frames,
            bytes,
        });
    }

    fn tell(&mut self) {
        for event in self.capture.take_events() {
            match event {
                LiveEvent::Captured { interface } => tracing::info!("capturing {interface}"),
                LiveEvent::Gone { interface } => {
                    tracing::warn!("{interface} is gone; when it comes back, it is captured again");
                }
                LiveEvent::Refused { interface, error } => {
                    tracing::error!("{interface} is left out: {error}");
                }
            }
        }
    }
}

impl Source for Live<'_> {
    fn fill(&mut self, block: &mut Block) -> bool {
        if self.stop.load(Ordering::Relaxed) || self.deadline.is_some_and(|end| Instant::now() >= end) {
            self.capture.stop();
        }
        let more = self.capture.fill(block);
        self.tell();
        self.frames += block.positions().len() as u64;
        self.bytes += block.bytes().len() as u64;
        if self.second.is_due(Instant::now()) {
            self.tell_counts();
        }
        // A clock before 1970 tells nothing.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.now = u64::try_from(now.as_nanos()).unwrap_or_default();
        more
    }

    fn may_wait(&self) -> bool {
        true
    }

    fn now(&self) -> Option<u64> {
        Some(self.now)
    }

    fn seed(&self) -> u64 {
        self.seed
    }
}
