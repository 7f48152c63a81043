//! The kernel's programs -> who empties their ring. Takes: the ring. Gives: a wait that ends when a program has put much into it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{Timespec, epoll};

/// Is told of each [`weir_ebpf_common::WAKE_BYTES`] of a processor's lane or of the ring, or what is less. The ring itself is ready as long
/// as it holds anything.
#[derive(Debug)]
pub(super) struct Wake(OwnedFd);

impl Wake {
    pub(super) fn of(ring: &impl AsFd) -> io::Result<Self> {
        let wake = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        // The edge: not before the kernel is told to wake somebody.
        epoll::add(&wake, ring, epoll::EventData::new_u64(0), epoll::EventFlags::IN | epoll::EventFlags::ET)?;
        Ok(Self(wake))
    }

    /// Until that happens, or so long. What happened before the call counts.
    pub(super) fn wait(&self, most: Duration) {
        let most = Timespec { tv_sec: most.as_secs().cast_signed(), tv_nsec: most.subsec_nanos().into() };
        let mut event =
            [epoll::Event { flags: epoll::EventFlags::empty(), data: epoll::EventData::new_u64(0) }];
        // A signal ends the wait early, which does no harm.
        let _ = epoll::wait(&self.0, &mut event, Some(&most));
    }
}

impl AsFd for Wake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
