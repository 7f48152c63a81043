//! The lanes of the processors -> records, lane by lane. Takes: the memory of the kernel's map. Gives: each lane's next record, and its place
//! back to the kernel.
//!
//! One of the places with unsafe code (ARCHITECTURE.md): a record is read where the kernel has written it.
#![allow(unsafe_code)]

use std::io;
use std::mem::offset_of;
use std::os::fd::BorrowedFd;
use std::sync::atomic::Ordering;

use weir_ebpf_common::{LANE_BYTES, Lane, PIECE, Record};

use crate::mapped::Mapped;

/// The lanes, by number of the processor.
#[derive(Debug)]
pub(super) struct Lanes {
    memory: Mapped,
    positions: Vec<Position>,
}

/// How far a lane is read.
#[derive(Clone, Copy, Debug, Default)]
struct Position {
    /// What stands before was read.
    read: u64,
    /// What stands before may be read: at most so much more as there is room for.
    written: u64,
}

impl Lanes {
    /// So many lanes, which the map begins with.
    pub(super) fn new(map: BorrowedFd<'_>, number: usize) -> io::Result<Self> {
        let memory = Mapped::new(map, number * Lane::SIZE)?;
        Ok(Self { memory, positions: vec![Position::default(); number] })
    }

    pub(super) fn number(&self) -> usize {
        self.positions.len()
    }

    /// What was written until now may be read.
    pub(super) fn look(&mut self) {
        for (lane, position) in self.positions.iter_mut().enumerate() {
            let at = lane * Lane::SIZE + offset_of!(Lane, written);
            let written = self.memory.long_word(at).load(Ordering::Acquire);
            position.written = position.read + written.wrapping_sub(position.read).min(LANE_BYTES as u64);
        }
    }

    /// The lane's next record, with its payload.
    pub(super) fn peek(&self, lane: usize) -> Option<&[u8]> {
        let position = self.positions.get(lane)?;
        if position.read >= position.written {
            return None;
        }
        let from = lane * Lane::SIZE + offset_of!(Lane, bytes) + Lane::place(position.read);
        // SAFETY: the kernel writes nothing from `read`, as it was given to it, up to `written`; what lies behind is left out below.
        let room = unsafe { self.memory.bytes(from..from + Lane::LARGEST) };
        let captured = Record::captured_of(room)?.min(PIECE as u32);
        room.get(..Record::SIZE + captured as usize)
    }

    /// The lane's next record was read.
    pub(super) fn advance(&mut self, lane: usize) {
        let Some(captured) = self.peek(lane).map(|record| record.len() - Record::SIZE) else { return };
        let Some(position) = self.positions.get_mut(lane) else { return };
        position.read = (position.read + Lane::taken(captured as u32)).min(position.written);
    }

    /// The kernel may write where records were read. Once for many: its programs would wait for what is written here for each record.
    pub(super) fn give_back(&self) {
        for (lane, position) in self.positions.iter().enumerate() {
            let at = lane * Lane::SIZE + offset_of!(Lane, read);
            self.memory.long_word(at).store(position.read, Ordering::Release);
        }
    }
}
