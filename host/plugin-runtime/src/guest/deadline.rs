//! When a call has taken too long.
//!
//! Takes: ticks that passed by the wall clock. Gives: go on, or interrupt. A worker that the machine did not let run (a busy
//! box, a paused virtual machine) is not the plugin's fault, so the second half of a deadline is counted in CPU time of
//! the thread; reading that is a system call and happens only for calls that took long already. A call is looked at when a tick
//! has passed, which is half a deadline, so it may take twice its deadline.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use wasmtime::UpdateDeadline;

/// How far apart ticks are, for deadlines of this length. Shorter ticks would tell sooner that a plugin hangs, which hardly ever happens,
/// and cost the programs that are observed (see `runtime::ticker`), which they always do.
pub(crate) fn tick(deadline: Duration) -> Duration {
    (deadline / 2).max(Duration::from_millis(1))
}

pub(super) struct Deadline {
    tick: Duration,
    /// Of the call that goes on.
    budget: Duration,
    /// CPU time of the thread when the first half had passed.
    mark: Option<Duration>,
}

impl Deadline {
    pub(super) fn new(deadline: Duration) -> Self {
        let tick = tick(deadline);
        Self { tick, budget: tick, mark: None }
    }

    /// A call begins; gives the ticks until it is looked at.
    pub(super) fn begin(&mut self) -> u64 {
        self.mark = None;
        self.extend(1)
    }

    /// The call that was begun may take so many deadlines.
    pub(super) fn extend(&mut self, deadlines: u32) -> u64 {
        self.budget = self.tick.saturating_mul(deadlines);
        // One more for the tick that is under way.
        u64::from(deadlines) + 1
    }

    pub(super) fn reached(&mut self) -> UpdateDeadline {
        let now = thread_cpu_time();
        let mark = *self.mark.get_or_insert(now);
        match self.budget.checked_sub(now.saturating_sub(mark)) {
            // It is a tick that has just begun.
            Some(left) if !left.is_zero() => {
                UpdateDeadline::Continue(left.as_nanos().div_ceil(self.tick.as_nanos()) as u64)
            }
            _ => UpdateDeadline::Interrupt,
        }
    }
}

fn thread_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Works until the thread has had so much of a processor.
    fn work(time: Duration) {
        let until = thread_cpu_time() + time;
        while thread_cpu_time() < until {}
    }

    #[test]
    fn the_second_half_is_of_the_threads_own_time() {
        let tick = Duration::from_millis(10);
        let mut deadline = Deadline::new(2 * tick);
        assert_eq!(deadline.begin(), 2);
        // It waited meanwhile, which is not its work.
        std::thread::sleep(3 * tick);
        assert!(matches!(deadline.reached(), UpdateDeadline::Continue(1)));
        std::thread::sleep(3 * tick);
        assert!(matches!(deadline.reached(), UpdateDeadline::Continue(1)));
        work(tick);
        assert!(matches!(deadline.reached(), UpdateDeadline::Interrupt));
    }

    #[test]
    fn what_is_many_calls_may_take_as_much_longer() {
        let tick = Duration::from_millis(10);
        let mut deadline = Deadline::new(2 * tick);
        deadline.begin();
        assert_eq!(deadline.extend(8), 9);
        assert!(matches!(deadline.reached(), UpdateDeadline::Continue(8)));
        work(2 * tick);
        // Six are left, of which one has begun.
        assert!(matches!(deadline.reached(), UpdateDeadline::Continue(6)));
        work(6 * tick);
        assert!(matches!(deadline.reached(), UpdateDeadline::Interrupt));
        // The next one begins anew.
        assert_eq!(deadline.begin(), 2);
        assert!(matches!(deadline.reached(), UpdateDeadline::Continue(1)));
    }
}
