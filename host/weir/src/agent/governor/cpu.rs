//! The rule for CPU time. Takes: cores that were used in a step, and the share. Gives: how many of sixteen parts of new flows are taken,
//! and of tracked flows kept.
//!
//! From [`BEGIN`] of the share on, one part less a step; above the share as many less as it is too much, [`FALL`] at most, for
//! what was taken already costs on for a while. When no new flow is taken and it is still too much for a second, a quarter of the
//! tracked flows is given up, each second. Below [`CALM`] of the share, one part more each half second.

use std::time::Duration;

use weir_pipeline::admission::PARTS;

/// Parts of the share: where it begins and where it ends; what lies between changes nothing.
const BEGIN: f64 = 0.9;
const CALM: f64 = 0.7;

/// Parts at once.
const FALL: u8 = 4;

/// How long it has to be calm for one part more, and too much for giving up flows.
const REST: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(1);

/// How much of the time before counts: half is forgotten in 0.2 s, so that one burst is not taken for load.
const MEMORY: f64 = 0.2;

/// The state of the rule.
#[derive(Debug)]
pub(super) struct Cpu {
    pub(super) admitted: u8,
    pub(super) kept: u8,
    /// Cores, without peaks.
    used: f64,
    /// Seconds.
    calm: f64,
    too_much: f64,
}

impl Default for Cpu {
    fn default() -> Self {
        Self { admitted: PARTS, kept: PARTS, used: 0.0, calm: 0.0, too_much: 0.0 }
    }
}

impl Cpu {
    /// A step of `took` seconds in which so many cores were used. Gives them without peaks.
    pub(super) fn step(&mut self, used: f64, took: f64, share: Option<f64>) -> f64 {
        let before = 0.5_f64.powf(took / MEMORY);
        self.used = self.used * before + used * (1.0 - before);
        let Some(share) = share else {
            *self = Self { used: self.used, ..Self::default() };
            return self.used;
        };
        let part = self.used / share;
        self.calm = if part < CALM { self.calm + took } else { 0.0 };
        self.too_much = if part > 1.0 && self.admitted == 0 { self.too_much + took } else { 0.0 };
        if part > BEGIN {
            let fitting = (f64::from(self.admitted) * BEGIN / part) as u8;
            let least = self.admitted.saturating_sub(if part > 1.0 { FALL } else { 1 });
            self.admitted = fitting.max(least).min(self.admitted.saturating_sub(1));
        } else if self.calm >= REST.as_secs_f64() && self.admitted < PARTS {
            (self.admitted, self.kept, self.calm) = (self.admitted + 1, PARTS, 0.0);
        }
        if self.too_much >= PATIENCE.as_secs_f64() {
            (self.kept, self.too_much) = (self.kept.saturating_sub(PARTS / 4), 0.0);
        }
        self.used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs against a load: cores for nothing, for each part of new flows, and for each part of tracked ones.
    fn run(cpu: &mut Cpu, seconds: u32, share: f64, (fixed, new, kept): (f64, f64, f64)) -> f64 {
        let mut sum = 0.0;
        let steps = seconds * 10;
        for _ in 0..steps {
            let used = fixed + new * f64::from(cpu.admitted) / 16.0 + kept * f64::from(cpu.kept) / 16.0;
            cpu.step(used, 0.1, Some(share));
            sum += used;
        }
        sum / f64::from(steps)
    }

    #[test]
    fn load_that_fits_is_left_alone_and_no_limit_is_none() {
        let mut cpu = Cpu::default();
        run(&mut cpu, 60, 1.0, (0.1, 0.75, 0.0));
        assert_eq!((cpu.admitted, cpu.kept), (16, 16));
        (0..100).for_each(|_| _ = cpu.step(50.0, 0.1, None));
        assert_eq!(cpu.admitted, 16);
    }

    #[test]
    fn new_flows_are_shed_until_it_fits_and_come_back() {
        for (share, load) in [(0.2, 1.0), (0.2, 2.0), (1.0, 1.5), (4.0, 30.0)] {
            let mut cpu = Cpu::default();
            run(&mut cpu, 3, share, (0.0, load, 0.0));
            let used = run(&mut cpu, 60, share, (0.0, load, 0.0));
            assert!(used > 0.4 * share && used <= share, "{used} of {share} at {load}");
            assert_eq!(cpu.kept, 16, "tracked flows are not touched");
            run(&mut cpu, 10, share, (0.0, 0.1 * share, 0.0));
            assert_eq!(cpu.admitted, 16, "{share} {load}");
        }
    }

    #[test]
    fn it_does_not_swing() {
        let mut cpu = Cpu::default();
        run(&mut cpu, 10, 1.0, (0.0, 1.6, 0.0));
        let mut seen = Vec::new();
        for _ in 0..300 {
            run(&mut cpu, 1, 1.0, (0.0, 1.6, 0.0));
            seen.push(cpu.admitted);
        }
        let (low, high) = (seen.iter().min().unwrap(), seen.iter().max().unwrap());
        assert!(high - low <= 1, "{low}..{high}");
    }

    #[test]
    fn tracked_flows_are_given_up_when_nothing_else_helps() {
        let mut cpu = Cpu::default();
        run(&mut cpu, 2, 1.0, (0.0, 0.5, 2.0));
        assert!(cpu.kept > 8, "new flows first");
        run(&mut cpu, 6, 1.0, (0.0, 0.5, 2.0));
        assert!(cpu.kept <= 8 && cpu.kept > 0, "{}", cpu.kept);
    }
}
