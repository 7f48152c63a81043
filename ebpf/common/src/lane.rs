//! A processor's own way to the reader: memory that both see, and that only programs on this processor write records to.

use crate::{PIECE, RECORD_SIZES, Record, WAKE_BYTES};

/// Records of one processor, one behind the other; each with its payload, and as many bytes behind it as a multiple of eight needs.
///
/// Positions only grow; a position's place in `bytes` is its remainder by [`LANE_BYTES`]. A record that begins before that goes on behind
/// it, where there is room for the largest one.
#[repr(C, align(8))]
pub struct Lane {
    /// Position behind the last record that is whole.
    pub written: u64,
    /// What `read` was when a program last looked at it.
    pub known_read: u64,
    /// Not zero: a program is writing a record.
    pub busy: u32,
    /// Bytes that were written since the reader was woken, see [`Lane::announced`].
    pub unannounced: u32,
    own_line: [u64; 5],
    /// Position up to which the reader has read. A cache line of its own: it moves from processor to processor each time that the reader has
    /// written it and a program looks at it, which a program would wait for.
    pub read: u64,
    readers_line: [u64; 7],
    /// Records.
    pub bytes: [u8; LANE_BYTES + Lane::LARGEST],
}

/// Bytes of records that wait in a lane: more than wake the reader ([`crate::WAKE_BYTES`]), as it takes a while until it comes. What finds no
/// room goes into the ring, which all processors have together.
pub const LANE_BYTES: usize = 256 << 10;

// What `place` and the wake-up rest on.
const _: () = assert!(LANE_BYTES.is_power_of_two() && LANE_BYTES > WAKE_BYTES as usize + Lane::LARGEST);

/// Processors that have a lane at most: 33 MiB in all, which count as resident memory of the reader. What those beyond carry goes into
/// the ring.
pub const LANES: usize = 128;

impl Lane {
    /// Bytes of a lane. The kernel places them one behind the other.
    pub const SIZE: usize = size_of::<Self>();

    /// Bytes of the largest record.
    pub const LARGEST: usize = Record::SIZE + PIECE;

    /// Where in [`Lane::bytes`] the record of a position begins.
    #[inline(always)]
    #[must_use]
    pub const fn place(position: u64) -> usize {
        // All positions are multiples of eight, which the kernel's verifier does not know.
        position as usize & (LANE_BYTES - 8)
    }

    /// Bytes that a record takes which has so much payload.
    #[inline(always)]
    #[must_use]
    pub const fn taken(captured: u32) -> u64 {
        (Record::SIZE as u64 + captured as u64 + 7) & !7
    }

    /// As how many bytes such a record counts when the reader is to be woken: at least as what the ring takes for it, as the reader has as
    /// much to do with a record of few bytes.
    #[inline(always)]
    #[must_use]
    pub const fn announced(taken: u64) -> u32 {
        const LEAST: u32 = (Record::SIZE + RECORD_SIZES[0]) as u32;
        if taken as u32 > LEAST { taken as u32 } else { LEAST }
    }
}
