//! What a socket carried -> records.
//!
//! The kernel tells how much each socket carried (tracepoints `sock_send_length` and `sock_recv_length`, Linux 6.3), in the thread
//! whose call it was: the registers at its entry hold the arguments, and the memory holds what was read, and still what was written.
//! Calls on anything but sockets cost nothing. Older kernels: [`crate::exit`].

use aya_ebpf::helpers::bpf_get_current_pid_tgid;
use aya_ebpf::helpers::generated::bpf_ktime_get_ns;
use weir_ebpf_common::{Counter, Event, Record};

use crate::admission::{self, Caller};
use crate::kernel::{Call, IPPROTO_TCP, IPPROTO_UDP, NOT_THE_STREAM, THROWN_AWAY, calls, read_user};
use crate::maps::{self, MESSAGES_DONE, SHOWN, count, count_atomically, is_unwanted, setting};
use crate::message::{self, Header, Memory, Work, steps};
use crate::socket::View;
use crate::trusted::{Trusted, TrustedThread};
use crate::{emit, go, tls};

/// A socket has carried `length` bytes for the present thread; negative: an error.
#[inline(always)]
pub fn carried(socket: Trusted, event: Event, length: i32) {
    if !socket.is_internet() {
        return;
    }
    if setting!(preemptible) != 0 {
        let thread = bpf_get_current_pid_tgid();
        match SHOWN.get_ptr_mut(thread) {
            // SAFETY: the map's memory, of this thread.
            Some(shown) => unsafe { *shown = 1 },
            // Without room it is told twice, and bytes of a stream that come twice are known as such.
            None => drop(SHOWN.insert(thread, 1, 0)),
        }
    }
    told(socket, event, length);
}

/// The same, in a second program at the same place. The kernel leaves a program out while another thread that lost this processor is in
/// the middle of it: then this one tells the call. It is hardly ever in the middle of this one, which mostly does nothing.
#[inline(always)]
pub fn carried_again(socket: Trusted, event: Event, length: i32) {
    if !socket.is_internet() {
        return;
    }
    if let Some(shown) = SHOWN.get_ptr_mut(bpf_get_current_pid_tgid()) {
        // SAFETY: the map's memory, of this thread.
        let was_shown = unsafe { core::mem::replace(&mut *shown, 0) };
        if was_shown != 0 {
            return;
        }
    }
    count_atomically(Counter::TakenOver, 1);
    told(socket, event, length);
}

#[inline(always)]
fn told(socket: Trusted, event: Event, length: i32) {
    let thread = TrustedThread::present();
    if length <= 0 {
        return message_failed(thread);
    }
    let caller = thread.caller();
    if setting!(tls) != 0 {
        tls::carries(&socket, caller.process_thread, event);
        go::carries(&socket, thread.call().stack, caller.process_thread);
    }
    if setting!(calls) == 0 {
        return;
    }
    if !admission::admits_process(&caller) {
        return count(Counter::NotAdmitted, 1);
    }
    let _ = tell(&socket, &thread.call(), event, i64::from(length), &caller);
}

/// What was carried, began or ended, on a socket of the present thread.
#[inline(always)]
pub fn tell<S: View>(socket: &S, call: &Call, event: Event, result: i64, caller: &Caller) -> Option<()> {
    let number = socket.number();
    if is_unwanted(number) {
        count(Counter::Unwanted, 1);
        return None;
    }
    if !socket.is_admitted() {
        count(Counter::NotAdmitted, 1);
        return None;
    }
    let mut own = emit::empty(event);
    // SAFETY: the map's memory, which this program alone uses until it ends, or `own`.
    let record = unsafe { &mut *S::draft(&mut own)? };
    *record = emit::empty(event);
    record.socket = number;
    if !socket.describe(record) {
        return None;
    }
    record.process_thread = caller.process_thread;
    record.name = caller.name;
    if setting!(tls) != 0 {
        record.coroutine = go::goroutine(call.stack, caller.process_thread);
    }
    // SAFETY: takes nothing and can not fail.
    record.time = unsafe { bpf_ktime_get_ns() };
    match record.protocol {
        IPPROTO_TCP => stream(record, socket, call, event, result),
        IPPROTO_UDP => datagrams(record, socket, call, event, result),
        _ => None,
    }
}

/// A call on a TCP socket.
#[inline(always)]
fn stream<S: View>(record: &mut Record, socket: &S, call: &Call, event: Event, result: i64) -> Option<()> {
    let streams = socket.streams()?;
    record.local_port = streams.local_port;
    if !admission::admits_ports(record.local_port, record.remote_port) {
        count(Counter::NotAdmitted, 1);
        return None;
    }
    let carried = result as u32;
    match event {
        Event::Sent => {
            record.sequence = streams.written.wrapping_sub(carried);
            record.acknowledgment = streams.read;
            record.flags = streams.start_flag(record.sequence, streams.read);
        }
        Event::Received => {
            record.sequence = streams.read.wrapping_sub(carried);
            record.acknowledgment = streams.acknowledged;
            record.flags = streams.start_flag(streams.written, record.sequence);
        }
        _ => {
            record.sequence = streams.written;
            record.acknowledgment = streams.read;
            emit::put(record, 0);
            return None;
        }
    }
    record.length = carried;
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
        // sendfile and splice carry what no program has in its memory; io_uring's calls hold no arguments; several messages in one call make
        // sense for datagrams.
        _ => Memory::NONE,
    };
    message::emit_of_stream::<S>(record, memory)
}

/// `struct mmsghdr` (recvmmsg(2)): its size, and where the length of the message stands.
const MESSAGE: u64 = 64;
const MESSAGE_LENGTH: u64 = 56;

/// Messages of one call that are looked at: resolvers send two, and with eight the verifier is near its limit.
const MESSAGES: u64 = 4;

/// A call on a UDP socket. Pieces of one datagram have `sequence` as their offset in it and its length as `acknowledgment`.
#[inline(always)]
fn datagrams<S: View>(record: &Record, socket: &S, call: &Call, event: Event, result: i64) -> Option<()> {
    if !matches!(event, Event::Sent | Event::Received) {
        return None;
    }
    let work = maps::work()?;
    if !S::DRAFTS_IN_MAP {
        // SAFETY: the map's memory, which this program alone uses until it ends.
        unsafe { (&raw mut (*work).record).write(*record) };
    }
    let [_, buffer, length, flags, address, _] = call.arguments;
    let carried = result as u32;
    let (memory, address) = match call.number {
        calls::READ | calls::WRITE => (Memory::buffer(buffer, result as u64), 0),
        calls::READV | calls::WRITEV => (Memory::vectors(buffer, length), 0),
        calls::RECVFROM if flags & NOT_THE_STREAM != 0 => return None,
        calls::RECVFROM | calls::SENDTO => (Memory::buffer(buffer, result as u64), address),
        calls::RECVMSG if length & NOT_THE_STREAM != 0 => return None,
        calls::RECVMSG | calls::SENDMSG => {
            let header = read_user::<Header>(buffer)?;
            (header.memory(), header.name)
        }
        calls::RECVMMSG | calls::SENDMMSG if S::TELLS_EACH_MESSAGE => {
            let header = read_user::<Header>(buffer + next_message(work, length) * MESSAGE)?;
            (header.memory(), header.name)
        }
        calls::RECVMMSG | calls::SENDMMSG => return messages(work, socket, buffer, result),
        _ => return None,
    };
    datagram(work, socket, memory, address, carried);
    Some(())
}

/// All messages of a call that has ended.
#[inline(always)]
fn messages<S: View>(work: *mut Work, socket: &S, first: u64, number: i64) -> Option<()> {
    for index in 0..MESSAGES {
        if index >= number as u64 {
            break;
        }
        let at = first + index * MESSAGE;
        let header = read_user::<Header>(at)?;
        let length = read_user::<u32>(at + MESSAGE_LENGTH)?;
        datagram(work, socket, header.memory(), header.name, length);
    }
    Some(())
}

#[inline(always)]
fn datagram<S: View>(work: *mut Work, socket: &S, memory: Memory, address: u64, length: u32) {
    // SAFETY: as above.
    let record = unsafe { &mut (*work).record };
    if S::TELLS_EACH_MESSAGE && record.event == Event::Received as u8 {
        // Where the call wants to know the sender, it is not written yet.
        socket.ends(record);
    } else {
        message::peer(record, address);
    }
    if !admission::admits_ports(record.local_port, record.remote_port) {
        return count(Counter::NotAdmitted, 1);
    }
    record.sequence = 0;
    record.acknowledgment = length;
    message::emit(work, memory, length, || steps::of_call());
}

/// Which message of its call this is; `all`: how many it has room for.
#[inline(always)]
fn next_message(work: *const Work, all: u64) -> u64 {
    // SAFETY: as above.
    let thread = unsafe { (*work).record.process_thread };
    // SAFETY: of the present thread alone.
    let index = unsafe { MESSAGES_DONE.get(thread) }.copied().unwrap_or(0);
    let index = if index < all { index } else { 0 };
    if index + 1 < all {
        let _ = MESSAGES_DONE.insert(thread, index + 1, 0);
    } else {
        let _ = MESSAGES_DONE.remove(thread);
    }
    index
}

/// A call that carries several messages ends with the one that can not be carried.
#[inline(always)]
fn message_failed(thread: TrustedThread) {
    if matches!(thread.call().number, calls::RECVMMSG | calls::SENDMMSG) {
        let _ = MESSAGES_DONE.remove(thread.process_thread());
    }
}
