//! Records -> the ring that all processors have together; see [`crate::lane`] for what most calls carry.
//!
//! Takes: a record and where its payload lies in the program's memory. Gives: it to the reader, or counts it.

use aya_ebpf::helpers::generated::bpf_probe_read_user;
use weir_ebpf_common::{Counter, Event, NAME, PIECE, RECORD_SIZES, Record, TLS};

use crate::maps::{RECORDS, count, count_atomically, submit_flags};
use crate::message::Vector;

/// A record that tells nothing yet.
#[inline(always)]
pub const fn empty(event: Event) -> Record {
    Record {
        time: 0,
        socket: 0,
        process_thread: 0,
        coroutine: 0,
        local_address: [0; 16],
        remote_address: [0; 16],
        local_port: 0,
        remote_port: 0,
        family: 0,
        flags: 0,
        protocol: 0,
        event: event as u8,
        sequence: 0,
        acknowledgment: 0,
        length: 0,
        captured: 0,
        name: [0; NAME],
    }
}

/// Hands the record over, with `record.captured` bytes from `address`.
///
/// A record that was made just now goes from the registers right into the ring: where it was put together in a map first, the
/// processor waited for the map's memory, and for all that it had written before.
///
/// `record` is readable. It is no reference: what that points to can not change, so the compiler reads all of it early and keeps it on the
/// stack, of which programs and the functions that they call have 512 bytes together.
#[inline(always)]
pub fn put(record: *const Record, address: u64) {
    // SAFETY: the caller's. Volatile, as the verifier follows a number that the compiler remembers from before a loop.
    let captured = unsafe { (&raw const (*record).captured).read_volatile() } as usize;
    if captured <= RECORD_SIZES[0] {
        put_sized::<{ RECORD_SIZES[0] }>(record, address);
    } else if captured <= RECORD_SIZES[1] {
        put_sized::<{ RECORD_SIZES[1] }>(record, address);
    } else {
        put_sized::<PIECE>(record, address);
    }
}

/// Counts in the way of the program whose record it is: what is told of TLS is told at probes.
#[inline(always)]
fn counted(record: *const Record, counter: Counter, number: u64) {
    // SAFETY: the caller's.
    if unsafe { (*record).socket } & TLS == 0 {
        count(counter, number);
    } else {
        count_atomically(counter, number);
    }
}

pub const HEAD: usize = size_of::<Record>();

#[inline(always)]
fn put_sized<const ROOM: usize>(record: *const Record, address: u64) {
    let Some(mut entry) = RECORDS.reserve_bytes(HEAD + ROOM, 0) else {
        return counted(record, Counter::RingFull, 1);
    };
    let start = entry.as_mut_ptr();
    // SAFETY: the caller's.
    let captured = at_most::<ROOM>(unsafe { (*record).captured });
    // SAFETY: an entry begins with room for a record, at eight bytes' alignment.
    unsafe { start.cast::<Record>().copy_from_nonoverlapping(record, 1) };
    if captured > 0 {
        // SAFETY: `captured` is at most ROOM, and the entry has room for so much behind its head; the helper checks the address.
        let failed =
            unsafe { bpf_probe_read_user(start.add(HEAD).cast(), captured, address as *const _) } != 0;
        if failed {
            // Swapped out, or taken away by another thread: the bytes are lost, their place in the stream is not.
            // SAFETY: as above.
            unsafe { (*start.cast::<Record>()).captured = 0 };
            counted(record, Counter::Unreadable, 1);
        }
    }
    entry.submit(submit_flags(HEAD + ROOM));
}

/// Bytes of several buffers that are put into one record: a head and a small body, as servers write them at once. A record has room for
/// twice as many, as the verifier does not know that a place and a length add up to no more.
pub const GATHERED: usize = 512;

/// Buffers that may be.
pub const GATHERED_BUFFERS: usize = 4;

/// Where they lie.
pub type Places = [Vector; GATHERED_BUFFERS];

/// Hands the record over with all of its `length` bytes, [`GATHERED`] at most, from `vectors` buffers that lie apart.
#[inline(always)]
pub fn put_gathered(record: &Record, vector: u64, vectors: u64, places: &mut Places) {
    if record.length as usize <= GATHERED / 2 {
        put_gathered_sized::<{ GATHERED / 2 }, GATHERED>(record, vector, vectors, places);
    } else {
        put_gathered_sized::<GATHERED, { 2 * GATHERED }>(record, vector, vectors, places);
    }
}

#[inline(always)]
fn put_gathered_sized<const MOST: usize, const ROOM: usize>(
    record: &Record,
    vector: u64,
    vectors: u64,
    places: &mut Places,
) {
    let Some(mut entry) = RECORDS.reserve_bytes(HEAD + ROOM, 0) else {
        return counted(record, Counter::RingFull, 1);
    };
    let start = entry.as_mut_ptr();
    // SAFETY: as in `put_sized`.
    unsafe { start.cast::<Record>().write(*record) };
    // SAFETY: the entry has room for ROOM bytes behind its head, which is twice MOST.
    let filled = unsafe { gather::<MOST>(record, start.add(HEAD), vector, vectors, places) };
    // SAFETY: as above.
    unsafe { (*start.cast::<Record>()).captured = filled };
    entry.submit(submit_flags(HEAD + ROOM));
}

/// Copies the first `record.length` bytes of so many buffers to `payload`, and gives how many they are: fewer where one can not be read.
///
/// # Safety
/// There has to be room for twice `MOST`.
#[inline(always)]
pub unsafe fn gather<const MOST: usize>(
    record: &Record,
    payload: *mut u8,
    vector: u64,
    vectors: u64,
    places: &mut Places,
) -> u32 {
    let size = at_most::<{ size_of::<Places>() }>(vectors as u32 * size_of::<Vector>() as u32);
    // SAFETY: `size` is at most that of the places; the helper checks the address.
    let unknown = unsafe { bpf_probe_read_user((&raw mut *places).cast(), size, vector as *const _) } != 0;
    let total = record.length;
    let mut filled = 0;
    for (index, next) in places.iter().enumerate() {
        if unknown || index as u64 >= vectors || filled >= total {
            break;
        }
        let left = u64::from(total - filled);
        let length = at_most::<MOST>(if next.length < left { next.length as u32 } else { left as u32 });
        let place = at_most::<MOST>(filled) as usize;
        if length > 0 {
            // SAFETY: place and length are MOST at most, and there is room for twice as much.
            let failed =
                unsafe { bpf_probe_read_user(payload.add(place).cast(), length, next.base as *const _) };
            if failed != 0 {
                break;
            }
        }
        filled += length;
    }
    if filled < total {
        counted(record, Counter::Unreadable, 1);
    }
    filled
}

/// The number, which the kernel's verifier then knows to be at most `ROOM`. The compiler knows it already from the branch that led
/// here and would leave the comparison out.
#[inline(always)]
pub fn at_most<const ROOM: usize>(number: u32) -> u32 {
    let number = hidden(number.into());
    if number > ROOM as u64 { ROOM as u32 } else { number as u32 }
}

/// The compiler forgets what it knows of a number.
#[inline(always)]
pub fn hidden(mut number: u64) -> u64 {
    // SAFETY: no instruction at all.
    unsafe { core::arch::asm!("/* {0} */", inout(reg) number, options(nomem, nostack, preserves_flags)) };
    number
}
