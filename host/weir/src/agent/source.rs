//! Live capture as a source of frames. Takes captures that have begun, of interfaces and of system calls, and a stop flag. Gives blocks
//! until it is stopped, and what happens to interfaces to the log.

use std::hash::{BuildHasher, RandomState};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use weir_capture::live::{LiveCapture, LiveEvent};
use weir_capture::sockets::{self, SocketCapture, SocketCounts};
use weir_capture::{Block, InterfaceCounts};

use super::tls;
use crate::replay::{Monitor, Source, SourceCounts, Unwanted};

/// How often who looks on is told the counts, nanoseconds.
const TELL_COUNTS: u64 = 500_000_000;

/// What is captured: interfaces, system calls, or both.
#[derive(Debug)]
pub(crate) struct Captures {
    pub(crate) packets: Option<LiveCapture>,
    pub(crate) calls: Option<(SocketCapture, sockets::Unwanted)>,
}

/// Frames of what is captured, until it is stopped.
pub(crate) struct Live<'a> {
    packets: Option<LiveCapture>,
    calls: Option<SocketCapture>,
    unwanted: Option<Unwanted>,
    /// The ring of system calls holds more than went into a block.
    busy: bool,
    stopped: bool,
    stop: &'a AtomicBool,
    deadline: Option<Instant>,
    monitor: &'a Monitor,
    next_counts: u64,
    seed: u64,
    now: u64,
    bytes: u64,
    frames: u64,
}

/// What was captured in the end.
#[derive(Debug)]
pub(crate) struct LiveEnd {
    pub(crate) interfaces: Vec<InterfaceCounts>,
    pub(crate) calls: Option<SocketCounts>,
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
}

impl<'a> Live<'a> {
    /// Ends when `stop` is set or `deadline` is over.
    pub(crate) fn new(
        captures: Captures,
        stop: &'a AtomicBool,
        deadline: Option<Instant>,
        monitor: &'a Monitor,
    ) -> Self {
        // Whoever knew the seed could send all flows to one worker.
        let seed = RandomState::new().hash_one(0);
        let Captures { packets, calls } = captures;
        let (calls, unwanted) = calls.unzip();
        let unwanted =
            unwanted.map(|unwanted| -> Unwanted { Arc::new(move |sockets| unwanted.add(sockets)) });
        Self {
            packets,
            calls,
            unwanted,
            busy: false,
            stopped: false,
            stop,
            deadline,
            monitor,
            next_counts: 0,
            seed,
            now: 0,
            bytes: 0,
            frames: 0,
        }
    }

    /// Ends capturing.
    pub(crate) fn end(mut self) -> LiveEnd {
        self.tell();
        let calls = self.calls.as_ref().map(SocketCapture::counts);
        LiveEnd { interfaces: self.interfaces(), calls, frames: self.frames, bytes: self.bytes }
    }

    fn interfaces(&mut self) -> Vec<InterfaceCounts> {
        self.packets.as_mut().map(LiveCapture::counts).unwrap_or_default()
    }

    fn tell_counts(&mut self) {
        let interfaces = self.interfaces();
        let is_capturing =
            self.calls.is_some() || self.packets.as_ref().is_some_and(LiveCapture::is_capturing);
        let calls = self.calls.as_ref().map(SocketCapture::counts);
        let (frames, bytes) = (self.frames, self.bytes);
        self.monitor.tell_source(|| SourceCounts { is_capturing, interfaces, calls, frames, bytes });
    }

    /// `false`: nothing comes any more.
    fn fill_block(&mut self, block: &mut Block) -> bool {
        let wait = if self.busy { Duration::ZERO } else { sockets::WAIT };
        let more = match (&mut self.packets, &self.calls) {
            (Some(packets), None) => packets.fill(block),
            (Some(packets), Some(calls)) => {
                let more = packets.fill_unless(block, wait, calls.as_fd());
                // What it may have been woken by is looked at now.
                calls.wait(Duration::ZERO);
                more
            }
            (None, calls) => {
                block.clear();
                match calls {
                    Some(calls) if !self.stopped => {
                        calls.wait(wait);
                        true
                    }
                    _ => false,
                }
            }
        };
        if let Some(calls) = &mut self.calls {
            self.busy = calls.append(block);
        }
        more || !block.positions().is_empty()
    }

    fn tell(&mut self) {
        for event in self.packets.iter_mut().flat_map(LiveCapture::take_events) {
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
        for event in self.calls.iter_mut().flat_map(SocketCapture::take_events) {
            tls::tell(&event);
        }
    }
}

impl Source for Live<'_> {
    fn fill(&mut self, block: &mut Block) -> bool {
        if self.stop.load(Ordering::Relaxed) || self.deadline.is_some_and(|end| Instant::now() >= end) {
            self.packets.iter_mut().for_each(LiveCapture::stop);
            self.calls.iter_mut().for_each(SocketCapture::stop);
            self.stopped = true;
        }
        let more = self.fill_block(block);
        self.tell();
        self.frames += block.positions().len() as u64;
        self.bytes += block.bytes().len() as u64;
        // A clock before 1970 tells nothing.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.now = u64::try_from(now.as_nanos()).unwrap_or_default();
        if self.now >= self.next_counts {
            self.next_counts = self.now.saturating_add(TELL_COUNTS);
            self.tell_counts();
        }
        more
    }

    fn may_wait(&self) -> bool {
        true
    }

    fn now(&self) -> Option<u64> {
        Some(self.now)
    }

    fn unwanted(&self) -> Option<Unwanted> {
        self.unwanted.clone()
    }

    fn seed(&self) -> u64 {
        self.seed
    }
}
