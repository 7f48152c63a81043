//! Records -> ring. Takes: a record and where its payload lies in the program's memory. Gives: it to the reader, or counts it.

use aya_ebpf::bindings::BPF_RB_NO_WAKEUP;
use aya_ebpf::helpers::generated::bpf_probe_read_user;
use weir_ebpf_common::{Counter, Event, NAME, PIECE, RECORD_SIZES, Record, TLS};

use crate::maps::{RECORDS, count, count_atomically};
use crate::message::Work;

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
