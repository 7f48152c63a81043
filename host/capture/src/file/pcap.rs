//! pcap: a file header, then records. Takes bytes, gives places of frames. Does not do: reading.
//!
//! Source: draft-ietf-opsawg-pcap. The "modified" form (magic a1b2cd34, Linux kernels of the nineties, still written by some
//! devices) has eight more bytes in each record header: interface index, protocol, packet type, which nobody needs here.

use weir_pipeline::captured::LinkType;

use super::format::{ByteOrder, Fault, LONGEST_FRAME, too_long, unsupported_link, words_at};
use crate::block::FrameAt;

/// What the file header says.
#[derive(Debug)]
pub(super) struct Pcap {
    order: ByteOrder,
    /// What one of the smaller part of a time stands for.
    nanoseconds: u64,
    modified: bool,
    link: LinkType,
}

impl Pcap {
    /// Reads the file header. None: not pcap.
    pub(super) fn from_header(head: &[u8]) -> Result<Option<Self>, Fault> {
        let Some(magic) = head.first_chunk::<4>() else { return Ok(None) };
        let Some((order, nanoseconds, modified)) =
            kind(ByteOrder::Little, *magic).or_else(|| kind(ByteOrder::Big, *magic))
        else {
            return Ok(None);
        };
        let Some(words) = words_at::<6>(head, 0) else { return Err(Fault::Truncated("the file header")) };
        // The version is not looked at: all of major version 2 read the same, and there are writers that mix up its bytes.
        // Bits 28 to 31 tell the length of a frame check sequence behind each frame; decode goes by the lengths in the headers.
        let number = order.u32(words[5]) & 0x0fff_ffff;
        let link = LinkType::from_number(number).ok_or_else(|| unsupported_link(number))?;
        Ok(Some(Self { order, nanoseconds, modified, link }))
    }

    /// See [`super::format::Format::scan`].
    pub(super) fn scan(&self, bytes: &[u8], frames: &mut Vec<FrameAt>) -> Result<usize, (usize, Fault)> {
        match (self.order, self.modified) {
            (ByteOrder::Little, false) => self.records::<16>(ByteOrder::Little, bytes, frames),
            (order, false) => self.records::<16>(order, bytes, frames),
            (order, true) => self.records::<24>(order, bytes, frames),
        }
    }

    #[inline(always)]
    fn records<const HEADER: usize>(
        &self,
        order: ByteOrder,
        bytes: &[u8],
        frames: &mut Vec<FrameAt>,
    ) -> Result<usize, (usize, Fault)> {
        let mut at = 0;
        while let Some(header) = bytes.get(at..).and_then(|rest| rest.first_chunk::<HEADER>()) {
            let Some(header) = words_at::<4>(header, 0) else { break };
            let [seconds, fraction, length, wire_length] = order.words(header);
            if length > LONGEST_FRAME {
                return Err((at, too_long(length)));
            }
            let offset = at + HEADER;
            let end = offset + length as usize;
            if end > bytes.len() {
                break;
            }
            frames.push(FrameAt {
                time: u64::from(seconds) * 1_000_000_000 + u64::from(fraction) * self.nanoseconds,
                offset: offset as u32,
                length,
                wire_length: wire_length.max(length),
                link: self.link,
            });
            at = end;
        }
        Ok(at)
    }
}

fn kind(order: ByteOrder, magic: [u8; 4]) -> Option<(ByteOrder, u64, bool)> {
    match order.u32(magic) {
        0xa1b2_c3d4 => Some((order, 1_000, false)),
        0xa1b2_3c4d => Some((order, 1, false)),
        0xa1b2_cd34 => Some((order, 1_000, true)),
        _ => None,
    }
}
