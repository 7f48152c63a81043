//! What this process uses. Takes nothing; gives CPU time and resident memory, as the kernel counts them.

use std::io::Read;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU time of all threads since the process began (clock_gettime(2), CLOCK_PROCESS_CPUTIME_ID).
pub(crate) fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let part = |number: i64| u64::try_from(number).unwrap_or_default();
    Duration::from_secs(part(time.tv_sec)) + Duration::from_nanos(part(time.tv_nsec))
}

/// Bytes of memory that are resident (proc_pid_status(5), VmRSS); capture rings are among them. None: the system does not tell.
pub(crate) fn resident() -> Option<u64> {
    let mut text = String::new();
    std::fs::File::open("/proc/self/status").ok()?.take(1 << 16).read_to_string(&mut text).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_time_and_memory_is_resident() {
        let before = cpu_time();
        let mut number = 1_u64;
        while cpu_time() < before + Duration::from_millis(2) {
            number = std::hint::black_box(number.wrapping_mul(3));
        }
        let resident = resident().unwrap();
        assert!(resident > 1 << 20 && resident < 1 << 40, "{resident}");
    }
}
