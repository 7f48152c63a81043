//! Who sent a datagram. The address that a call asks for is written only after the socket told what it gave, so the kernel is asked at the
//! place where it would let a policy change that address.
//!
//! Takes: the address that a call is about to get. Gives: it to the record of the same call.

use aya_ebpf::helpers::generated::bpf_get_current_task;
use aya_ebpf::programs::SockAddrContext;
use weir_ebpf_common::Record;

use crate::maps::SENDERS;
use crate::socket::widened;

/// The other end of a datagram.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Sender {
    address: [u8; 16],
    port: u16,
    unused: [u8; 6],
}

/// The present thread receives a datagram over IPv4.
#[inline(always)]
pub fn received_v4(context: &SockAddrContext) {
    // SAFETY: the kernel's own structure.
    let (address, port) = unsafe { ((*context.sock_addr).user_ip4, (*context.sock_addr).user_port) };
    remember(widened(address.to_ne_bytes()), port);
}

/// The present thread receives a datagram over a socket of IPv6; one of IPv4 has a mapped address (RFC 4291, 2.5.5.2).
#[inline(always)]
pub fn received_v6(context: &SockAddrContext) {
    // SAFETY: the kernel's own structure; it lets its words be read one by one.
    let (words, port) = unsafe {
        let address = &raw const (*context.sock_addr).user_ip6;
        let word = |index: usize| (address.cast::<u32>()).add(index).read_volatile();
        ([word(0), word(1), word(2), word(3)], (*context.sock_addr).user_port)
    };
    let mut address = [0; 16];
    for (place, word) in address.chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&word.to_ne_bytes());
    }
    remember(address, port);
}

#[inline(always)]
fn remember(address: [u8; 16], port: u32) {
    let sender = Sender { address, port: u16::from_be(port as u16), unused: [0; 6] };
    // SAFETY: takes nothing and can not fail.
    let thread = unsafe { bpf_get_current_task() };
    // Without room nobody knows the sender, and that is counted.
    let _ = SENDERS.insert(thread, sender, 0);
}

/// Writes who sent what the thread, by the address of its structure, receives.
#[inline(always)]
pub fn tell(thread: u64, record: &mut Record) {
    // SAFETY: of the present thread alone.
    if let Some(sender) = unsafe { SENDERS.get(thread) } {
        record.remote_address = sender.address;
        record.remote_port = sender.port;
        let _ = SENDERS.remove(thread);
    }
}
