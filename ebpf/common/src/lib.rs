//! What the programs in the kernel and their loader agree on.
//!
//! Takes and gives nothing: types and numbers alone. All types are `repr(C)` without padding.
#![no_std]
#![forbid(unsafe_code)]

/// Places in the array `COUNTERS`.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// System calls that ended, on all processors.
    Calls = 0,
}

impl Counter {
    /// Every place, in order.
    pub const ALL: [Self; 1] = [Self::Calls];
}
