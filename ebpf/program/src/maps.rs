//! What the programs share with the loader.

use aya_ebpf::EbpfContext;
use aya_ebpf::bindings::{BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP};
use aya_ebpf::helpers::bpf_get_current_pid_tgid;
use aya_ebpf::macros::map;
use aya_ebpf::maps::{Array, HashMap, LruHashMap, PerCpuArray, ProgramArray, RingBuf};
use weir_ebpf_common::{Counter, LISTED, Offsets, Record, Settings, UNWANTED_PLACES, unwanted_place};

use crate::ends::Ends;
use crate::go::GoCall;
use crate::message::Work;
use crate::tls::{Connection, Inside, Object};

/// A member of [`Offsets`] as the loader set it: the kernel knows it as a constant.
macro_rules! offset {
    ($member:ident) => {
        // SAFETY: a static of this program; volatile, as the loader changes it before the kernel sees it.
        unsafe { core::ptr::read_volatile(&raw const $crate::maps::OFFSETS.$member) as usize }
    };
}
pub(crate) use offset;

/// A member of [`Settings`], in the same way.
macro_rules! setting {
    ($member:ident $([$index:expr])?) => {
        // SAFETY: as in `offset`.
        unsafe { core::ptr::read_volatile(&raw const $crate::maps::SETTINGS.$member $([$index])?) }
    };
}
pub(crate) use setting;

/// The loader sets its size.
#[map]
pub static RECORDS: RingBuf = RingBuf::with_byte_size(1 << 20, 0);

/// Bytes that were put into the ring since the reader was woken, by processor.
#[map]
static PUT: PerCpuArray<u32> = PerCpuArray::with_max_entries(1, 0);

#[map]
static COUNTERS: PerCpuArray<u64> = PerCpuArray::with_max_entries(Counter::ALL.len() as u32, 0);

/// The call that is being told, one a processor.
#[map]
static WORK: PerCpuArray<Work> = PerCpuArray::with_max_entries(1, 0);

/// The same by thread, for kernels where others may have the processor before it is told. More threads than are ever in a program at once.
#[map]
static WORKS: LruHashMap<u64, Work> = LruHashMap::with_max_entries(1 << 10, 0);

/// What a thread's entry begins with.
#[unsafe(no_mangle)]
static NO_WORK: Work = Work::EMPTY;

/// Threads whose present call the first of two programs was shown. More than are ever between both at once.
#[map]
pub static SHOWN: LruHashMap<u64, u32> = LruHashMap::with_max_entries(1 << 12, 0);

/// Where the present thread's call is told, in a program at a tracepoint. It is the same place until the program ends.
#[inline(always)]
pub fn work() -> Option<*mut Work> {
    if setting!(preemptible) == 0 {
        return WORK.get_ptr_mut(0);
    }
    let thread = bpf_get_current_pid_tgid();
    if let Some(work) = WORKS.get_ptr_mut(thread) {
        return Some(work);
    }
    WORKS.insert(thread, &NO_WORK, 0).ok()?;
    WORKS.get_ptr_mut(thread)
}

/// How many messages of its present call a thread has carried.
#[map]
pub static MESSAGES_DONE: LruHashMap<u64, u64> = LruHashMap::with_max_entries(4096, 0);

/// Both ends of the datagram that a thread is receiving.
#[map]
pub static ENDS: LruHashMap<u64, Ends> = LruHashMap::with_max_entries(4096, 0);

/// The loader's process id: where a program puts it that found it, and where the loader puts it when everything is in place. Programs are
/// placed one after the other, and what is sent must not be told without what is received.
#[map]
pub static LOADER: Array<u32> = Array::with_max_entries(2, 0);

/// Numbers of sockets that no plugin wants, each at the place that its last bits name: a look costs as much as one at a variable, and as
/// numbers are given one after the other, few take another's place. Who loses its place is asked about anew.
#[map]
static UNWANTED: Array<u64> = Array::with_max_entries(UNWANTED_PLACES, 0);

/// No plugin wants what this socket carries.
#[inline(always)]
pub fn is_unwanted(socket: u64) -> bool {
    UNWANTED.get(unwanted_place(socket)).is_some_and(|unwanted| *unwanted == socket)
}

/// Threads that are in a call of a TLS library, by process and thread id. A thread that was killed in one leaves its entry behind, so
/// the one that was used longest ago makes room.
#[map]
pub static INSIDE: LruHashMap<u64, Inside> = LruHashMap::with_max_entries(1 << 14, 0);

/// Which socket a TLS library's object belongs to; not every program frees its objects before it ends.
#[map]
pub static CONNECTIONS: LruHashMap<Object, Connection> = LruHashMap::with_max_entries(1 << 16, 0);

/// Goroutines that are in a call, by address of their `g`.
#[map]
pub static GOROUTINES: LruHashMap<Object, GoCall> = LruHashMap::with_max_entries(1 << 14, 0);

/// What a goroutine of an HTTP/2 server or client is telling, by address of its `g`.
#[map]
pub static HTTP2_RECORDS: LruHashMap<Object, Record> = LruHashMap::with_max_entries(1 << 12, 0);

/// Processes that are Go programs, with the offset of a goroutine's number. More would be seen without it.
#[map]
pub static GO_PROCESSES: HashMap<u32, u32> = HashMap::with_max_entries(1 << 12, 0);

/// Processes that have begun to run a program, or mapped a TLS library: where probes may be wanted.
#[map]
pub static MAPPED: RingBuf = RingBuf::with_byte_size(1 << 16, 0);

#[map]
pub static PROCESSES: HashMap<u32, u8> = HashMap::with_max_entries(LISTED, 0);
#[map]
pub static CGROUPS: HashMap<u64, u8> = HashMap::with_max_entries(LISTED, 0);
#[map]
pub static PORTS: HashMap<u16, u8> = HashMap::with_max_entries(LISTED, 0);

#[unsafe(no_mangle)]
pub static OFFSETS: Offsets = Offsets::ZERO;

#[unsafe(no_mangle)]
pub static SETTINGS: Settings = Settings::ZERO;

/// Programs to go on with: none.
#[map]
static NOWHERE: ProgramArray = ProgramArray::with_max_entries(1, 0);

/// For programs at probes of user space: has the kernel give each thread that is in one a stack of its own.
///
/// Since Linux 6.13 programs with a stack of 64 bytes or more get one by processor, not by thread. The kernel takes care that a program at a
/// tracepoint is not in it twice; of one at a probe of user space it does not, though that may lose its processor at any time. Two
/// threads then write to one stack, and a pointer that the verifier has checked is another one's: the kernel breaks. (Seen on 7.3.)
/// Programs with a tail call get none, so here is one. It is never done: the verifier knows the setting, and takes it out.
#[inline(always)]
pub fn keep_own_stack(context: &impl EbpfContext) {
    if setting!(capture_limit) == u32::MAX {
        // SAFETY: no program is there, so it goes on.
        unsafe { NOWHERE.tail_call(context, 0) };
    }
}

/// With which an entry of `size` bytes is submitted to the ring: every so many bytes wake the reader, who comes by itself otherwise. To
/// wake it for each entry would cost the program a microsecond a time.
#[inline(always)]
pub fn submit_flags(size: usize) -> u64 {
    let Some(place) = PUT.get_ptr_mut(0) else { return u64::from(BPF_RB_NO_WAKEUP) };
    let wake_bytes = setting!(wake_bytes);
    // SAFETY: the map's own memory, of this processor; who loses it in between wakes the reader somewhat sooner or later.
    let wakes = unsafe {
        let put = *place + size as u32;
        let wakes = put >= wake_bytes;
        *place = if wakes { 0 } else { put };
        wakes
    };
    u64::from(if wakes { BPF_RB_FORCE_WAKEUP } else { BPF_RB_NO_WAKEUP })
}

/// Counts, in a program at a tracepoint: on most kernels nothing on its processor interrupts it but others that count elsewhere.
#[inline(always)]
pub fn count(counter: Counter, number: u64) {
    if setting!(preemptible) != 0 {
        return count_atomically(counter, number);
    }
    if let Some(place) = COUNTERS.get_ptr_mut(counter as u32) {
        // SAFETY: the map's own memory, of this processor.
        unsafe { *place = (*place).wrapping_add(number) };
    }
}

/// Counts, in a program that may lose its processor to any other one meanwhile: those at probes of user space.
#[inline(always)]
pub fn count_atomically(counter: Counter, number: u64) {
    if let Some(place) = COUNTERS.get_ptr_mut(counter as u32) {
        // SAFETY: the map's own memory. The compiler knows no atomic addition for this target, the kernel does.
        unsafe {
            core::arch::asm!("lock *(u64 *)({0} + 0) += {1}", in(reg) place, in(reg) number, options(nostack));
        }
    }
}
