//! The end of a system call -> records.
//!
//! Its end is enough: the registers still hold the arguments, the memory holds what was read and still what was written, and the
//! result says how much. So a call costs one program, not two, and no map between them.

use aya_ebpf::helpers::generated::bpf_ktime_get_ns;
use aya_ebpf::helpers::{bpf_get_current_comm, bpf_get_current_pid_tgid};
use weir_ebpf_common::{Counter, Event};

use crate::kernel::{Call, IN_PROGRESS, IPPROTO_TCP, NOT_THE_STREAM, PtRegs, THROWN_AWAY, calls, read_user};
use crate::maps::{Teller, UNWANTED, count};
use crate::message::{self, Header, Memory, Work};
use crate::socket::Socket;
use crate::{admission, emit};

/// A system call has ended.
#[inline(always)]
pub unsafe fn ended(registers: *const PtRegs, result: i64) {
    // SAFETY: the caller's.
    let number = unsafe { PtRegs::number(registers) };
    let event = match number {
        calls::READ | calls::READV | calls::RECVFROM | calls::RECVMSG | calls::RECVMMSG => Event::Received,
        calls::WRITE | calls::WRITEV | calls::SENDTO | calls::SENDMSG | calls::SENDMMSG | calls::SENDFILE => {
            Event::Sent
        }
        calls::CONNECT => Event::Connected,
        calls::ACCEPT | calls::ACCEPT4 => Event::Accepted,
        _ => return,
    };
    let carried = match event {
        Event::Connected => result == 0 || result == IN_PROGRESS,
        Event::Accepted => result >= 0,
        _ => result > 0,
    };
    if !carried {
        return;
    }
    // SAFETY: the caller's.
    let call = unsafe { PtRegs::call(registers, number) };
    let _ = tell(&call, event, result);
}

#[inline(always)]
fn tell(call: &Call, event: Event, result: i64) -> Option<()> {
    let thread = bpf_get_current_pid_tgid();
    if !admission::admits_process((thread >> 32) as u32) {
        count(Counter::NotAdmitted, 1);
        return None;
    }
    let descriptor = if matches!(event, Event::Accepted) { result as u32 } else { call.arguments[0] as u32 };
    let socket = Socket::of_descriptor(descriptor)?;
    // SAFETY: only whether it is there matters.
    if unsafe { UNWANTED.get(socket.number) }.is_some() {
        count(Counter::Unwanted, 1);
        return None;
    }
    if !socket.is_admitted() {
        count(Counter::NotAdmitted, 1);
        return None;
    }
    let work = Teller::Calls.work()?;
    // SAFETY: the map's memory, which is of this processor and this program alone.
    let record = unsafe { &mut (*work).record };
    *record = emit::empty(event);
    if !socket.describe(record) {
        return None;
    }
    record.process_thread = thread;
    record.name = bpf_get_current_comm().unwrap_or_default();
    // SAFETY: takes nothing and can not fail.
    record.time = unsafe { bpf_ktime_get_ns() };
    match record.protocol {
        IPPROTO_TCP => stream(work, &socket, call, event, result),
        _ => datagrams(work, call, event, result),
    }
}

/// A call on a TCP socket.
#[inline(always)]
fn stream(work: *mut Work, socket: &Socket, call: &Call, event: Event, result: i64) -> Option<()> {
    // SAFETY: as above.
    let record = unsafe { &mut (*work).record };
    if !admission::admits_ports(record.local_port, record.remote_port) {
        count(Counter::NotAdmitted, 1);
        return None;
    }
    let streams = socket.streams()?;
    let carried = result as u32;
    match event {
        Event::Sent => {
            record.sequence = streams.written.wrapping_sub(carried);
            record.acknowledgment = streams.read;
        }
        Event::Received => {
            record.sequence = streams.read.wrapping_sub(carried);
            record.acknowledgment = streams.acknowledged;
        }
        _ => {
            record.sequence = streams.written;
            record.acknowledgment = streams.read;
            emit::put(work, 0);
            return None;
        }
    }
    let memory = match call.number {
        calls::READ | calls::WRITE => Memory::buffer(call.arguments[1], result as u64),
        calls::READV | calls::WRITEV => Memory::vectors(call.arguments[1], call.arguments[2]),
        calls::RECVFROM => {
            if call.arguments[3] & NOT_THE_STREAM != 0 {
                return None;
            }
            if call.arguments[3] & THROWN_AWAY != 0 {
                Memory::NONE
            } else {
                Memory::buffer(call.arguments[1], result as u64)
            }
        }
        calls::SENDTO => Memory::buffer(call.arguments[1], result as u64),
        calls::RECVMSG => {
            if call.arguments[2] & NOT_THE_STREAM != 0 {
                return None;
            }
            read_user::<Header>(call.arguments[1])?.memory()
        }
        calls::SENDMSG => read_user::<Header>(call.arguments[1])?.memory(),
        calls::SENDFILE => Memory::NONE,
        // Several messages in one call make sense for datagrams; of a stream they are a gap.
        _ => {
            count(Counter::Unreadable, 1);
            return None;
        }
    };
    message::emit(work, memory, carried);
    Some(())
}

/// `struct mmsghdr` (recvmmsg(2)): its size, and where the length of the message stands.
const MESSAGE: u64 = 64;
const MESSAGE_LENGTH: u64 = 56;

/// Messages of one call that are looked at: resolvers send two. Many more would be too much for the kernel's verifier; they are counted.
const MESSAGES: i64 = 8;

/// A call on a UDP socket. Pieces of one datagram have `sequence` as their offset in it and its length as `acknowledgment`.
#[inline(always)]
fn datagrams(work: *mut Work, call: &Call, event: Event, result: i64) -> Option<()> {
    if !matches!(event, Event::Sent | Event::Received) {
        return None;
    }
    match call.number {
        calls::READ | calls::WRITE => {
            datagram(work, Memory::buffer(call.arguments[1], result as u64), 0, result as u32)
        }
        calls::READV | calls::WRITEV => {
            datagram(work, Memory::vectors(call.arguments[1], call.arguments[2]), 0, result as u32);
        }
        calls::RECVFROM if call.arguments[3] & NOT_THE_STREAM != 0 => return None,
        calls::RECVFROM | calls::SENDTO => {
            datagram(
                work,
                Memory::buffer(call.arguments[1], result as u64),
                call.arguments[4],
                result as u32,
            );
        }
        calls::RECVMSG if call.arguments[2] & NOT_THE_STREAM != 0 => return None,
        calls::RECVMSG | calls::SENDMSG => {
            let header = read_user::<Header>(call.arguments[1])?;
            datagram(work, header.memory(), header.name, result as u32);
        }
        calls::RECVMMSG | calls::SENDMMSG => {
            for index in 0..MESSAGES {
                if index >= result {
                    break;
                }
                let at = call.arguments[1] + index as u64 * MESSAGE;
                let header = read_user::<Header>(at)?;
                let length = read_user::<u32>(at + MESSAGE_LENGTH)?;
                datagram(work, header.memory(), header.name, length);
            }
            if result > MESSAGES {
                count(Counter::Unreadable, (result - MESSAGES) as u64);
            }
        }
        _ => return None,
    }
    Some(())
}

#[inline(never)]
fn datagram(work: *mut Work, memory: Memory, address: u64, length: u32) {
    // SAFETY: as above.
    let record = unsafe { &mut (*work).record };
    message::peer(record, address);
    if !admission::admits_ports(record.local_port, record.remote_port) {
        return count(Counter::NotAdmitted, 1);
    }
    record.sequence = 0;
    record.acknowledgment = length;
    message::emit(work, memory, length);
}
