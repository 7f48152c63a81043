//! pcapng: sections of blocks. Takes bytes, gives places of frames. Does not do: reading; name resolution, statistics and
//! decryption secrets, whose blocks are left out like every block of a type that is not known.
//!
//! Source: draft-ietf-opsawg-pcapng, sections 3 (block), 4.1 (section header), 4.2 (interface), 4.3 (enhanced packet),
//! 4.4 (simple packet), and appendix A (obsolete packet).

mod interface;

use self::interface::Interface;
use super::format::{ByteOrder, Fault, LONGEST_FRAME, LONGEST_WHOLE, too_long, words_at};
use crate::block::FrameAt;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// A longer block means that the length is wrong: Wireshark's limit too, and its largest real ones are blocks of names or secrets.
const LONGEST_BLOCK: u32 = 16 << 20;

/// The obsolete packet block has 16 bits for an interface; more of them only cost memory.
const MOST_INTERFACES: usize = 1 << 16;

/// What must be remembered from block to block.
#[derive(Debug, Default)]
pub(super) struct PcapNg {
    order: ByteOrder,
    /// Of the current section.
    interfaces: Vec<Interface>,
    /// A block that is left out and did not fit in the buffer.
    leaving_out: Option<LeavingOut>,
    /// Simple packet blocks have no time: they get that of the frame before.
    last_time: u64,
    skipped_frames: u64,
    skipped_link: u32,
}

/// Where in a block that is left out.
#[derive(Debug)]
struct LeavingOut {
    length: u32,
    done: u32,
}

/// Words that every packet block begins with, in the meaning of one of them.
struct Packet {
    interface: usize,
    ticks: Option<u64>,
    /// Where the captured bytes start, from the start of the block.
    header: u32,
    length: u32,
    wire_length: u32,
}

impl PcapNg {
    /// The type of a section header block, the same in both byte orders.
    pub(super) const MAGIC: [u8; 4] = SECTION_HEADER.to_le_bytes();

    /// See [`super::format::Format::scan`].
    pub(super) fn scan(&mut self, bytes: &[u8], frames: &mut Vec<FrameAt>) -> Result<usize, (usize, Fault)> {
        let mut at = self.leave_out(bytes)?;
        while self.leaving_out.is_none() {
            let Some(head) = words_at::<2>(bytes, at) else { break };
            let kind = self.order.u32(head[0]);
            if kind == SECTION_HEADER {
                // The length can only be read once the byte order is known.
                let Some(magic) = words_at::<1>(bytes, at + 8) else { break };
                self.order = section_order(magic[0]).map_err(|fault| (at, fault))?;
            }
            let length = self.order.u32(head[1]);
            check_length(kind, length).map_err(|fault| (at, fault))?;
            let end = at + length as usize;
            if let Some(block) = bytes.get(at..end) {
                self.check_trailer(block, length).map_err(|fault| (at, fault))?;
                self.block(kind, block, at, frames).map_err(|fault| (at, fault))?;
                at = end;
            } else if is_read(kind) {
                break;
            } else {
                self.leaving_out = Some(LeavingOut { length, done: 0 });
                at += self.leave_out(&bytes[at..]).map_err(|(behind, fault)| (at + behind, fault))?;
            }
        }
        Ok(at)
    }

    /// See [`super::format::Format::inside_block`].
    pub(super) fn inside_block(&self) -> u64 {
        self.leaving_out.as_ref().map_or(0, |block| u64::from(block.done))
    }

    /// See [`super::format::Format::skipped`].
    pub(super) fn skipped(&self) -> (u64, u32) {
        (self.skipped_frames, self.skipped_link)
    }

    /// Goes on leaving out a block; its last word tells whether the length was right.
    fn leave_out(&mut self, bytes: &[u8]) -> Result<usize, (usize, Fault)> {
        let Some(block) = &mut self.leaving_out else { return Ok(0) };
        let body = (block.length - 4 - block.done) as usize;
        if bytes.len() < body + 4 {
            let dropped = body.min(bytes.len());
            block.done += dropped as u32;
            return Ok(dropped);
        }
        let length = block.length;
        self.leaving_out = None;
        self.check_trailer(&bytes[..body + 4], length).map_err(|fault| (body, fault))?;
        Ok(body + 4)
    }

    fn check_trailer(&self, block: &[u8], length: u32) -> Result<(), Fault> {
        let again = block.last_chunk::<4>().map(|bytes| self.order.u32(*bytes));
        if again == Some(length) {
            return Ok(());
        }
        Err(Fault::Corrupt(format!(
            "a block has the length {length} before and {} behind it",
            again.unwrap_or(0)
        )))
    }

    #[inline]
    fn block(&mut self, kind: u32, block: &[u8], at: usize, frames: &mut Vec<FrameAt>) -> Result<(), Fault> {
        let packet = match kind {
            ENHANCED_PACKET => self.enhanced(block),
            OBSOLETE_PACKET => self.obsolete(block),
            SIMPLE_PACKET => self.simple(block)?,
            INTERFACE => return self.add_interface(block),
            SECTION_HEADER => {
                self.interfaces.clear();
                return self.check_version(block);
            }
            _ => return Ok(()),
        };
        let packet =
            packet.ok_or_else(|| Fault::Corrupt("a packet block is shorter than its header".into()))?;
        self.packet(&packet, block.len(), at, frames)
    }

    #[inline]
    fn packet(
        &mut self,
        packet: &Packet,
        block: usize,
        at: usize,
        frames: &mut Vec<FrameAt>,
    ) -> Result<(), Fault> {
        let Packet { interface, length, .. } = *packet;
        if length > LONGEST_FRAME {
            return Err(too_long(length));
        }
        if (packet.header + length) as usize > block - 4 {
            return Err(Fault::Corrupt(format!("a frame of {length} bytes stands in a block of {block}")));
        }
        let Some(interface) = self.interfaces.get(interface) else {
            return Err(Fault::Corrupt(format!(
                "a frame is of interface {interface}, which is not described before"
            )));
        };
        let time = packet.ticks.map_or(self.last_time, |ticks| interface.time(ticks));
        self.last_time = time;
        let Some(link) = interface.link else {
            self.skipped_frames += 1;
            self.skipped_link = interface.link_number;
            return Ok(());
        };
        frames.push(FrameAt {
            time,
            offset: at as u32 + packet.header,
            length,
            wire_length: packet.wire_length.max(length),
            link,
        });
        Ok(())
    }

    #[inline]
    fn enhanced(&self, block: &[u8]) -> Option<Packet> {
        let [interface, high, low, length, wire_length] = self.order.words(words_at(block, 8)?);
        let ticks = Some(u64::from(high) << 32 | u64::from(low));
        Some(Packet { interface: interface as usize, ticks, header: 28, length, wire_length })
    }

    /// As the enhanced packet block, but the interface has 16 bits and a drop count behind it.
    fn obsolete(&self, block: &[u8]) -> Option<Packet> {
        let [a, b, ..] = words_at::<1>(block, 8)?[0];
        Some(Packet { interface: usize::from(self.order.u16([a, b])), ..self.enhanced(block)? })
    }

    /// Of the first interface, whose snap length tells how much of the block is frame and how much padding.
    fn simple(&self, block: &[u8]) -> Result<Option<Packet>, Fault> {
        let Some(first) = self.interfaces.first() else {
            return Err(Fault::Corrupt("a simple packet block stands before any interface".into()));
        };
        let Some(&[wire_length]) = words_at::<1>(block, 8) else { return Ok(None) };
        let wire_length = self.order.u32(wire_length);
        let room = (block.len() as u32).saturating_sub(16);
        let length = wire_length.min(first.snap_length).min(room);
        Ok(Some(Packet { interface: 0, ticks: None, header: 12, length, wire_length }))
    }

    fn add_interface(&mut self, block: &[u8]) -> Result<(), Fault> {
        if self.interfaces.len() >= MOST_INTERFACES {
            return Err(Fault::Corrupt(format!("a section has more than {MOST_INTERFACES} interfaces")));
        }
        let interface = Interface::from_block(self.order, block)
            .ok_or_else(|| Fault::Corrupt("the options of an interface are longer than its block".into()))?;
        self.interfaces.push(interface);
        Ok(())
    }

    fn check_version(&self, block: &[u8]) -> Result<(), Fault> {
        match words_at::<4>(block, 8) {
            Some([_, [a, b, ..], _, _]) if self.order.u16([*a, *b]) == 1 => Ok(()),
            Some(_) => Err(Fault::Unsupported("only version 1 of pcapng is read".into())),
            None => Err(Fault::Corrupt("a section header is shorter than 28 bytes".into())),
        }
    }
}

/// Types whose blocks must be in the buffer as a whole.
fn is_read(kind: u32) -> bool {
    matches!(kind, SECTION_HEADER | INTERFACE | OBSOLETE_PACKET | SIMPLE_PACKET | ENHANCED_PACKET)
}

/// The byte-order magic of a section header.
fn section_order(magic: [u8; 4]) -> Result<ByteOrder, Fault> {
    match magic {
        [0x1a, 0x2b, 0x3c, 0x4d] => Ok(ByteOrder::Big),
        [0x4d, 0x3c, 0x2b, 0x1a] => Ok(ByteOrder::Little),
        _ => Err(Fault::Corrupt("a section header has no byte-order magic".into())),
    }
}

#[inline]
fn check_length(kind: u32, length: u32) -> Result<(), Fault> {
    let most = if is_read(kind) { LONGEST_WHOLE } else { LONGEST_BLOCK };
    if length < 12 || !length.is_multiple_of(4) || length > most {
        return Err(Fault::Corrupt(format!(
            "a block of type {kind:#x} has the length {length}, which must be a multiple of 4 from 12 to {most}"
        )));
    }
    Ok(())
}
