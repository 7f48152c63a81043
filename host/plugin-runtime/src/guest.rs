//! The host's side of one guest instance: what a store holds.
//!
//! Takes: what guests ask for. Gives: memory, log lines, configuration and counters within their limits. Does not
//! call guests.

mod deadline;
mod log;
mod printed;
mod random;

use std::sync::Arc;

use wasmtime::{Engine, ResourceLimiter, Store};

use crate::deepflow_door;
use crate::limits::Limits;
use crate::plugin::PluginConfig;
use crate::stats::Counters;
use deadline::Deadline;
pub(crate) use deadline::tick as deadline_tick;
use printed::Printed;
use random::Random;

pub(crate) use log::{Level, Printable, cut};

/// Data of a store.
pub(crate) struct HostState {
    pub(crate) config: PluginConfig,
    pub(crate) counters: Arc<Counters>,
    plugin: Arc<str>,
    /// Event time: the latest that any batch had. Nanoseconds since 1970, 0 before the first.
    pub(crate) time: u64,
    pub(crate) random: Random,
    /// What plugins of DeepFlow are in the middle of.
    pub(crate) deepflow: deepflow_door::Call,
    printed: Printed,
    /// Until when the guest has waited, by its own clock.
    waited: u64,
    deadline: Deadline,
    limits: Limits,
    /// Bytes of all memories.
    memory: usize,
    /// What the guest was refused in this call.
    refused: Option<&'static str>,
}

impl HostState {
    pub(crate) fn new(
        plugin: &Arc<str>,
        limits: &Limits,
        config: PluginConfig,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            config,
            counters,
            plugin: Arc::clone(plugin),
            time: 0,
            random: Random::default(),
            deepflow: deepflow_door::Call::default(),
            printed: Printed::default(),
            waited: 0,
            deadline: Deadline::new(limits.deadline),
            limits: limits.clone(),
            memory: 0,
            refused: None,
        }
    }

    /// The guest's clock: the event time, later when it waited. Never 0: Go takes that for a broken clock.
    pub(crate) fn clock(&self) -> u64 {
        self.time.max(self.waited).max(1)
    }

    /// The guest waits until then; for it that time has come.
    pub(crate) fn wait(&mut self, until: u64) {
        self.waited = self.waited.max(until);
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What the guest was refused since the call began.
    pub(crate) fn refused(&self) -> Option<&'static str> {
        self.refused
    }

    /// Writes a line of the guest into the log.
    pub(crate) fn log(&mut self, level: Level, line: &[u8]) {
        log::write(&self.plugin, &self.counters, level, line, self.time);
    }

    /// The guest printed something; its whole lines go into the log.
    pub(crate) fn print(&mut self, level: Level, piece: &[u8]) {
        let Self { printed, plugin, counters, time, .. } = self;
        printed.add(level, piece, |level, line| log::write(plugin, counters, level, line, *time));
    }

    /// What it printed without ending the line goes into the log as well.
    fn end_lines(&mut self) {
        let Self { printed, plugin, counters, time, .. } = self;
        printed.end(|level, line| log::write(plugin, counters, level, line, *time));
    }
}

impl Drop for HostState {
    fn drop(&mut self) {
        self.end_lines();
    }
}

/// A store with all limits on.
pub(crate) fn store(engine: &Engine, state: HostState) -> Store<HostState> {
    let mut store = Store::new(engine, state);
    store.limiter(|state| state);
    store.epoch_deadline_callback(|mut context| Ok(context.data_mut().deadline.reached()));
    store
}

/// Starts the deadline of one call (with all that belongs to it: placing arguments, reading, giving back).
pub(crate) fn begin_call(store: &mut Store<HostState>, time: u64) {
    let state = store.data_mut();
    state.end_lines();
    state.time = time;
    state.refused = None;
    let ticks = state.deadline.begin();
    store.set_epoch_deadline(ticks);
}

/// The most deadlines that one call may take.
pub(crate) const DEADLINES: usize = 8;

/// The call that was begun is many, or one that reads a configuration: its deadline is longer, at most [`DEADLINES`] times.
pub(crate) fn expect_calls(store: &mut Store<HostState>, deadlines: usize) {
    if deadlines > 1 {
        let ticks = store.data_mut().deadline.extend(deadlines.min(DEADLINES) as u32);
        store.set_epoch_deadline(ticks);
    }
}

impl ResourceLimiter for HostState {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_sub(current).saturating_add(desired);
        if total > self.limits.memory || maximum.is_some_and(|maximum| desired > maximum) {
            self.refused = Some("memory");
            return Ok(false);
        }
        self.memory = total;
        self.counters.memory.set(total as u64);
        self.counters.memory_peak.raise(total as u64);
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let allowed =
            desired <= self.limits.table_elements && maximum.is_none_or(|maximum| desired <= maximum);
        if !allowed {
            self.refused = Some("table elements");
        }
        Ok(allowed)
    }

    /// A parser is one module; components bring a few adapters.
    fn instances(&self) -> usize {
        16
    }

    fn tables(&self) -> usize {
        16
    }

    fn memories(&self) -> usize {
        16
    }
}
