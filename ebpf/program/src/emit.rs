//! Records -> ring. Takes: a record and where its payload lies in the program's memory. Gives: it to the reader, or counts it.

use aya_ebpf::bindings::BPF_RB_NO_WAKEUP;
use aya_ebpf::helpers::generated::bpf_probe_read_user;
use weir_ebpf_common::{Counter, Event, NAME, PIECE, RECORD_SIZES, Record, TLS};

use crate::kernel::read_user;
use crate::maps::{RECORDS, count, count_atomically};
use crate::message::{Vector, Work};

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
#[inline(always)]
pub fn put(work: *mut Work, address: u64) {
    // SAFETY: the caller's pointer is to a record of its own.
    let captured = unsafe { (&raw const (*work).record.captured).read_volatile() } as usize;
    if captured <= RECORD_SIZES[0] {
        put_sized::<{ RECORD_SIZES[0] }>(work, address);
    } else if captured <= RECORD_SIZES[1] {
        put_sized::<{ RECORD_SIZES[1] }>(work, address);
    } else {
        put_sized::<PIECE>(work, address);
    }
}

/// Counts in the way of the program whose work it is: what is told of TLS is told at probes.
#[inline(always)]
fn counted(work: *mut Work, counter: Counter, number: u64) {
    // SAFETY: the caller's pointer is to a record of its own.
    if unsafe { (&raw const (*work).record.socket).read_volatile() } & TLS == 0 {
        count(counter, number);
    } else {
        count_atomically(counter, number);
    }
}

const HEAD: usize = size_of::<Record>();

#[inline(always)]
fn put_sized<const ROOM: usize>(work: *mut Work, address: u64) {
    let Some(mut entry) = RECORDS.reserve_bytes(HEAD + ROOM, 0) else {
        return counted(work, Counter::RingFull, 1);
    };
    let start = entry.as_mut_ptr();
    // SAFETY: the caller's record, and an entry that begins with room for one, at eight bytes' alignment.
    let record = unsafe {
        let record = start.cast::<Record>();
        core::ptr::copy_nonoverlapping(&raw const (*work).record, record, 1);
        record
    };
    // SAFETY: as above.
    let captured = at_most::<ROOM>(unsafe { (*record).captured });
    if captured > 0 {
        // SAFETY: `captured` is at most ROOM, and the entry has room for so much behind its head; the helper checks the address.
        let failed =
            unsafe { bpf_probe_read_user(start.add(HEAD).cast(), captured, address as *const _) } != 0;
        if failed {
            // Swapped out, or taken away by another thread: the bytes are lost, their place in the stream is not.
            // SAFETY: as above.
            unsafe { (*record).captured = 0 };
            counted(work, Counter::Unreadable, 1);
        }
    }
    // The reader comes by itself every few milliseconds: waking it would cost the program a microsecond.
    entry.submit(u64::from(BPF_RB_NO_WAKEUP));
}

/// Bytes of several buffers that are put into one record: a head and a small body, as servers write them at once. The record has room
/// for twice as many, as the verifier does not know that a place and a length add up to no more.
pub const GATHERED: usize = RECORD_SIZES[1] / 2;

/// Buffers that may be.
pub const GATHERED_BUFFERS: u64 = 8;

/// Hands over `total` bytes, [`GATHERED`] at most, from buffers that lie apart.
#[inline(always)]
pub fn put_gathered(work: *mut Work, vector: u64, vectors: u64, total: u32) {
    let Some(mut entry) = RECORDS.reserve_bytes(HEAD + 2 * GATHERED, 0) else {
        return counted(work, Counter::RingFull, 1);
    };
    let start = entry.as_mut_ptr();
    let mut filled = 0;
    for index in 0..GATHERED_BUFFERS {
        if index >= vectors || filled >= total {
            break;
        }
        let Some(next) = read_user::<Vector>(vector + index * size_of::<Vector>() as u64) else { break };
        let left = u64::from(total - filled);
        let length = at_most::<GATHERED>(if next.length < left { next.length as u32 } else { left as u32 });
        let place = at_most::<GATHERED>(filled) as usize;
        if length > 0 {
            // SAFETY: place and length are GATHERED at most, and the entry has room for twice as much behind its head.
            let failed =
                unsafe { bpf_probe_read_user(start.add(HEAD + place).cast(), length, next.base as *const _) };
            if failed != 0 {
                break;
            }
        }
        filled += length;
    }
    if filled < total {
        counted(work, Counter::Unreadable, 1);
    }
    // SAFETY: as in `put_sized`.
    unsafe {
        let record = start.cast::<Record>();
        core::ptr::copy_nonoverlapping(&raw const (*work).record, record, 1);
        (*record).length = total;
        (*record).captured = filled;
    }
    entry.submit(u64::from(BPF_RB_NO_WAKEUP));
}

/// The number, which the kernel's verifier then knows to be at most `ROOM`. The compiler knows it already from the branch that led
/// here and would leave the comparison out.
#[inline(always)]
fn at_most<const ROOM: usize>(number: u32) -> u32 {
    let mut number = u64::from(number);
    // SAFETY: no instruction at all; only the compiler forgets what it knows.
    unsafe { core::arch::asm!("/* {0} */", inout(reg) number, options(nomem, nostack, preserves_flags)) };
    if number > ROOM as u64 {
        number = ROOM as u64;
    }
    number as u32
}
