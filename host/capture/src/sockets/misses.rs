//! Calls that the kernel did not show to the programs.
//!
//! Takes: programs. Gives: how often the kernel left them out. It runs a program once at a time on each processor. Up to Linux 6.18 nothing
//! comes between; on later ones (seen on 7.3) a program at a tracepoint may lose its processor to another thread, whose calls there are
//! then left out until the first one goes on. At sockets a second program tells them in its place, unless it is left out too.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use aya::Ebpf;

/// Programs that may be left out; open, so that the count stays when they are taken away.
pub(super) struct Misses(Vec<OwnedFd>);

impl Misses {
    /// Of all that were handed to the kernel; calls that the second ones were not shown are told by the first.
    pub(super) fn of(programs: &Ebpf) -> Self {
        let first = programs.programs().filter(|(name, _)| !name.ends_with("_again"));
        let loaded = first.filter_map(|(_, program)| program.fd().ok());
        Self(loaded.filter_map(|program| program.as_fd().try_clone_to_owned().ok()).collect())
    }

    /// How often so far; 0 where the kernel does not say (before Linux 5.12).
    pub(super) fn count(&self) -> u64 {
        self.0.iter().map(count).sum()
    }
}

/// As proc_pid_fdinfo(5) has it of a program.
fn count(program: &OwnedFd) -> u64 {
    let path = format!("/proc/self/fdinfo/{}", program.as_raw_fd());
    let told = std::fs::read_to_string(path).unwrap_or_default();
    told.lines().find_map(|line| line.strip_prefix("recursion_misses:")?.trim().parse().ok()).unwrap_or(0)
}
