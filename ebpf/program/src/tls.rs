//! Calls of a TLS library -> records of what it encrypts and has decrypted.
//!
//! Takes: entries and returns of its functions. Gives: records, with the socket that the library used meanwhile. Does not do: TLS.
//!
//! Which socket belongs to a library's object only the library knows. But what it reads and writes it does by system calls of the same
//! thread, inside of its functions: there `syscalls` sees the socket. So nothing of the library's memory is read but the caller's buffer.
//! Programs with a loop of events (Node.js, Python's asyncio) make the calls themselves and hand the library bytes. They do so at once:
//! what a thread received last before its library gives plaintext, or goes on with a handshake, was for this object.
//!
//! A program at a probe of user space may lose its processor at any time. So what it works on lies in the entry of its thread.

use aya_ebpf::helpers::generated::bpf_ktime_get_ns;
use aya_ebpf::helpers::{bpf_get_current_comm, bpf_get_current_pid_tgid};
use weir_ebpf_common::{Counter, Event, Record, START, TLS};

use crate::admission::{self, Caller};
use crate::emit;
use crate::kernel::{PtRegs, read_user};
use crate::maps::{CONNECTIONS, INSIDE, count_atomically, is_unwanted};
use crate::message::{self, Memory, Work, steps};
use crate::socket::{Socket, View};

/// A thread in a call of a TLS library.
#[repr(C)]
pub struct Inside {
    /// Address of the library's object. 0: it is in no call.
    object: u64,
    /// Stack pointer at the entry: it tells a call from those that are made inside of it.
    stack: u64,
    /// What the program reads to or writes from.
    buffer: u64,
    /// Where the function writes how much it was; 0: its result says that.
    length_at: u64,
    /// What is told at the return.
    carries: Carries,
    /// Number of the socket that the thread received from outside of a call, and has not given to the library yet; 0: none.
    fresh: u64,
    /// Address of its `struct sock`.
    fresh_address: u64,
    pub work: Work,
}

/// What a function carries.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Carries {
    /// An [`Event`]; 0: nothing.
    event: u32,
    /// Which of its arguments points to the length: [`NO`](Self::NO), [`FOURTH`](Self::FOURTH) or [`FIFTH`](Self::FIFTH).
    length: u32,
}

impl Carries {
    const NO: u32 = 0;
    const FOURTH: u32 = 4;
    const FIFTH: u32 = 5;

    pub const READ: Self = Self { event: Event::Received as u32, length: Self::NO };
    pub const WRITE: Self = Self { event: Event::Sent as u32, length: Self::NO };
    pub const READ_EX: Self = Self { event: Event::Received as u32, length: Self::FOURTH };
    pub const WRITE_EX: Self = Self { event: Event::Sent as u32, length: Self::FOURTH };
    pub const WRITE_FLAGS: Self = Self { event: Event::Sent as u32, length: Self::FIFTH };
    pub const HANDSHAKE: Self = Self { event: 0, length: Self::NO };
}

/// An object of a library in a process.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Object {
    pub address: u64,
    pub process: u64,
}

/// What is known of an object.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Connection {
    /// Its socket's.
    pub number: u64,
    /// Of its `struct sock`.
    pub address: u64,
    /// Bytes told so far.
    pub sent: u32,
    pub received: u32,
    /// 1: the library's own calls were not seen.
    pub is_guess: u32,
    /// Of Go's: who tells what it carries; see [`crate::go_http2`].
    pub told_by: u16,
    /// Fields that a client has written and that have no stream yet.
    pub fields: u16,
}

impl Connection {
    /// Of the objects that were met after their handshake, nobody knows how much they have carried; the stream does not begin at 0.
    const JOINED: u32 = 1;

    #[inline(always)]
    pub fn new(number: u64, address: u64, is_whole: bool) -> Self {
        let position = if is_whole { 0 } else { Self::JOINED };
        Self { number, address, sent: position, received: position, is_guess: 0, told_by: 0, fields: 0 }
    }
}

/// Entry of a function whose first argument is the object.
#[inline(always)]
pub unsafe fn begins(registers: *const PtRegs, carries: Carries) {
    let caller = Caller::present();
    if !admission::admits_process(&caller) {
        return;
    }
    let thread = caller.process_thread;
    // SAFETY: the caller's.
    let function = unsafe { PtRegs::function(registers) };
    let [object, buffer, _, fourth, fifth] = function.arguments;
    let length_at = match carries.length {
        Carries::FOURTH => fourth,
        Carries::FIFTH => fifth,
        _ => 0,
    };
    let Some(inside) = INSIDE.get_ptr_mut(thread) else {
        let inside = Inside {
            object,
            stack: function.stack,
            buffer,
            length_at,
            carries,
            fresh: 0,
            fresh_address: 0,
            work: Work::EMPTY,
        };
        // Without room the call is not seen.
        let _ = INSIDE.insert(thread, &inside, 0);
        return;
    };
    // SAFETY: the map's memory; only this thread uses its entry.
    unsafe {
        // A function that calls another one of the library (a read that has to do the handshake): the outer one is told.
        if (*inside).object == object && function.stack < (*inside).stack {
            return;
        }
        (*inside).object = object;
        (*inside).stack = function.stack;
        (*inside).buffer = buffer;
        (*inside).length_at = length_at;
        (*inside).carries = carries;
    }
}

/// Takes what the thread received last for what the library was given, unless the object's socket is known.
#[inline(always)]
unsafe fn guess(inside: *mut Inside, object: Object, is_whole: bool) {
    // SAFETY: the caller's.
    let (number, address) = unsafe { ((*inside).fresh, (*inside).fresh_address) };
    if number == 0 {
        return;
    }
    // SAFETY: the caller's.
    unsafe { (*inside).fresh = 0 };
    if let Some(connection) = CONNECTIONS.get_ptr_mut(object) {
        // SAFETY: as in `tell`.
        let known = unsafe { *connection };
        // A client begins its handshake before it has received anything, so the first guess may be wrong; nothing was told by then.
        let is_sure = known.is_guess == 0 || (known.sent | known.received) > Connection::JOINED;
        if known.number == number || is_sure && Socket::still(known.number, known.address as usize).is_some()
        {
            return;
        }
    }
    let connection = Connection { is_guess: 1, ..Connection::new(number, address, is_whole) };
    let _ = CONNECTIONS.insert(object, connection, 0);
}

/// What a call of a library carried.
pub struct Plaintext {
    pub thread: u64,
    pub object: u64,
    /// An [`Event`].
    pub event: u32,
    pub buffer: u64,
    pub length: u32,
    pub coroutine: u64,
    /// Where it begins, and how far the other direction had come, when that was settled before; then the object knows of it already.
    pub settled: Option<(u32, u32)>,
}

/// Return of such a function.
#[inline(always)]
pub unsafe fn ends(registers: *const PtRegs) {
    let thread = bpf_get_current_pid_tgid();
    let Some(inside) = INSIDE.get_ptr_mut(thread) else { return };
    // SAFETY: the caller's.
    let function = unsafe { PtRegs::function(registers) };
    // SAFETY: as in `begins`.
    let (object, stack, buffer, length_at, event) = unsafe {
        ((*inside).object, (*inside).stack, (*inside).buffer, (*inside).length_at, (*inside).carries.event)
    };
    // The return took its address from the stack.
    if object == 0 || function.stack != stack.wrapping_add(8) {
        return;
    }
    // SAFETY: as above.
    let work = unsafe {
        (*inside).object = 0;
        &raw mut (*inside).work
    };
    let result = function.result as i32;
    if event == 0 || event == Event::Received as u32 && result > 0 {
        // SAFETY: as above.
        unsafe { guess(inside, Object { address: object, process: thread >> 32 }, event == 0) };
    }
    if event == 0 || result <= 0 {
        return;
    }
    let mut length = result as u32;
    if length_at != 0 {
        let Some(told) = read_user::<u64>(length_at) else {
            return count_atomically(Counter::Unreadable, 1);
        };
        // One call carries less: its ciphertext goes through the socket in one go.
        length = if told > u64::from(i32::MAX as u32) { return } else { told as u32 };
    }
    if length > 0 {
        let plaintext = Plaintext { thread, object, event, buffer, length, coroutine: 0, settled: None };
        let _ = tell(work, &plaintext, || steps::of_thread());
    }
}

/// Emits records; `next` as in [`message::emit`].
#[inline(always)]
pub fn tell(work: *mut Work, plaintext: &Plaintext, next: impl Fn() -> u32) -> Option<()> {
    let object = Object { address: plaintext.object, process: plaintext.thread >> 32 };
    let Some(connection) = CONNECTIONS.get_ptr_mut(object) else {
        count_atomically(Counter::TlsWithoutSocket, 1);
        return None;
    };
    // SAFETY: the map's memory. Programs do not read or write with one object in two threads at the same time; if one does, positions
    // are wrong.
    let (number, address) = unsafe { ((*connection).number, (*connection).address) };
    let Some(socket) = Socket::still(number, address as usize) else {
        count_atomically(Counter::TlsWithoutSocket, 1);
        return None;
    };
    // SAFETY: as above.
    let (sent, received) = unsafe { ((*connection).sent, (*connection).received) };
    let is_sent = plaintext.event == Event::Sent as u32;
    let now = if is_sent { (sent, received) } else { (received, sent) };
    let (position, other) = plaintext.settled.unwrap_or(now);
    // SAFETY: as above.
    unsafe {
        if !is_sent {
            (*connection).received = received.wrapping_add(plaintext.length);
        } else if plaintext.settled.is_none() {
            (*connection).sent = sent.wrapping_add(plaintext.length);
        }
    }
    // SAFETY: the map's memory, which only this thread uses.
    let record = unsafe { &mut (*work).record };
    describe(record, plaintext.event as u8, number, &socket)?;
    record.process_thread = plaintext.thread;
    record.coroutine = plaintext.coroutine;
    // Go's handshakes are not looked at, so nobody knows what was before.
    record.flags = if plaintext.coroutine == 0 && (sent | received) == 0 { START } else { 0 };
    (record.sequence, record.acknowledgment) = (position, other);
    let memory = Memory::buffer(plaintext.buffer, u64::from(plaintext.length));
    message::emit(work, memory, plaintext.length, next);
    Some(())
}

/// Writes what a record of plaintext says of its connection and of the present thread's name. None: it is not wanted, or not admitted.
#[inline(always)]
pub fn describe(record: &mut Record, event: u8, number: u64, socket: &Socket) -> Option<()> {
    if is_unwanted(number | TLS) {
        count_atomically(Counter::Unwanted, 1);
        return None;
    }
    if !socket.is_admitted() {
        count_atomically(Counter::NotAdmitted, 1);
        return None;
    }
    *record = emit::empty(Event::Sent);
    if !socket.describe(record) {
        return None;
    }
    record.local_port = socket.streams()?.local_port;
    if !admission::admits_ports(record.local_port, record.remote_port) {
        count_atomically(Counter::NotAdmitted, 1);
        return None;
    }
    record.event = event;
    record.socket = number | TLS;
    record.name = bpf_get_current_comm().unwrap_or_default();
    // SAFETY: takes nothing and can not fail.
    record.time = unsafe { bpf_ktime_get_ns() };
    Some(())
}

/// A socket carried something for a thread: if a TLS library made the call, it is that of the library's object.
#[inline(always)]
pub fn carries(socket: &impl View, thread: u64, call: Event) {
    let Some(inside) = INSIDE.get_ptr_mut(thread) else { return };
    // SAFETY: the map's memory, of this thread.
    let (address, event) = unsafe { ((*inside).object, (*inside).carries.event) };
    if address == 0 && matches!(call, Event::Sent) || !socket.is_tcp() {
        return;
    }
    if address == 0 {
        // SAFETY: as above.
        unsafe {
            (*inside).fresh = socket.number();
            (*inside).fresh_address = socket.address() as u64;
        }
        return;
    }
    learn(Object { address, process: thread >> 32 }, socket, event == 0);
}

/// Notes the socket of an object.
#[inline(always)]
pub fn learn(object: Object, socket: &impl View, is_whole: bool) {
    let number = socket.number();
    if let Some(connection) = CONNECTIONS.get_ptr_mut(object) {
        // SAFETY: as in `tell`.
        if unsafe { (*connection).number } == number {
            return;
        }
    }
    // New, or the library uses the memory of one that is gone.
    let _ = CONNECTIONS.insert(object, Connection::new(number, socket.address() as u64, is_whole), 0);
}

/// Entry of the function that frees the object.
#[inline(always)]
pub unsafe fn freed(registers: *const PtRegs) {
    // SAFETY: the caller's.
    let function = unsafe { PtRegs::function(registers) };
    let object = Object { address: function.arguments[0], process: bpf_get_current_pid_tgid() >> 32 };
    // Not there: nothing of it was seen.
    let _ = CONNECTIONS.remove(object);
}
