//! What this process itself costs. Takes the system's counters, gives processor time and memory.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Between two looks.
#[derive(Debug)]
pub(super) struct Usage {
    then: Instant,
    used: Duration,
    /// Parts of a hundred of one processor.
    pub(super) cpu: f64,
    /// Resident bytes.
    pub(super) memory: u64,
}

impl Usage {
    pub(super) fn new() -> Self {
        Self { then: Instant::now(), used: used(), cpu: 0.0, memory: resident() }
    }

    /// Looks again.
    pub(super) fn look(&mut self) {
        let (now, used) = (Instant::now(), used());
        let elapsed = now.duration_since(self.then).as_secs_f64();
        if elapsed > 0.0 {
            self.cpu = 100.0 * used.saturating_sub(self.used).as_secs_f64() / elapsed;
        }
        (self.then, self.used, self.memory) = (now, used, resident());
    }
}

/// Processor time of all threads (clock_gettime(2)).
fn used() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The second number of statm (proc_pid_statm(5)) is resident pages.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0);
    pages * rustix::param::page_size() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_seen() {
        let mut usage = Usage::new();
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(30) {
            std::hint::black_box(began);
        }
        usage.look();
        assert!(usage.cpu > 1.0 && usage.memory > 1 << 20, "{usage:?}");
    }
}
