//! What the programs in the kernel have written -> records in the order of their times.
//!
//! Takes: the lanes of the processors, and the ring for what finds no room there. Gives: one record after the other. Does not do: looking at
//! more of a record than its time; a record that a program has begun before the look and ends after it comes with the next one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Deref;

use aya::maps::{MapData, RingBuf};
use weir_ebpf_common::Record;

use super::lanes::Lanes;

/// The ring.
pub(super) trait Ring {
    /// The next record, which is gone afterwards.
    fn next(&mut self) -> Option<impl Deref<Target = [u8]>>;
}

impl Ring for RingBuf<MapData> {
    fn next(&mut self) -> Option<impl Deref<Target = [u8]>> {
        Self::next(self)
    }
}

/// All that is to be read.
#[derive(Debug)]
pub(super) struct Records<R> {
    lanes: Lanes,
    ring: R,
    /// The ring's next record, where it had to be taken for its time though others come before; empty: it was not.
    of_ring: Vec<u8>,
    /// Time and source of the next record of each source that has one: a lane by its number, or behind them all the ring.
    next: BinaryHeap<Reverse<(u64, usize)>>,
}

impl<R: Ring> Records<R> {
    pub(super) fn new(lanes: Lanes, ring: R) -> Self {
        Self { lanes, ring, of_ring: Vec::new(), next: BinaryHeap::new() }
    }

    /// Gives each record with a time up to `until`, as long as `take` says that it wants more. `false`: it does not.
    pub(super) fn read(&mut self, until: u64, take: impl FnMut(&[u8]) -> bool) -> bool {
        self.lanes.look();
        self.next.clear();
        for source in 0..=self.lanes.number() {
            self.queue(source);
        }
        let is_all = self.merge(until, take);
        self.lanes.give_back();
        is_all
    }

    fn merge(&mut self, until: u64, mut take: impl FnMut(&[u8]) -> bool) -> bool {
        while let Some(Reverse((time, source))) = self.next.pop()
            && time <= until
        {
            // As long as no other source has an earlier one.
            let others = self.next.peek().map_or(until, |Reverse((time, _))| until.min(*time));
            let wants_more = if source == self.lanes.number() {
                self.give_of_ring(others, &mut take)
            } else {
                self.give_of_lane(source, others, &mut take)
            };
            if !wants_more {
                return false;
            }
            self.queue(source);
        }
        true
    }

    fn give_of_lane(&mut self, lane: usize, until: u64, take: &mut impl FnMut(&[u8]) -> bool) -> bool {
        while let Some(record) = self.lanes.peek(lane).filter(|record| time(record) <= until) {
            let wants_more = take(record);
            self.lanes.advance(lane);
            if !wants_more {
                return false;
            }
        }
        true
    }

    fn give_of_ring(&mut self, until: u64, take: &mut impl FnMut(&[u8]) -> bool) -> bool {
        let wants_more = take(&self.of_ring);
        self.of_ring.clear();
        if !wants_more {
            return false;
        }
        while let Some(record) = self.ring.next() {
            if time(&record) > until {
                self.of_ring.extend_from_slice(&record);
                break;
            }
            if !take(&record) {
                return false;
            }
        }
        true
    }

    /// Puts the source where the time of its next record says, if it has one.
    fn queue(&mut self, source: usize) {
        let next = if source < self.lanes.number() {
            self.lanes.peek(source)
        } else {
            if self.of_ring.is_empty()
                && let Some(record) = self.ring.next()
            {
                self.of_ring.extend_from_slice(&record);
            }
            Some(self.of_ring.as_slice()).filter(|record| !record.is_empty())
        };
        if let Some(record) = next {
            self.next.push(Reverse((time(record), source)));
        }
    }
}

/// What is too short for a time comes at once: who takes records counts it.
fn time(record: &[u8]) -> u64 {
    Record::time_of(record).unwrap_or(0)
}

#[cfg(test)]
mod tests;
