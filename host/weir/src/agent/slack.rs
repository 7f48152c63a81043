//! Timers that may fire somewhat late. Takes: the thread from which all others come. Gives: fewer moments at which a processor has to wake.
//!
//! A processor that is often idle, as the one of an observed server's clients, is woken without an interrupt for as long as it has no
//! timer that is due soon (docs/adr/0007). A timer that may be late fires with the processor's next tick when something runs there, and is
//! never due soon.

use std::num::NonZeroU64;

/// Nanoseconds: two of the kernel's longest ticks (`CONFIG_HZ=100`). Nothing in an agent minds: what comes soonest are deadlines of
/// plugins, which are looked at each 50 ms.
const SLACK: NonZeroU64 = NonZeroU64::new(20_000_000).unwrap();

/// Lets timers of this thread, and of those that it begins from now on, be late (prctl(2), `PR_SET_TIMERSLACK`).
pub(super) fn allow_late_timers() {
    // Where the kernel does not let it, they are on time.
    let _ = rustix::thread::set_current_timer_slack(Some(SLACK));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_begin_later_have_it_too() {
        let slack = std::thread::spawn(|| {
            allow_late_timers();
            std::thread::spawn(rustix::thread::current_timer_slack).join().expect("no panic")
        });
        assert_eq!(slack.join().expect("no panic").expect("prctl"), SLACK.get());
    }
}
