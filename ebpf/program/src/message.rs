//! The memory that a call carried: one buffer, a vector of them, or a message with a vector and an address.

use weir_ebpf_common::{Event, PIECE, PIECES, Record};

use crate::emit::{self, GATHERED, GATHERED_BUFFERS, Places};
use crate::kernel::{AF_INET, AF_INET6, IPPROTO_UDP, read_user};
use crate::lane::{self, Room};
use crate::maps::{self, setting};
use crate::socket::{View, widened};

/// Memory of the program.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Memory {
    /// The present buffer.
    pub base: u64,
    /// What is left of it.
    pub length: u64,
    /// Address of the next `struct iovec`.
    pub vector: u64,
    /// How many there are from there on.
    pub vectors: u64,
}

/// `struct iovec`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Vector {
    pub base: u64,
    pub length: u64,
}

/// `struct msghdr` up to what is needed of it (recvmsg(2)).
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Header {
    pub name: u64,
    pub name_length: u64,
    vector: u64,
    vectors: u64,
}

impl Memory {
    pub const NONE: Self = Self { base: 0, length: 0, vector: 0, vectors: 0 };

    #[inline(always)]
    pub fn buffer(base: u64, length: u64) -> Self {
        Self { base, length, ..Self::NONE }
    }

    #[inline(always)]
    pub fn vectors(vector: u64, vectors: u64) -> Self {
        Self { vector, vectors, ..Self::NONE }
    }
}

impl Header {
    #[inline(always)]
    pub fn memory(&self) -> Memory {
        Memory::vectors(self.vector, self.vectors)
    }
}

/// A call that is being told. It lies in a map, where [`steps`] find it.
#[repr(C)]
pub struct Work {
    pub record: Record,
    memory: Memory,
    /// Bytes that were not told yet.
    left: u32,
    /// Bytes that may be captured.
    budget: u32,
    places: Places,
}

impl Work {
    /// Tells nothing yet.
    pub const EMPTY: Self = Self {
        record: emit::empty(Event::Closed),
        memory: Memory::NONE,
        left: 0,
        budget: 0,
        places: [Vector { base: 0, length: 0 }; GATHERED_BUFFERS],
    };
}

/// A word of [`Work`], read or written as it is in memory now.
macro_rules! word {
    ($work:ident.$($member:ident).+) => {
        // SAFETY: the map's memory, which this program alone uses until it ends.
        unsafe { (&raw const (*$work).$($member).+).read_volatile() }
    };
    ($work:ident.$($member:ident).+ = $value:expr) => {{
        let value = $value;
        // SAFETY: as above.
        unsafe { (&raw mut (*$work).$($member).+).write_volatile(value) }
    }};
}

/// Buffers of one call that are looked at: nginx hands 64 of them to `writev`.
const BUFFERS: usize = 64;

/// Buffers and pieces of buffers.
const STEPS: usize = PIECES + BUFFERS;

/// Emits the record of a call on a stream, of which `record.length` bytes were carried. Nearly all calls carry few bytes in one
/// buffer, or a head and a small body in two: they are one record, and do not need a loop.
#[inline(always)]
pub fn emit_of_stream<S: View>(record: &mut Record, memory: Memory) -> Option<()> {
    let total = record.length;
    if total > setting!(capture_limit) || total > PIECE as u32 {
        // Several records.
    } else if memory.vectors == 0 && (memory.length == u64::from(total) || memory.length == 0) {
        // All of it, or nothing: what `sendfile` carries is in no program's memory.
        record.captured = memory.length as u32;
        match lane_of::<S>() {
            Some(room) => room.put(record, memory.base),
            None => emit::put(record, memory.base),
        }
        return Some(());
    } else if S::TELLS_EACH_MESSAGE
        && memory.length == 0
        && memory.vectors <= GATHERED_BUFFERS as u64
        && total <= GATHERED as u32
    {
        // SAFETY: the map's memory, which this program alone uses until it ends.
        let places = unsafe { &mut (*maps::work()?).places };
        match lane_of::<S>() {
            Some(room) => room.put_gathered(record, memory.vector, memory.vectors, places),
            None => emit::put_gathered(record, memory.vector, memory.vectors, places),
        }
        return Some(());
    }
    let work = maps::work()?;
    if !S::DRAFTS_IN_MAP {
        // SAFETY: as above.
        unsafe { (&raw mut (*work).record).write(*record) };
    }
    emit(work, memory, total, || steps::of_call());
    Some(())
}

/// Room in the processor's lane, for programs that can have it.
#[inline(always)]
fn lane_of<S: View>() -> Option<Room> {
    if S::KEEPS_PROCESSOR { lane::room() } else { None }
}

/// Emits records for `total` bytes that a call carried. `record.sequence` is that of the first byte; `next` is the one of [`steps`] that
/// finds `work`.
#[inline(always)]
pub fn emit(work: *mut Work, memory: Memory, total: u32, next: impl Fn() -> u32) {
    word!(work.memory = memory);
    word!(work.left = total);
    word!(work.budget = setting!(capture_limit));
    for _ in 0..STEPS {
        if next() == DONE {
            break;
        }
    }
    let left = word!(work.left);
    if left > 0 {
        word!(work.record.captured = 0);
        word!(work.record.length = left);
        // SAFETY: the caller's memory.
        emit::put(unsafe { &raw const (*work).record }, 0);
    }
}

/// What a step of [`steps`] gives when there is no further one.
const DONE: u32 = 0;

/// One step, for each place where a call can lie.
///
/// They are functions that the kernel's verifier follows once and by themselves, whoever calls them (it does so with functions that are
/// visible from outside of the object, since Linux 5.6). In a loop it would follow each round and, before Linux 6.3, each way through
/// each round: more than the million instructions that it has patience for. The price is that they get numbers alone, and so have to
/// look for the call again.
pub mod steps {
    use aya_ebpf::helpers::bpf_get_current_pid_tgid;

    use super::{DONE, step};
    use crate::maps::{self, GOROUTINES, INSIDE};
    use crate::tls::Object;

    /// Of the call that a program at a tracepoint is telling.
    #[unsafe(no_mangle)]
    #[inline(never)]
    pub extern "C" fn of_call() -> u32 {
        maps::work().map_or(DONE, |work| step(work).into())
    }

    /// Of the present thread's call of a TLS library.
    #[unsafe(no_mangle)]
    #[inline(never)]
    pub extern "C" fn of_thread() -> u32 {
        let inside = INSIDE.get_ptr_mut(bpf_get_current_pid_tgid());
        // SAFETY: the map's memory, of this thread.
        inside.map_or(DONE, |inside| step(unsafe { &raw mut (*inside).work }).into())
    }

    /// Of the call of the goroutine with this `g`.
    #[unsafe(no_mangle)]
    #[inline(never)]
    pub extern "C" fn of_goroutine(g: u64) -> u32 {
        let call = GOROUTINES.get_ptr_mut(Object { address: g, process: bpf_get_current_pid_tgid() >> 32 });
        // SAFETY: the map's memory, of this goroutine.
        call.map_or(DONE, |call| step(unsafe { &raw mut (*call).work }).into())
    }
}

/// One piece of a buffer, of the next one when the last one is done. False: no further one is captured.
#[inline(always)]
fn step(work: *mut Work) -> bool {
    let (left, budget) = (word!(work.left), word!(work.budget));
    if left == 0 || budget == 0 {
        return false;
    }
    if word!(work.memory.length) == 0 && !next_buffer(work) {
        return false;
    }
    let length = word!(work.memory.length);
    if length == 0 {
        return true;
    }
    let piece = smallest([length, u64::from(left), PIECE as u64]);
    let captured = smallest([piece, u64::from(budget), PIECE as u64]);
    let base = word!(work.memory.base);
    word!(work.record.captured = captured as u32);
    word!(work.record.length = piece as u32);
    // SAFETY: the caller's memory.
    emit::put(unsafe { &raw const (*work).record }, base);
    word!(work.record.sequence = word!(work.record.sequence).wrapping_add(piece as u32));
    word!(work.budget = budget.wrapping_sub(captured as u32));
    word!(work.left = left.wrapping_sub(piece as u32));
    word!(work.memory.base = base.wrapping_add(piece));
    word!(work.memory.length = length - piece);
    true
}

#[inline(always)]
fn next_buffer(work: *mut Work) -> bool {
    let (vector, vectors) = (word!(work.memory.vector), word!(work.memory.vectors));
    if vectors == 0 {
        return false;
    }
    let Some(next) = read_user::<Vector>(vector) else { return false };
    word!(work.memory.base = next.base);
    word!(work.memory.length = next.length);
    word!(work.memory.vector = vector.wrapping_add(size_of::<Vector>() as u64));
    word!(work.memory.vectors = vectors - 1);
    true
}

#[inline(always)]
fn smallest(numbers: [u64; 3]) -> u64 {
    let [a, b, c] = numbers;
    let least = if a < b { a } else { b };
    if least < c { least } else { c }
}

/// Takes the other end of a datagram from a `struct sockaddr` of the program; leaves the record as it is where there is none.
#[inline(always)]
pub fn peer(record: &mut Record, address: u64) {
    if address == 0 || record.protocol != IPPROTO_UDP {
        return;
    }
    let Some([family, port]) = read_user::<[u16; 2]>(address) else { return };
    let remote = match (u16::from(record.family), family) {
        (AF_INET, AF_INET) => read_user::<[u8; 4]>(address + 4).map(widened),
        (AF_INET6, AF_INET6) => read_user::<[u8; 16]>(address + 8),
        _ => None,
    };
    if let Some(remote) = remote {
        record.remote_address = remote;
        record.remote_port = u16::from_be(port);
    }
}
