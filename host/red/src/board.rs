//! All workers together, over a sliding window. Takes tallies of workers, and ticks with their time. Gives a line for each key.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::KEYS;
use crate::key::Key;
use crate::keyed::Keyed;
use crate::row::{HISTORY, Row};
use crate::tally::{Code, Counts, Failed, Tally};

/// Keys between two ticks: each worker may bring as many as it has room for, and the least busy go at the next tick.
const ROOM: usize = 2 * KEYS;

/// Counts of all workers.
#[derive(Debug)]
pub struct Board {
    rows: Keyed<Row>,
    other: Row,
    all: Row,
    window: Option<u64>,
    /// Lengths of the ticks in the window, nanoseconds.
    lengths: VecDeque<u64>,
    last: u64,
    tick: u64,
    pub(crate) responses_alone: u64,
}

/// A key in the window.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Which; none: all keys that there was no room for, or the sum of all.
    pub key: Option<&'a Key>,
    /// Counts of the window.
    pub counts: &'a Counts,
    /// Requests a second.
    pub rate: f64,
    /// Failed requests a second.
    pub error_rate: f64,
    /// Half of the answered requests were answered within this many nanoseconds.
    pub p50: Option<u64>,
    /// 95 of 100 were.
    pub p95: Option<u64>,
    /// 99 of 100 were.
    pub p99: Option<u64>,
    /// All were.
    pub max: Option<u64>,
    row: &'a Row,
    tick: u64,
}

impl<'a> Line<'a> {
    /// How many of 100 requests failed.
    #[must_use]
    pub fn error_percent(&self) -> f64 {
        if self.counts.requests == 0 {
            return 0.0;
        }
        100.0 * self.counts.errors() as f64 / self.counts.requests as f64
    }

    /// Counts since the key came.
    #[must_use]
    pub fn total(&self) -> &'a Counts {
        &self.row.total
    }

    /// How often each code of a response came since then; and further codes together.
    #[must_use]
    pub fn codes(&self) -> (&'a [(Code, u64)], u64) {
        (&self.row.codes.known, self.row.codes.others)
    }

    /// The process that made the last of them, where the source of the records knows it.
    #[must_use]
    pub fn process(&self) -> Option<&'a Arc<str>> {
        self.row.process.as_ref()
    }

    /// The last requests that failed, the last one first.
    pub fn failures(&self) -> impl Iterator<Item = &'a Failed> {
        self.row.failures.iter().rev()
    }

    /// Requests of each of the last ticks, the oldest first.
    #[must_use]
    pub fn history(&self) -> [u64; HISTORY] {
        self.row.history(self.tick)
    }
}

impl Board {
    /// An empty one at the time `now` (nanoseconds of any clock that does not go back) whose window has so many ticks; none: all.
    #[must_use]
    pub fn new(now: u64, window: Option<u32>) -> Self {
        Self {
            rows: Keyed::default(),
            other: Row::default(),
            all: Row::default(),
            window: window.map(u64::from),
            lengths: VecDeque::new(),
            last: now,
            tick: 0,
            responses_alone: 0,
        }
    }

    pub(crate) fn add(&mut self, key: &Key, tally: &Tally) {
        self.all.add(tally);
        match self.rows.place(key, ROOM).and_then(|place| self.rows.slot_mut(place)) {
            Some(slot) => slot.value.add(tally),
            None => self.other.add(tally),
        }
    }

    pub(crate) fn add_other(&mut self, tally: &Tally) {
        self.all.add(tally);
        self.other.add(tally);
    }

    /// Ends a tick: what was added since the last one counts from now on, and what is older than the window does not.
    pub fn tick(&mut self, now: u64) {
        self.tick += 1;
        self.lengths.push_back(now.saturating_sub(self.last));
        self.last = now;
        match self.window {
            Some(window) => {
                while self.lengths.len() as u64 > window {
                    self.lengths.pop_front();
                }
            }
            // Only the sum is wanted.
            None => {
                let sum = self.lengths.drain(..).sum();
                self.lengths.push_back(sum);
            }
        }
        let Self { tick, window, .. } = *self;
        let rows = self.rows.slots_mut().iter_mut().map(|slot| &mut slot.value);
        rows.chain([&mut self.other, &mut self.all]).for_each(|row| row.close(tick, window));
        // The least busy leave; of those that are idle, who is so the longest.
        for row in self.rows.keep_best(KEYS, |row| (row.counts.requests, row.last_busy())) {
            self.other.absorb(&row);
        }
    }

    /// All keys that had a request in the window, in no order.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let rows = self.rows.slots().iter().filter(|slot| slot.value.counts.requests > 0);
        rows.map(|slot| self.line(Some(&slot.key), &slot.value))
    }

    /// What there was no room for; none: everything had.
    #[must_use]
    pub fn other(&self) -> Option<Line<'_>> {
        (self.other.counts.requests > 0).then(|| self.line(None, &self.other))
    }

    /// All keys together.
    #[must_use]
    pub fn all(&self) -> Line<'_> {
        self.line(None, &self.all)
    }

    /// One key, though it may have had no request in the window.
    #[must_use]
    pub fn of(&self, key: &Key) -> Option<Line<'_>> {
        let slot = self.rows.slots().iter().find(|slot| slot.key == *key)?;
        Some(self.line(Some(&slot.key), &slot.value))
    }

    /// Responses whose request was not seen; no line has them.
    #[must_use]
    pub fn responses_alone(&self) -> u64 {
        self.responses_alone
    }

    /// How long the window is, seconds; less than it could be in the beginning.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.lengths.iter().sum::<u64>() as f64 / 1e9
    }

    fn line<'a>(&self, key: Option<&'a Key>, row: &'a Row) -> Line<'a> {
        // Before the first tick there is nothing to divide.
        let seconds = Some(self.seconds()).filter(|seconds| *seconds > 0.0).unwrap_or(1.0);
        let durations = &row.durations;
        Line {
            key,
            counts: &row.counts,
            rate: row.counts.requests as f64 / seconds,
            error_rate: row.counts.errors() as f64 / seconds,
            p50: durations.percentile(0.5),
            p95: durations.percentile(0.95),
            p99: durations.percentile(0.99),
            max: durations.max(),
            row,
            tick: self.tick,
        }
    }
}

#[cfg(test)]
mod tests;
