//! The rule for memory. Takes: bytes that are resident, and the share. Gives: what is left of the limits that bound memory (room), and
//! how many of sixteen parts of new flows are taken.
//!
//! Between [`BEGIN`] of the share and the share, room falls from sixteen parts to one in proportion, at once. Above the share new
//! flows are refused, [`FALL`] parts more each step. Both come back by one part a second when less is resident: memory that was
//! freed is not at once what the system calls free.

use weir_pipeline::admission::PARTS;

/// Part of the share.
const BEGIN: f64 = 0.85;

/// Above this part nothing comes back.
const CALM: f64 = 0.97;

/// Parts at once.
const FALL: u8 = 2;

/// Seconds for one part more.
const REST: f64 = 1.0;

/// The state of the rule.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) admitted: u8,
    pub(super) room: u8,
    /// Seconds since something came back.
    waited: f64,
}

impl Default for Memory {
    fn default() -> Self {
        Self { admitted: PARTS, room: PARTS, waited: 0.0 }
    }
}

impl Memory {
    /// A step of `took` seconds; resident bytes and the share, when there is one.
    pub(super) fn step(&mut self, resident: Option<(u64, u64)>, took: f64) {
        let Some((resident, share)) = resident else {
            *self = Self::default();
            return;
        };
        let part = resident as f64 / share.max(1) as f64;
        let free = ((1.0 - part) / (1.0 - BEGIN)).clamp(0.0, 1.0);
        let room = ((f64::from(PARTS) * free).ceil() as u8).clamp(1, PARTS);
        self.waited += took;
        let may_rise = self.waited >= REST;
        if room < self.room {
            self.room = room;
        } else if may_rise && room > self.room {
            (self.room, self.waited) = (self.room + 1, 0.0);
        }
        if part > 1.0 {
            self.admitted = self.admitted.saturating_sub(FALL);
        } else if may_rise && part < CALM && self.admitted < PARTS {
            (self.admitted, self.waited) = (self.admitted + 1, 0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(memory: &mut Memory, steps: u32, percent: u64) -> (u8, u8) {
        (0..steps).for_each(|_| memory.step(Some((percent << 20, 100 << 20)), 0.1));
        (memory.room, memory.admitted)
    }

    #[test]
    fn tables_shrink_first_and_then_flows_are_refused() {
        let mut memory = Memory::default();
        assert_eq!(run(&mut memory, 10, 84), (16, 16));
        assert_eq!(run(&mut memory, 1, 90), (11, 16));
        assert_eq!(run(&mut memory, 1, 100), (1, 16));
        assert_eq!(run(&mut memory, 3, 105), (1, 10));
        assert_eq!(run(&mut memory, 30, 105), (1, 0));
    }

    #[test]
    fn they_come_back_slowly_and_without_a_limit_at_once() {
        let mut memory = Memory::default();
        run(&mut memory, 30, 120);
        assert_eq!(run(&mut memory, 50, 98).1, 0, "too near");
        let (room, admitted) = run(&mut memory, 40, 50);
        assert!((6..=8).contains(&room) && (3..=6).contains(&admitted), "{room} {admitted}");
        assert_eq!(run(&mut memory, 400, 50), (16, 16));
        run(&mut memory, 30, 120);
        memory.step(None, 0.1);
        assert_eq!((memory.room, memory.admitted), (16, 16));
    }
}
