//! What the programs in the kernel have written -> records in the order of their times.
//!
//! Takes: the lanes of the processors, and the ring for what finds no room there. Gives: one record after the other. Does not do: looking at
//! more of a record than its time; a record that a program has begun before the look and ends after it comes with the next one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use aya::maps::{MapData, RingBuf};
use weir_ebpf_common::Record;

use super::lanes::Lanes;

/// The ring.
pub(super) trait Ring {
    /// Moves the next record to the end of `record`, if there is one.
    fn take(&mut self, record: &mut Vec<u8>);
}

impl Ring for RingBuf<MapData> {
    fn take(&mut self, record: &mut Vec<u8>) {
        if let Some(item) = self.next() {
            record.extend_from_slice(&item);
        }
    }
}

/// All that is to be read.
#[derive(Debug)]
pub(super) struct Records<R> {
    lanes: Lanes,
    ring: R,
    /// The ring's next record; empty: it was not taken yet.
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
            let others = self.next.peek().map_or(until, |Reverse((time, _))| until.min(*time));
            // As long as no other source has an earlier one.
            loop {
                let wants_more = self.peek(source).is_none_or(&mut take);
                self.advance(source);
                if !wants_more {
                    return false;
                }
                if self.time(source).is_none_or(|time| time > others) {
                    break;
                }
            }
            self.queue(source);
        }
        true
    }

    fn queue(&mut self, source: usize) {
        if let Some(time) = self.time(source) {
            self.next.push(Reverse((time, source)));
        }
    }

    /// Of the next record.
    fn time(&mut self, source: usize) -> Option<u64> {
        if self.is_ring(source) && self.of_ring.is_empty() {
            self.ring.take(&mut self.of_ring);
        }
        // Who takes records counts what is too short for a time, too.
        self.peek(source).map(|record| Record::time_of(record).unwrap_or(0))
    }

    fn peek(&self, source: usize) -> Option<&[u8]> {
        if !self.is_ring(source) {
            return self.lanes.peek(source);
        }
        Some(self.of_ring.as_slice()).filter(|record| !record.is_empty())
    }

    fn advance(&mut self, source: usize) {
        if self.is_ring(source) {
            self.of_ring.clear();
        } else {
            self.lanes.advance(source);
        }
    }

    fn is_ring(&self, source: usize) -> bool {
        source == self.lanes.number()
    }
}

#[cfg(test)]
mod tests;
