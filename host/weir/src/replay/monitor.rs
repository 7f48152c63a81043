//! What workers and whoever looks after them tell each other while traffic goes on.
//!
//! Takes: orders of a governor; once a second what each worker, the reader and the source counted. Gives: both to the other side.
//! Does not do: measure, decide, print. Workers come here at the end of a burst; none ever waits: whose place is being read
//! tells its numbers with the next burst.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use weir_capture::InterfaceCounts;
use weir_capture::sockets::SocketCounts;
use weir_pipeline::admission::{Admission, PARTS};
use weir_pipeline::decode::{DecodeStats, FragmentStats};
use weir_pipeline::stats::Stats;

use super::lines::LogCounts;

/// How often counts are told.
const INTERVAL: Duration = Duration::from_secs(1);

/// What workers are to do, in sixteenths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Orders {
    /// New flows that are taken.
    pub admission: Admission,
    /// Tracked flows that are kept, when refusing new ones is not enough.
    pub kept: u8,
    /// What is left of the limits that bound memory.
    pub room: u8,
}

impl Default for Orders {
    /// Everything.
    fn default() -> Self {
        Self { admission: Admission::default(), kept: PARTS, room: PARTS }
    }
}

impl Orders {
    fn pack(self) -> u32 {
        u32::from_le_bytes([self.admission.cpu, self.admission.memory, self.kept, self.room])
    }

    fn unpack(word: u32) -> Self {
        let [cpu, memory, kept, room] = word.to_le_bytes();
        Self { admission: Admission { cpu, memory }, kept, room }
    }
}

/// What a worker has counted.
#[derive(Clone, Debug, Default)]
pub struct WorkerCounts {
    /// Of all its stages.
    pub pipeline: Stats,
    /// Request logs by protocol.
    pub logs: LogCounts,
    /// Flows that it tracks at this moment.
    pub open_flows: u64,
}

/// What was counted before frames came to a worker.
#[derive(Clone, Debug, Default)]
pub struct ReadCounts {
    /// What decode gave and skipped.
    pub decode: DecodeStats,
    /// Datagrams that came in pieces.
    pub fragments: FragmentStats,
}

/// What the source has counted.
#[derive(Clone, Debug, Default)]
pub struct SourceCounts {
    /// At least one interface is captured at this moment.
    pub is_capturing: bool,
    /// What became of system calls, where they are captured.
    pub calls: Option<SocketCounts>,
    /// By interface.
    pub interfaces: Vec<InterfaceCounts>,
    /// Frames that were read.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Shared by the workers, the reader, the source, and who looks after them.
#[derive(Debug)]
pub struct Monitor {
    orders: AtomicU32,
    began: Instant,
    workers: Vec<Place>,
    read: Mutex<ReadCounts>,
    source: Mutex<SourceCounts>,
}

#[derive(Debug, Default)]
struct Place {
    /// Milliseconds after the beginning; 0: no burst was handled yet.
    last_burst: AtomicU64,
    counts: Mutex<WorkerCounts>,
}

impl Monitor {
    /// For so many workers.
    #[must_use]
    pub fn new(workers: usize) -> Self {
        Self {
            orders: AtomicU32::new(Orders::default().pack()),
            began: Instant::now(),
            workers: (0..workers.max(1)).map(|_| Place::default()).collect(),
            read: Mutex::default(),
            source: Mutex::default(),
        }
    }

    /// What workers are to do.
    #[must_use]
    pub fn orders(&self) -> Orders {
        Orders::unpack(self.orders.load(Ordering::Relaxed))
    }

    /// They do so from the end of their burst on.
    pub fn order(&self, orders: Orders) {
        self.orders.store(orders.pack(), Ordering::Relaxed);
    }

    /// By worker: how long ago it ended a burst; none: it did not begin yet. Without traffic a burst is a fifth of a second.
    #[must_use]
    pub fn silence(&self) -> Vec<Option<Duration>> {
        let now = self.milliseconds(Instant::now());
        let silence = |place: &Place| match place.last_burst.load(Ordering::Relaxed) {
            0 => None,
            last => Some(Duration::from_millis(now.saturating_sub(last))),
        };
        self.workers.iter().map(silence).collect()
    }

    /// What all workers have counted, as of a second ago at most.
    #[must_use]
    pub fn workers(&self) -> WorkerCounts {
        let mut all = WorkerCounts::default();
        for place in &self.workers {
            let counts = lock(&place.counts);
            all.pipeline.merge(&counts.pipeline);
            all.open_flows += counts.open_flows;
            for (protocol, count) in &counts.logs {
                match all.logs.iter_mut().find(|(known, _)| known == protocol) {
                    Some((_, sum)) => sum.add(count),
                    None => all.logs.push((protocol.clone(), *count)),
                }
            }
        }
        all
    }

    /// What was counted before frames came to a worker.
    #[must_use]
    pub fn read(&self) -> ReadCounts {
        lock(&self.read).clone()
    }

    /// What the source has counted.
    #[must_use]
    pub fn source(&self) -> SourceCounts {
        lock(&self.source).clone()
    }

    /// A worker ends a burst.
    pub(super) fn burst(&self, worker: usize, now: Instant) {
        if let Some(place) = self.workers.get(worker) {
            place.last_burst.store(self.milliseconds(now).max(1), Ordering::Relaxed);
        }
    }

    pub(super) fn tell_worker(&self, worker: usize, counts: impl FnOnce() -> WorkerCounts) {
        if let Some(place) = self.workers.get(worker) {
            set(&place.counts, counts);
        }
    }

    pub(super) fn tell_read(&self, counts: impl FnOnce() -> ReadCounts) {
        set(&self.read, counts);
    }

    pub(crate) fn tell_source(&self, counts: impl FnOnce() -> SourceCounts) {
        set(&self.source, counts);
    }

    fn milliseconds(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.began).as_millis()).unwrap_or(u64::MAX)
    }
}

/// Says yes once a second.
#[derive(Debug, Default)]
pub(crate) struct EachSecond(Option<Instant>);

impl EachSecond {
    /// The first time at once.
    pub(crate) fn is_due(&mut self, now: Instant) -> bool {
        let due = self.0.is_none_or(|next| now >= next);
        if due {
            self.0 = Some(now + INTERVAL);
        }
        due
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn set<T>(mutex: &Mutex<T>, value: impl FnOnce() -> T) {
    match mutex.try_lock() {
        Ok(mut place) => *place = value(),
        Err(TryLockError::Poisoned(place)) => *place.into_inner() = value(),
        Err(TryLockError::WouldBlock) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_come_as_they_were_given() {
        let monitor = Monitor::new(2);
        assert_eq!(monitor.orders(), Orders::default());
        let orders = Orders { admission: Admission { cpu: 3, memory: 16 }, kept: 1, room: 9 };
        monitor.order(orders);
        assert_eq!(monitor.orders(), orders);
    }

    #[test]
    fn a_worker_never_waits_for_who_reads() {
        let monitor = Monitor::new(1);
        let counts = || WorkerCounts { open_flows: 7, ..WorkerCounts::default() };
        let reading = lock(&monitor.workers[0].counts);
        monitor.tell_worker(0, counts);
        drop(reading);
        assert_eq!(monitor.workers().open_flows, 0);
        monitor.tell_worker(0, counts);
        assert_eq!(monitor.workers().open_flows, 7);
    }

    #[test]
    fn silence_is_known_by_worker() {
        let monitor = Monitor::new(2);
        monitor.burst(1, Instant::now());
        let silence = monitor.silence();
        assert!(silence[0].is_none() && silence[1].is_some_and(|silence| silence < Duration::from_secs(60)));
    }
}
