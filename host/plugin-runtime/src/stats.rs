//! What an instance costs and how often it broke.
//!
//! Takes: counts of one worker. Gives: numbers that another thread can read at any time, and sums over workers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use weir_pipeline::parse::parser::FaultKind;

use crate::limits::{GUEST_COUNTER_BYTES, GUEST_COUNTERS};

/// Every kind of fault; its place is its index in the counters.
const FAULT_KINDS: [FaultKind; 6] = [
    FaultKind::BadAnswer,
    FaultKind::Deadline,
    FaultKind::Memory,
    FaultKind::TooMuch,
    FaultKind::Trap,
    FaultKind::Quarantined,
];

/// Counts of one plugin, of one worker or of several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginStats {
    /// Calls of `process` and `check` that reached the guest.
    pub calls: u64,
    /// Payload bytes handed over.
    pub payload_bytes: u64,
    /// Stream events handed over.
    pub events: u64,
    /// Messages told.
    pub messages: u64,
    /// Nanoseconds in calls, copying in and out included.
    pub nanoseconds: u64,
    /// Faults by kind; `Quarantined` counts calls that were not made.
    pub faults: BTreeMap<FaultKind, u64>,
    /// Instances made anew after a fault.
    pub rebuilds: u64,
    /// How often it was put into quarantine.
    pub quarantines: u64,
    /// Bytes of guest memory now; of several workers their sum.
    pub memory: u64,
    /// The most that one instance had.
    pub memory_peak: u64,
    /// Counters of the plugin's own.
    pub counters: BTreeMap<String, u64>,
    /// Additions to counters beyond the 64 names, or with names that are too long.
    pub counters_dropped: u64,
    /// Log lines beyond 100 a second.
    pub log_lines_dropped: u64,
}

impl PluginStats {
    /// Adds the counts of another worker's instance of the same plugin.
    pub fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.payload_bytes += other.payload_bytes;
        self.events += other.events;
        self.messages += other.messages;
        self.nanoseconds += other.nanoseconds;
        self.rebuilds += other.rebuilds;
        self.quarantines += other.quarantines;
        self.memory += other.memory;
        self.memory_peak = self.memory_peak.max(other.memory_peak);
        self.counters_dropped += other.counters_dropped;
        self.log_lines_dropped += other.log_lines_dropped;
        for (kind, count) in &other.faults {
            *self.faults.entry(*kind).or_default() += count;
        }
        for (name, count) in &other.counters {
            *self.counters.entry(name.clone()).or_default() += count;
        }
    }
}

/// Reads the counts of one instance from any thread.
#[derive(Clone, Debug)]
pub struct StatsHandle {
    plugin: Arc<str>,
    counters: Arc<Counters>,
}

impl StatsHandle {
    pub(crate) fn new(plugin: Arc<str>, counters: Arc<Counters>) -> Self {
        Self { plugin, counters }
    }

    /// The plugin's name.
    #[must_use]
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// The counts of this moment. Each is right by itself; they are not read in one instant.
    #[must_use]
    pub fn read(&self) -> PluginStats {
        let counters = &*self.counters;
        let faults = FAULT_KINDS.iter().zip(&counters.faults).map(|(kind, count)| (*kind, count.value()));
        PluginStats {
            calls: counters.calls.value(),
            payload_bytes: counters.payload_bytes.value(),
            events: counters.events.value(),
            messages: counters.messages.value(),
            nanoseconds: counters.nanoseconds.value(),
            faults: faults.filter(|(_, count)| *count > 0).collect(),
            rebuilds: counters.rebuilds.value(),
            quarantines: counters.quarantines.value(),
            memory: counters.memory.value(),
            memory_peak: counters.memory_peak.value(),
            counters: counters.guest.read(),
            counters_dropped: counters.counters_dropped.value(),
            log_lines_dropped: counters.log_lines_dropped.value(),
        }
    }
}

/// A counter with one writer: no locked instruction on the path.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, by: u64) {
        self.set(self.value().wrapping_add(by));
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(crate) fn raise(&self, value: u64) {
        self.set(self.value().max(value));
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What an instance writes. One thread at a time writes; any may read.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) calls: Counter,
    pub(crate) payload_bytes: Counter,
    pub(crate) events: Counter,
    pub(crate) messages: Counter,
    pub(crate) nanoseconds: Counter,
    faults: [Counter; FAULT_KINDS.len()],
    pub(crate) rebuilds: Counter,
    pub(crate) quarantines: Counter,
    pub(crate) memory: Counter,
    pub(crate) memory_peak: Counter,
    guest: GuestCounters,
    counters_dropped: Counter,
    /// The second of event time that `log_lines` counts.
    pub(crate) log_second: Counter,
    pub(crate) log_lines: Counter,
    pub(crate) log_lines_dropped: Counter,
}

impl Counters {
    pub(crate) fn fault(&self, kind: FaultKind) {
        let counters = FAULT_KINDS.iter().zip(&self.faults);
        if let Some((_, counter)) = counters.into_iter().find(|(known, _)| **known == kind) {
            counter.add(1);
        }
    }

    /// Adds to a counter of the guest's own.
    pub(crate) fn count(&self, name: &[u8], by: u64) {
        if !self.guest.add(name, by) {
            self.counters_dropped.add(1);
        }
    }
}

/// Counters by name: found by looking at all, since they are few and most guests have two or three.
#[derive(Debug)]
struct GuestCounters {
    used: AtomicUsize,
    slots: [OnceLock<(Box<str>, Counter)>; GUEST_COUNTERS],
}

impl Default for GuestCounters {
    fn default() -> Self {
        Self { used: AtomicUsize::new(0), slots: [const { OnceLock::new() }; GUEST_COUNTERS] }
    }
}

impl GuestCounters {
    fn used(&self) -> impl Iterator<Item = &(Box<str>, Counter)> {
        self.slots[..self.used.load(Ordering::Acquire)].iter().filter_map(OnceLock::get)
    }

    fn add(&self, name: &[u8], by: u64) -> bool {
        if let Some((_, counter)) = self.used().find(|(known, _)| known.as_bytes() == name) {
            counter.add(by);
            return true;
        }
        let used = self.used.load(Ordering::Relaxed);
        let (Some(slot), Ok(name)) = (self.slots.get(used), str::from_utf8(name)) else { return false };
        if name.is_empty() || name.len() > GUEST_COUNTER_BYTES || name.chars().any(char::is_control) {
            return false;
        }
        let (_, counter) = slot.get_or_init(|| (name.into(), Counter::default()));
        counter.add(by);
        self.used.store(used + 1, Ordering::Release);
        true
    }

    fn read(&self) -> BTreeMap<String, u64> {
        self.used().map(|(name, counter)| (name.to_string(), counter.value())).collect()
    }
}
