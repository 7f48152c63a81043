//! When a plugin that keeps breaking is left alone for a while.
//!
//! Takes: faults with their event time. Gives: whether a call may be made. All times are event times, so a replay behaves
//! as the live capture did.

use std::time::Duration;

use weir_pipeline::parse::parser::{FaultKind, PluginFault};

use crate::limits::Limits;

/// Nanoseconds by which a refused `check` moves the time on: for callers that do not tell it there would be no other end
/// of a quarantine. A hundred connections for the first second.
pub(super) const REFUSED_CHECK: u64 = 10_000_000;
/// The same for a refused batch, which does tell the time: only for captures in which it jumped ahead and came back.
pub(super) const REFUSED_BATCH: u64 = 100_000;

pub(super) struct Breaker {
    allowed: u32,
    window: u64,
    first: u64,
    longest: u64,
    /// Faults since `began`.
    faults: u32,
    began: u64,
    /// End of the quarantine.
    until: u64,
    /// How long the last one was; 0 when there was none or it is forgiven.
    last: u64,
}

impl Breaker {
    pub(super) fn new(limits: &Limits) -> Self {
        let nanoseconds = |duration: Duration| duration.as_nanos() as u64;
        Self {
            allowed: limits.faults,
            window: nanoseconds(limits.fault_window),
            first: nanoseconds(limits.first_quarantine),
            longest: nanoseconds(limits.longest_quarantine),
            faults: 0,
            began: 0,
            until: 0,
            last: 0,
        }
    }

    #[inline]
    pub(super) fn admit(&self, time: u64) -> Result<(), PluginFault> {
        if time >= self.until { Ok(()) } else { Err(self.refusal(time)) }
    }

    #[cold]
    fn refusal(&self, time: u64) -> PluginFault {
        let left = Duration::from_nanos(self.until - time);
        PluginFault { kind: FaultKind::Quarantined, detail: format!("for {left:.1?} more") }
    }

    /// Counts a fault; true when it was one too many.
    pub(super) fn fault(&mut self, time: u64) -> bool {
        if time >= self.began.saturating_add(self.window) {
            (self.began, self.faults, self.last) = (time, 0, 0);
        }
        self.faults += 1;
        if self.faults < self.allowed {
            return false;
        }
        self.last = if self.last == 0 { self.first } else { self.last.saturating_mul(2).min(self.longest) };
        self.until = time.saturating_add(self.last);
        // Then it is on probation for one window: the next fault is one too many again.
        (self.began, self.faults) = (self.until, self.allowed.saturating_sub(1));
        true
    }

    /// Length of the last quarantine.
    pub(super) fn quarantine(&self) -> Duration {
        Duration::from_nanos(self.last)
    }

    /// What time it is after a call was refused, never later than the end of the quarantine.
    pub(super) fn refused(&self, time: u64, by: u64) -> u64 {
        time.saturating_add(by).min(self.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;
    /// Some day in 2026.
    const T: u64 = 1_790_000_000 * SECOND;

    fn breaker() -> Breaker {
        Breaker::new(&Limits::default())
    }

    fn length(breaker: &Breaker) -> u64 {
        breaker.quarantine().as_secs()
    }

    #[test]
    fn five_in_a_window() {
        let mut breaker = breaker();
        for n in 0..4 {
            assert!(!breaker.fault(T + n * SECOND));
            assert!(breaker.admit(T + n * SECOND).is_ok());
        }
        assert!(breaker.fault(T + 4 * SECOND));
        assert_eq!(breaker.admit(T + 4 * SECOND).unwrap_err().kind, FaultKind::Quarantined);
        assert!(breaker.admit(T + 5 * SECOND - 1).is_err());
        assert!(breaker.admit(T + 5 * SECOND).is_ok());
    }

    #[test]
    fn one_a_minute_is_borne() {
        let mut breaker = breaker();
        for n in 0..1000 {
            assert!(!breaker.fault(T + n * 60 * SECOND), "fault {n}");
        }
    }

    #[test]
    fn doubles_up_to_five_minutes() {
        let mut breaker = breaker();
        let mut time = T;
        let mut lengths = Vec::new();
        for _ in 0..4 {
            breaker.fault(time);
        }
        for _ in 0..11 {
            assert!(breaker.fault(time), "on probation one fault is enough");
            lengths.push(length(&breaker));
            time += length(&breaker) * SECOND;
        }
        assert_eq!(lengths, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    }

    #[test]
    fn a_quiet_window_forgives() {
        let mut breaker = breaker();
        for _ in 0..6 {
            breaker.fault(T);
        }
        assert_eq!(length(&breaker), 2);
        let later = T + 70 * SECOND;
        for _ in 0..4 {
            assert!(!breaker.fault(later));
        }
        assert!(breaker.fault(later));
        assert_eq!(length(&breaker), 1);
    }

    #[test]
    fn refused_checks_end_it_too() {
        let mut breaker = breaker();
        for _ in 0..5 {
            breaker.fault(T);
        }
        let mut time = T;
        for _ in 0..100 {
            assert!(breaker.admit(time).is_err());
            time = breaker.refused(time, REFUSED_CHECK);
        }
        assert!(breaker.admit(time).is_ok());
        assert_eq!(breaker.refused(time, REFUSED_CHECK), T + SECOND, "never beyond the quarantine");
    }

    #[test]
    fn times_at_the_end_of_numbers() {
        let mut breaker = breaker();
        for _ in 0..20 {
            breaker.fault(u64::MAX);
        }
        let _ = breaker.admit(u64::MAX);
    }
}
