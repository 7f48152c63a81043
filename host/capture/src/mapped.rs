//! Memory that is shared with the kernel. Takes: a descriptor that has some. Gives: its words and bytes, and gives it back when it is dropped.
//!
//! One of the places with unsafe code (ARCHITECTURE.md): the kernel writes to what is borrowed here, so who borrows has to know when.
#![allow(unsafe_code)]

use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, AtomicU64};

/// The memory. It outlives its descriptor.
#[derive(Debug)]
pub(crate) struct Mapped {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the memory belongs to the process; who has this alone reads it, from whatever thread.
unsafe impl Send for Mapped {}

impl Mapped {
    /// The first `length` bytes, to be read and written.
    pub(crate) fn new(descriptor: BorrowedFd<'_>, length: usize) -> io::Result<Self> {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let descriptor = descriptor.as_raw_fd();
        // SAFETY: a new mapping at a place that the kernel chooses.
        let start = unsafe { libc::mmap(ptr::null_mut(), length, access, libc::MAP_SHARED, descriptor, 0) };
        match NonNull::new(start.cast()) {
            Some(memory) if start != libc::MAP_FAILED => Ok(Self { start: memory, length }),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// A word that both sides write.
    pub(crate) fn word(&self, at: usize) -> &AtomicU32 {
        let place = self.place::<AtomicU32>(at);
        // SAFETY: inside of the mapping and aligned; both sides write it as a whole word.
        unsafe { AtomicU32::from_ptr(place.cast()) }
    }

    /// A word of eight bytes that both sides write.
    pub(crate) fn long_word(&self, at: usize) -> &AtomicU64 {
        let place = self.place::<AtomicU64>(at);
        // SAFETY: as above.
        unsafe { AtomicU64::from_ptr(place.cast()) }
    }

    /// # Safety
    /// The kernel must leave these bytes alone while they are borrowed.
    pub(crate) unsafe fn bytes(&self, range: Range<usize>) -> &[u8] {
        assert!(range.start <= range.end && range.end <= self.length, "bytes of the mapping");
        // SAFETY: inside of the mapping; the rest is the caller's.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().add(range.start), range.len()) }
    }

    fn place<T>(&self, at: usize) -> *mut u8 {
        let is_inside = self.length.checked_sub(size_of::<T>()).is_some_and(|last| at <= last);
        assert!(is_inside && at.is_multiple_of(align_of::<T>()), "a word of the mapping");
        // SAFETY: inside of the mapping.
        unsafe { self.start.as_ptr().add(at) }
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this length and nobody borrows from it.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
    }
}
