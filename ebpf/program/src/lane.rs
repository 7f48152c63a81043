//! Records -> the lane of the present processor. Takes: a record and where its payload lies in the program's memory. Gives: it to the
//! reader, or says that there is no room, so that it goes into the ring that all processors have together.
//!
//! A lane needs neither lock nor atomic instruction: a program at a tracepoint keeps its processor until it ends, on kernels where that is
//! known; on others nothing has a lane. An interrupt in between comes to its end before the program goes on, and a mark keeps it out.

use aya_ebpf::bindings::{BPF_F_MMAPABLE, BPF_RB_FORCE_WAKEUP};
use aya_ebpf::helpers::bpf_get_smp_processor_id;
use aya_ebpf::helpers::generated::bpf_probe_read_user;
use aya_ebpf::macros::map;
use aya_ebpf::maps::Array;
use weir_ebpf_common::{Counter, LANE_BYTES, Lane, PIECE, Record, WAKE_BYTES};

use crate::emit::{self, GATHERED, HEAD, Places, at_most, hidden};
use crate::maps::{RECORDS, count, setting};

/// By number of the processor. The loader sets how many have one.
#[map]
static LANES: Array<Lane> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Room for the largest record, at the end of a lane. Who has it must publish it.
#[must_use]
pub struct Room {
    lane: *mut Lane,
    position: u64,
    start: *mut u8,
}

/// A word of a lane, read or written as it is in memory now: it is shared with the reader, or with a program that this one interrupted.
macro_rules! word {
    ($lane:ident.$member:ident) => {
        // SAFETY: the map's memory.
        unsafe { (&raw const (*$lane).$member).read_volatile() }
    };
    ($lane:ident.$member:ident = $value:expr) => {{
        let value = $value;
        // SAFETY: the map's memory.
        unsafe { (&raw mut (*$lane).$member).write_volatile(value) }
    }};
}

/// None: the present processor has no lane, or it is full, or a program that was interrupted has it.
#[inline(always)]
pub fn room() -> Option<Room> {
    const MOST: u64 = (LANE_BYTES - Lane::LARGEST) as u64;
    if setting!(preemptible) != 0 {
        return None;
    }
    // SAFETY: takes nothing and can not fail.
    let lane = LANES.get_ptr_mut(unsafe { bpf_get_smp_processor_id() } as u32)?;
    if word!(lane.busy) != 0 {
        return None;
    }
    let position = word!(lane.written);
    if position.wrapping_sub(word!(lane.known_read)) > MOST {
        let read = word!(lane.read);
        word!(lane.known_read = read);
        if position.wrapping_sub(read) > MOST {
            return None;
        }
    }
    word!(lane.busy = 1);
    // SAFETY: behind each place of a lane there is room for the largest record.
    let start = unsafe { (&raw mut (*lane).bytes).cast::<u8>().add(Lane::place(hidden(position))) };
    Some(Room { lane, position, start })
}

impl Room {
    /// Hands the record over, with `record.captured` bytes from `address`, [`PIECE`] at most.
    #[inline(always)]
    pub fn put(self, record: &Record, address: u64) {
        let captured = at_most::<PIECE>(record.captured);
        let payload = self.write(record);
        if captured == 0 {
            return self.publish(0);
        }
        // SAFETY: `captured` is at most PIECE, and there is room for so much behind the head; the helper checks the address.
        let failed = unsafe { bpf_probe_read_user(payload.cast(), captured, address as *const _) } != 0;
        if !failed {
            return self.publish(captured);
        }
        // As in the ring: the bytes are lost, their place in the stream is not.
        count(Counter::Unreadable, 1);
        self.write_captured(0);
        self.publish(0);
    }

    /// Hands the record over with all of its `length` bytes, [`GATHERED`] at most, from `vectors` buffers that lie apart.
    #[inline(always)]
    pub fn put_gathered(self, record: &Record, vector: u64, vectors: u64, places: &mut Places) {
        let payload = self.write(record);
        // SAFETY: there is room for a PIECE, which is more than twice as much.
        let filled = unsafe { emit::gather::<GATHERED>(record, payload, vector, vectors, places) };
        self.write_captured(filled);
        self.publish(filled);
    }

    /// Gives the place of the payload.
    #[inline(always)]
    fn write(&self, record: &Record) -> *mut u8 {
        // SAFETY: there is room for it, and positions are multiples of eight.
        unsafe { self.start.cast::<Record>().write(*record) };
        // SAFETY: there is room behind it.
        unsafe { self.start.add(HEAD) }
    }

    #[inline(always)]
    fn write_captured(&self, captured: u32) {
        // SAFETY: as in `write`.
        unsafe { (&raw mut (*self.start.cast::<Record>()).captured).write_volatile(captured) };
    }

    /// The reader may have the record, which has so much payload. It sees what was written before, too: processors of this kind (x86-64)
    /// show what they write in order.
    #[inline(always)]
    fn publish(self, captured: u32) {
        let lane = self.lane;
        let taken = Lane::taken(captured);
        word!(lane.written = self.position.wrapping_add(taken));
        word!(lane.busy = 0);
        let unannounced = word!(lane.unannounced) + Lane::announced(taken);
        if unannounced < WAKE_BYTES {
            return word!(lane.unannounced = unannounced);
        }
        word!(lane.unannounced = 0);
        // Without room in the ring its reader was woken already.
        if let Some(nothing) = RECORDS.reserve_bytes(size_of::<u64>(), 0) {
            nothing.discard(BPF_RB_FORCE_WAKEUP.into());
        }
    }
}
