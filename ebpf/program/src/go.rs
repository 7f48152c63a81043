//! Calls of Go's `crypto/tls` -> records; goroutines of system calls.
//!
//! Takes: entries and RET instructions of `(*tls.Conn).Read` and `Write`, in Go's register ABI (1.17 on). Gives: records. A goroutine may
//! change its thread in a call, so what belongs together is found by its `g`. The socket is read from the connection: a
//! `*tls.Conn` has a `net.Conn`, which is nearly always a `*net.TCPConn`; those of others are found by the goroutine's system calls.

use aya_ebpf::EbpfContext;
use aya_ebpf::helpers::bpf_get_current_pid_tgid;
use aya_ebpf::helpers::generated::{bpf_get_attach_cookie, bpf_get_current_task};
use aya_ebpf::programs::ProbeContext;
use weir_ebpf_common::{Event, GoLayout};

use crate::admission::{self, Caller};
use crate::go_http2;
use crate::kernel::{PtRegs, read, read_user};
use crate::maps::{CONNECTIONS, GO_PROCESSES, GOROUTINES, offset};
use crate::message::{Work, steps};
use crate::socket::{Socket, View};
use crate::tls::{self, Object, Plaintext};

/// A goroutine in a call.
#[repr(C)]
pub struct GoCall {
    /// The `*tls.Conn`; 0: it is in no call.
    connection: u64,
    buffer: u64,
    /// An event.
    event: u32,
    /// Bytes that are about to be written, and that the connection has counted already; 0: none.
    counted: u32,
    /// Position of the first of them, and of the other direction then.
    position: u32,
    other: u32,
    /// Socket of these positions.
    number: u64,
    pub work: Work,
}

/// More descriptors than any program has (`fs.nr_open`): what is larger is none.
const DESCRIPTORS: u64 = 1 << 20;

/// Entry of a method that reads or writes.
#[inline(always)]
pub unsafe fn begins(context: &ProbeContext, event: Event) {
    let caller = Caller::present();
    if !admission::admits_process(&caller) {
        return;
    }
    let thread = caller.process_thread;
    // SAFETY: the caller's.
    let (connection, buffer, length, g) = unsafe { PtRegs::go(context.regs.cast()) };
    let key = Object { address: g, process: thread >> 32 };
    if GOROUTINES.get_ptr(key).is_none() {
        let call = GoCall {
            connection: 0,
            buffer: 0,
            event: 0,
            counted: 0,
            position: 0,
            other: 0,
            number: 0,
            work: Work::EMPTY,
        };
        // Without room the call is not seen.
        let _ = GOROUTINES.insert(key, &call, 0);
    }
    let Some(call) = GOROUTINES.get_ptr_mut(key) else { return };
    // SAFETY: the map's memory; only this goroutine uses its entry.
    unsafe {
        // A function that needs more stack is entered twice.
        let is_again = (*call).connection == connection && (*call).buffer == buffer;
        if is_again && (*call).counted != 0 {
            return;
        }
        (*call).connection = connection;
        (*call).buffer = buffer;
        (*call).event = event as u32;
        (*call).counted = 0;
        if matches!(event, Event::Sent) && length <= i32::MAX as u64 {
            count_before(context, call, thread, length as u32);
        }
    }
}

/// Counts what is written before it is: another goroutine may read the answer before this one returns, and its record tells how far
/// this direction had come.
#[inline(always)]
unsafe fn count_before(context: &ProbeContext, call: *mut GoCall, thread: u64, length: u32) {
    // SAFETY: the caller's.
    let address = unsafe { (*call).connection };
    // SAFETY: takes what the kernel gave.
    let layout = GoLayout::from_cookie(unsafe { bpf_get_attach_cookie(context.as_ptr()) });
    let _ = learn_socket(thread, address, layout);
    let Some(connection) = CONNECTIONS.get_ptr_mut(Object { address, process: thread >> 32 }) else { return };
    // SAFETY: the maps' memory.
    unsafe {
        (*call).counted = length;
        (*call).position = (*connection).sent;
        (*call).other = (*connection).received;
        (*call).number = (*connection).number;
        (*connection).sent = (*connection).sent.wrapping_add(length);
    }
}

/// What was settled before the call; what was not written after all is counted no more.
#[inline(always)]
unsafe fn settled(call: *const GoCall, thread: u64, written: u64) -> Option<(u32, u32)> {
    // SAFETY: the caller's.
    let (address, counted, number) = unsafe { ((*call).connection, (*call).counted, (*call).number) };
    if counted == 0 {
        return None;
    }
    let connection = CONNECTIONS.get_ptr_mut(Object { address, process: thread >> 32 })?;
    // SAFETY: the maps' memory.
    unsafe {
        if (*connection).number != number {
            return None;
        }
        if written < u64::from(counted) {
            (*connection).sent = (*connection).sent.wrapping_sub(counted - written as u32);
        }
        Some(((*call).position, (*call).other))
    }
}

/// Its return.
#[inline(always)]
pub unsafe fn ends(context: &ProbeContext) {
    let registers = context.regs.cast::<PtRegs>();
    let thread = bpf_get_current_pid_tgid();
    // SAFETY: the caller's.
    let (result, _, _, g) = unsafe { PtRegs::go(registers) };
    let Some(call) = GOROUTINES.get_ptr_mut(Object { address: g, process: thread >> 32 }) else { return };
    // SAFETY: as in `begins`.
    let (connection, buffer, event) = unsafe { ((*call).connection, (*call).buffer, (*call).event) };
    if connection == 0 {
        return;
    }
    // SAFETY: as above.
    let (settled, work) = unsafe {
        let settled = settled(call, thread, result);
        (*call).connection = 0;
        (*call).counted = 0;
        (settled, &raw mut (*call).work)
    };
    // One call carries less than 2 GiB: negative lengths and what can not be are left out.
    if result == 0 || result > i32::MAX as u64 {
        return;
    }
    // SAFETY: takes what the kernel gave.
    let layout = GoLayout::from_cookie(unsafe { bpf_get_attach_cookie(context.as_ptr()) });
    // Where that fails it may be known from its system calls.
    let _ = learn_socket(thread, connection, layout);
    let object = Object { address: connection, process: thread >> 32 };
    if go_http2::tells(object, layout, event, buffer) {
        return;
    }
    let coroutine = number_of(g, layout);
    let plaintext =
        Plaintext { thread, object: connection, event, buffer, length: result as u32, coroutine, settled };
    let _ = tls::tell(work, &plaintext, || steps::of_goroutine(g));
}

/// A goroutine's number, by the address of its `g`; 0: it can not be read.
#[inline(always)]
pub fn number_of(g: u64, layout: GoLayout) -> u64 {
    read_user(g.wrapping_add(words(layout.goroutine_id))).unwrap_or(0)
}

/// Bytes of so many words.
#[inline(always)]
pub fn words(number: u8) -> u64 {
    u64::from(number) * 8
}

/// Finds the connection's socket, and notes it where that is new.
#[inline(always)]
pub fn learn_socket(thread: u64, address: u64, layout: GoLayout) -> Option<()> {
    let tcp: u64 = read_user(address.wrapping_add(layout.connection_data.into()))?;
    let descriptor: u64 = read_user(tcp.wrapping_add(layout.tcp_descriptor.into()))?;
    let number: u64 = read_user(descriptor.wrapping_add(layout.system_descriptor.into()))?;
    if number >= DESCRIPTORS {
        return None;
    }
    let socket = Socket::of_descriptor(number as u32).filter(Socket::is_tcp)?;
    tls::learn(Object { address, process: thread >> 32 }, &socket, true);
    Some(())
}

/// A socket carried something for a thread: if its goroutine is in a call of `crypto/tls`, it is that of this connection. It is how
/// those are found that are no `*net.TCPConn`. `stack`: the program's stack pointer.
#[inline(always)]
pub fn carries(socket: &impl View, stack: u64, thread: u64) {
    let Some((g, _)) = g(stack, thread) else { return };
    let Some(call) = GOROUTINES.get_ptr(Object { address: g, process: thread >> 32 }) else { return };
    // SAFETY: the map's memory; only this goroutine uses its entry.
    let address = unsafe { (*call).connection };
    if address != 0 && socket.is_tcp() {
        tls::learn(Object { address, process: thread >> 32 }, socket, true);
    }
}

/// The goroutine that makes a system call; 0: no Go, or it can not be told.
#[inline(always)]
pub fn goroutine(stack: u64, thread: u64) -> u64 {
    let found = g(stack, thread);
    found.and_then(|(g, goroutine_id)| read_user(g.wrapping_add(goroutine_id.into()))).unwrap_or(0)
}

/// The address of the goroutine's `g`, and the offset of its number.
#[inline(always)]
fn g(stack: u64, thread: u64) -> Option<(u64, u32)> {
    // SAFETY: the loader changes the map; one word is whole or old.
    let goroutine_id = *unsafe { GO_PROCESSES.get((thread >> 32) as u32) }?;
    // SAFETY: takes nothing and can not fail.
    let task = unsafe { bpf_get_current_task() } as usize;
    let thread_pointer: u64 = read(task + offset!(task_struct_thread_fsbase))?;
    // Go's linker gives `g` the last word before the thread pointer; a program with C code may have something else there.
    let g: u64 = read_user(thread_pointer.wrapping_sub(8))?;
    // It begins with the bounds of its stack (runtime/runtime2.go, `g`), so it is known by them.
    let [low, high] = read_user::<[u64; 2]>(g)?;
    (low..=high).contains(&stack).then_some((g, goroutine_id))
}
