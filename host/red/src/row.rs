//! A key over time. Takes tallies and ticks, gives sums of the window. The tick's number is the time here.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::histogram::{Histogram, Sparse};
use crate::tally::{Codes, Counts, Failures, Tally};

/// Ticks whose requests are told one by one: a minute, a column each below a table.
pub const HISTORY: usize = 60;

#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// Since the last tick.
    open_counts: Counts,
    open_durations: Histogram,
    /// Of the window, up to the last tick.
    pub(crate) counts: Counts,
    pub(crate) durations: Histogram,
    /// What leaves the window when its tick is too old; ticks without requests are not in it.
    slices: VecDeque<(u64, Counts, Sparse)>,
    history: VecDeque<(u64, u64)>,
    pub(crate) total: Counts,
    pub(crate) codes: Codes,
    pub(crate) failures: Failures,
    pub(crate) process: Option<Arc<str>>,
}

impl Row {
    pub(crate) fn add(&mut self, tally: &Tally) {
        self.open_counts.add(&tally.counts);
        self.open_durations.merge(&tally.durations);
        self.total.add(&tally.counts);
        self.codes.merge(&tally.codes);
        self.failures.merge(&tally.failures);
        if tally.process.is_some() && self.process != tally.process {
            self.process.clone_from(&tally.process);
        }
    }

    /// Tick `tick` ends; `window` ticks count, none: all of them.
    pub(crate) fn close(&mut self, tick: u64, window: Option<u64>) {
        if self.open_counts.requests > 0 {
            self.counts.add(&self.open_counts);
            self.durations.merge(&self.open_durations);
            if window.is_some() {
                self.slices.push_back((tick, self.open_counts, self.open_durations.sparse()));
            }
            if self.history.len() >= HISTORY {
                self.history.pop_front();
            }
            self.history.push_back((tick, self.open_counts.requests));
            self.open_counts = Counts::default();
            self.open_durations.clear();
        }
        if let Some(window) = window {
            self.expire(tick, window);
        }
    }

    fn expire(&mut self, tick: u64, window: u64) {
        let mut changed = false;
        while self.slices.front().is_some_and(|(old, ..)| old + window <= tick) {
            if let Some((_, counts, durations)) = self.slices.pop_front() {
                self.counts.take_away(&counts);
                self.durations.take_away(&durations);
                changed = true;
            }
        }
        if changed {
            self.durations
                .set_max(self.slices.iter().map(|(.., durations)| durations.max).max().unwrap_or(0));
        }
    }

    /// Takes all of another row, but for its failures: where many keys are together, they tell nothing.
    pub(crate) fn absorb(&mut self, other: &Self) {
        self.open_counts.add(&other.open_counts);
        self.open_durations.merge(&other.open_durations);
        self.counts.add(&other.counts);
        self.durations.merge(&other.durations);
        self.total.add(&other.total);
        self.codes.merge(&other.codes);
        for (tick, counts, durations) in &other.slices {
            match self.slices.binary_search_by_key(tick, |(own, ..)| *own) {
                Ok(place) => {
                    if let Some((_, own_counts, own_durations)) = self.slices.get_mut(place) {
                        own_counts.add(counts);
                        own_durations.merge(durations);
                    }
                }
                Err(place) => self.slices.insert(place, (*tick, *counts, durations.clone())),
            }
        }
        for (tick, requests) in &other.history {
            match self.history.binary_search_by_key(tick, |(own, _)| *own) {
                Ok(place) => {
                    if let Some((_, own)) = self.history.get_mut(place) {
                        *own += requests;
                    }
                }
                Err(place) => self.history.insert(place, (*tick, *requests)),
            }
        }
        while self.history.len() > HISTORY {
            self.history.pop_front();
        }
    }

    /// When it was busy last; the higher, the later.
    pub(crate) fn last_busy(&self) -> u64 {
        self.history.back().map_or(0, |(tick, _)| *tick)
    }

    /// Requests of each of the last ticks, the oldest first.
    pub(crate) fn history(&self, tick: u64) -> [u64; HISTORY] {
        let mut all = [0; HISTORY];
        for (at, requests) in &self.history {
            let age = tick.saturating_sub(*at) as usize;
            if let Some(slot) = (HISTORY - 1).checked_sub(age).and_then(|place| all.get_mut(place)) {
                *slot = *requests;
            }
        }
        all
    }
}
