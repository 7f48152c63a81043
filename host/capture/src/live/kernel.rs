//! The kernel's side of live capture: packet sockets, their rings, the list of interfaces, network namespaces.
//!
//! Takes: what is to be captured. Gives: packets that borrow from the ring. Does not do: deciding what is captured, copying.
//!
//! One of the places with unsafe code (ARCHITECTURE.md), this file and its folder: system calls that no safe crate of the
//! project's dependencies has, and memory that is shared with the kernel. What is in that memory is read in [`packets`], without
//! unsafe code.

mod namespace;
mod packets;
mod ring;
mod socket;

pub use self::namespace::enter_namespace;
pub(super) use self::namespace::interfaces;
pub(super) use self::packets::Packet;
pub(super) use self::ring::{Ring, RingOptions, poll};
