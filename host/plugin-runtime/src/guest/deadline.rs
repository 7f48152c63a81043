//! When a call has taken too long.
//!
//! Takes: ticks that passed by the wall clock. Gives: go on, or interrupt. A worker that the machine did not let run (a busy
//! box, a paused virtual machine) is not the plugin's fault, so the second half of a deadline is counted in CPU time of
//! the thread; reading that is a system call and happens only for calls that took long already.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use wasmtime::UpdateDeadline;

use crate::runtime::ticks;

pub(super) struct Deadline {
    half: Duration,
    /// Of the call that goes on.
    budget: Duration,
    /// CPU time of the thread when the first half had passed.
    mark: Option<Duration>,
}

impl Deadline {
    pub(super) fn new(deadline: Duration) -> Self {
        let half = deadline / 2;
        Self { half, budget: half, mark: None }
    }

    /// A call begins; gives the ticks until it is looked at.
    pub(super) fn begin(&mut self) -> u64 {
        self.mark = None;
        self.budget = self.half;
        ticks(self.half)
    }

    /// The call that was begun may take so many deadlines.
    pub(super) fn extend(&mut self, deadlines: u32) -> u64 {
        self.budget = self.half.saturating_mul(deadlines);
        ticks(self.budget)
    }

    pub(super) fn reached(&mut self) -> UpdateDeadline {
        let now = thread_cpu_time();
        let mark = *self.mark.get_or_insert(now);
        match self.budget.checked_sub(now.saturating_sub(mark)) {
            Some(left) if !left.is_zero() => UpdateDeadline::Continue(ticks(left)),
            _ => UpdateDeadline::Interrupt,
        }
    }
}

fn thread_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}
