//! Both ends of a datagram that a thread receives, where its socket does not know them: it has no fixed peer, and most servers bind it to no
//! address. The kernel looks at the packet for the last time where it has copied it to the program, before the socket tells what it gave.
//! Where no program may be placed there, the kernel is asked at the place where it would let a policy change the sender's address,
//! which it does for programs that want to know it.
//!
//! Takes: the socket and the packet, or the address that a call is about to get. Gives: them to the record of the same call.

use aya_ebpf::helpers::generated::bpf_get_current_task;
use aya_ebpf::programs::SockAddrContext;
use weir_ebpf_common::{Record, WILDCARD};

use crate::kernel::read;
use crate::maps::ENDS;
use crate::socket::widened;
use crate::trusted::{Packet, Trusted};

/// The ends of the datagram that a thread received last.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Ends {
    /// Address of the `struct sock`, as the thread may go on with another one; 0 where that is not known.
    socket: usize,
    /// Zero where it is not known.
    local: [u8; 16],
    remote: [u8; 16],
    remote_port: u16,
    unused: [u8; 6],
}

/// The present thread has received this packet.
#[inline(always)]
pub fn received(socket: Trusted, packet: Packet) {
    if socket.has_peer() {
        return;
    }
    if let Some(ends) = ends_of(socket, packet) {
        remember(ends);
    }
}

#[inline(always)]
fn remember(ends: Ends) {
    // SAFETY: takes nothing and can not fail.
    let thread = unsafe { bpf_get_current_task() };
    // Without room nobody knows the sender, and that is counted.
    let _ = ENDS.insert(thread, ends, 0);
}

#[inline(always)]
fn ends_of(socket: Trusted, packet: Packet) -> Option<Ends> {
    // A UDP header begins with the port of who sent it (RFC 768).
    let remote_port = u16::from_be(read(packet.transport_header())?);
    let header = packet.network_header();
    let version = read::<u8>(header)? >> 4;
    let (remote, local) = if version == 4 {
        // RFC 791, 3.1: source and destination.
        let [source, destination]: [[u8; 4]; 2] = read(header + 12)?;
        if socket.is_v4() {
            (widened(source), widened(destination))
        } else {
            (mapped(source), mapped(destination))
        }
    } else {
        // RFC 8200, 3.
        let [source, destination]: [[u8; 16]; 2] = read(header + 8)?;
        (source, destination)
    };
    Some(Ends { socket: socket.0 as usize, local, remote, remote_port, unused: [0; 6] })
}

/// The present thread receives a datagram over IPv4, and wants to know its sender.
#[inline(always)]
pub fn sender_v4(context: &SockAddrContext) {
    // SAFETY: the kernel's own structure.
    let (address, port) = unsafe { ((*context.sock_addr).user_ip4, (*context.sock_addr).user_port) };
    remember(Ends::of_sender(widened(address.to_ne_bytes()), port));
}

/// The same over a socket of IPv6; one of IPv4 has a mapped address.
#[inline(always)]
pub fn sender_v6(context: &SockAddrContext) {
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
    remember(Ends::of_sender(address, port));
}

impl Ends {
    #[inline(always)]
    fn of_sender(remote: [u8; 16], port: u32) -> Self {
        let remote_port = u16::from_be(port as u16);
        Self { socket: 0, local: [0; 16], remote, remote_port, unused: [0; 6] }
    }
}

/// As a socket of IPv6 has one of IPv4 (RFC 4291, 2.5.5.2).
#[inline(always)]
fn mapped([a, b, c, d]: [u8; 4]) -> [u8; 16] {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
}

/// Writes the ends of what the thread, by the address of its structure, received on this socket.
#[inline(always)]
pub fn tell(thread: u64, socket: Trusted, record: &mut Record) {
    // SAFETY: of the present thread alone.
    let Some(ends) = (unsafe { ENDS.get(thread) }) else { return };
    let is_of_socket = ends.socket == 0 || ends.socket == socket.0 as usize;
    if is_of_socket && !socket.has_peer() {
        record.remote_address = ends.remote;
        record.remote_port = ends.remote_port;
        if record.local_address == [0; 16] {
            record.local_address = ends.local;
            record.flags |= WILDCARD;
        }
    }
    let _ = ENDS.remove(thread);
}
