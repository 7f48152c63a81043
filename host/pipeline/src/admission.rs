//! Which new flows are taken when there is more traffic than may be worked for.
//!
//! Takes: how many sixteenths of all flows are wanted. Gives: an answer for a new flow, by a hash of its key, so that a flow is
//! taken whole or not at all. Does not do: measure anything, decide how many.

use crate::limits::SECOND;
use crate::stats::Stats;

/// Flows are divided into so many parts.
pub const PARTS: u8 = 16;

/// How long a TCP connection whose part was refused is not joined in its middle, nanoseconds of capture time. A short one ends in
/// that time and is never told by halves; a pool's connection to its database lives for days and comes back.
const REJOIN: u64 = 60 * SECOND;

/// How many of the sixteen parts of new flows are taken, by what limits them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// As many as there is CPU time for.
    pub cpu: u8,
    /// As many as there is memory for.
    pub memory: u8,
}

impl Default for Admission {
    fn default() -> Self {
        Self { cpu: PARTS, memory: PARTS }
    }
}

/// The gate that new flows come through.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Parts below this one come through.
    open: u8,
    /// The latest reason.
    memory: bool,
    /// By part: until when connections without their beginning are refused.
    rejoin: [u64; PARTS as usize],
    /// The latest of them.
    quiet_until: u64,
}

impl Default for Gate {
    fn default() -> Self {
        Self { open: PARTS, memory: false, rejoin: [0; PARTS as usize], quiet_until: 0 }
    }
}

impl Gate {
    pub(crate) fn set(&mut self, admission: Admission, now: u64) {
        let open = admission.cpu.min(admission.memory).min(PARTS);
        if open < PARTS {
            self.memory = admission.memory < admission.cpu;
        }
        for part in self.open..open {
            let until = now.saturating_add(REJOIN);
            if let Some(rejoin) = self.rejoin.get_mut(usize::from(part)) {
                *rejoin = until;
            }
            self.quiet_until = until;
        }
        self.open = open;
    }

    /// Everybody comes through.
    #[inline]
    pub(crate) fn is_open(&self, now: u64) -> bool {
        self.open == PARTS && now >= self.quiet_until
    }

    /// Whether a flow of this part stays outside. `begins`: it is a datagram, or a connection that is seen from its beginning.
    pub(crate) fn refuses(&self, part: u8, begins: bool, now: u64) -> bool {
        let late = || !begins && self.rejoin.get(usize::from(part)).is_some_and(|until| now < *until);
        part >= self.open || late()
    }

    /// `is_beginning`: of a connection, so that it is counted once however many segments follow.
    pub(crate) fn count(&self, is_beginning: bool, stats: &mut Stats) {
        let (flows, segments) = if self.memory {
            (&mut stats.memory_limit, &mut stats.memory_limit_segments)
        } else {
            (&mut stats.cpu_limit, &mut stats.cpu_limit_segments)
        };
        *flows += u64::from(is_beginning);
        *segments += 1;
    }
}

/// The part that a flow is in; `hash` is its key's, with a secret that nobody outside knows.
pub(crate) fn part(hash: u64) -> u8 {
    // Bits that neither the table's buckets nor its tags are made of.
    (hash >> 40) as u8 % PARTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_was_refused_is_joined_only_at_its_beginning_for_a_minute() {
        let mut gate = Gate::default();
        assert!(gate.is_open(0));
        gate.set(Admission { cpu: 4, memory: 16 }, 0);
        assert!(!gate.is_open(0));
        assert!(!gate.refuses(3, false, 0) && gate.refuses(4, true, 0));
        gate.set(Admission::default(), SECOND);
        assert!(!gate.is_open(SECOND), "late ones are still looked at");
        assert!(!gate.refuses(4, true, SECOND) && gate.refuses(4, false, SECOND));
        assert!(!gate.refuses(3, false, SECOND), "it was never refused");
        assert!(gate.is_open(SECOND + REJOIN) && !gate.refuses(4, false, SECOND + REJOIN));
    }

    #[test]
    fn drops_are_counted_by_the_reason_that_is_stronger() {
        let (mut gate, mut stats) = (Gate::default(), Stats::default());
        gate.set(Admission { cpu: 8, memory: 2 }, 0);
        gate.count(true, &mut stats);
        gate.count(false, &mut stats);
        gate.set(Admission { cpu: 8, memory: 16 }, 0);
        gate.count(true, &mut stats);
        assert_eq!((stats.memory_limit, stats.memory_limit_segments), (1, 2));
        assert_eq!((stats.cpu_limit, stats.cpu_limit_segments), (1, 1));
    }
}
