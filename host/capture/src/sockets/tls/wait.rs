//! Waiting for the kernel. Takes: a descriptor, a time. One of the places with unsafe code (ARCHITECTURE.md): one system call, for which
//! rustix would need a feature that nothing else here does.
#![allow(unsafe_code)]

use std::os::fd::AsRawFd;
use std::time::Duration;

/// Until there is something to read, for `longest` at most; a signal may end it early.
pub(super) fn until_readable(descriptor: &impl AsRawFd, longest: Duration) {
    let mut one = libc::pollfd { fd: descriptor.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    let longest = i32::try_from(longest.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: one descriptor, which its owner holds open meanwhile.
    unsafe { libc::poll(&raw mut one, 1, longest) };
}
