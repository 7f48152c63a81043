//! The kernel's time of a record -> time since 1970.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often the two clocks are compared: a clock that is slewed by half a thousandth is wrong by half a millisecond then.
const COMPARE: Duration = Duration::from_secs(1);

/// `CLOCK_MONOTONIC` against `CLOCK_REALTIME`.
#[derive(Debug)]
pub(super) struct Clock {
    offset: i128,
    next: Instant,
}

impl Clock {
    pub(super) fn now() -> Self {
        Self { offset: offset(), next: Instant::now() + COMPARE }
    }

    pub(super) fn keep_up(&mut self, now: Instant) {
        if now >= self.next {
            *self = Self { offset: offset(), next: now + COMPARE };
        }
    }

    /// Nanoseconds since 1970.
    pub(super) fn time(&self, monotonic: u64) -> u64 {
        u64::try_from(i128::from(monotonic) + self.offset).unwrap_or_default()
    }
}

/// `CLOCK_MONOTONIC`, nanoseconds.
pub(super) fn monotonic() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

fn offset() -> i128 {
    // A clock before 1970 tells nothing.
    let real = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    real.as_nanos() as i128 - i128::from(monotonic())
}
