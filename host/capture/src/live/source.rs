//! One interface: its ring and its counts. Takes an interface, gives its frames into a block. Does not do: waiting.

use weir_pipeline::captured::LinkType;

use super::error::LiveError;
use super::filter::Filter;
use super::interfaces::Interface;
use super::kernel::{Packet, Ring, RingOptions};
use crate::block::{Block, FrameAt};
use crate::counts::InterfaceCounts;

/// So many interfaces have a ring of the full size; those that a wide pattern adds have small ones.
const LARGE: usize = 4;

/// Blocks of 256 KiB. 16 MiB hold what a link of 10 Gbit/s brings in 13 ms, one of 1 Gbit/s in 130 ms: longer than a worker is away.
const LARGE_BLOCKS: u32 = 64;

/// 4 MiB: 256 interfaces take 1 GiB at most.
const SMALL_BLOCKS: u32 = 16;

/// Addresses of an Ethernet header: a VLAN tag stands behind them (IEEE 802.1Q, 9.3).
const ADDRESSES: usize = 12;

/// An interface that is captured.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) index: u32,
    pub(super) ring: Ring,
    /// The system does not list it any more.
    pub(super) is_gone: bool,
    link: LinkType,
    is_loopback: bool,
    /// Packets that the kernel has counted as captured, and as dropped.
    passed: u64,
    dropped: u64,
    counts: InterfaceCounts,
}

impl Source {
    /// `open`: how many there are already.
    pub(super) fn open(
        interface: &Interface,
        filter: Option<&Filter>,
        promiscuous: bool,
        open: usize,
    ) -> Result<Self, LiveError> {
        let is_ethernet = interface.is_ethernet();
        let options = RingOptions {
            index: interface.index,
            link_header: is_ethernet,
            ignore_outgoing: interface.is_loopback(),
            promiscuous: promiscuous && is_ethernet,
            filter: filter.map(|filter| filter.instructions(is_ethernet)),
            blocks: if open < LARGE { LARGE_BLOCKS } else { SMALL_BLOCKS },
        };
        let ring = Ring::open(&interface.name, &options)?;
        Ok(Self {
            name: interface.name.clone(),
            index: interface.index,
            ring,
            is_gone: false,
            link: if is_ethernet { LinkType::Ethernet } else { LinkType::Raw },
            is_loopback: interface.is_loopback(),
            passed: 0,
            dropped: 0,
            counts: InterfaceCounts { interface: interface.name.clone(), ..InterfaceCounts::default() },
        })
    }

    /// Adds one block of the ring to the block. `false`: none is ready.
    pub(super) fn read(&mut self, block: &mut Block) -> bool {
        let Self { ring, counts, link, is_loopback, .. } = self;
        ring.read(|packet| {
            if *is_loopback && packet.outgoing {
                counts.own_echo += 1;
            } else {
                counts.frames += 1;
                push(block, &packet, *link);
            }
        })
    }

    /// Nothing more comes into the ring. `false`: that can not be.
    pub(super) fn close_gate(&self) -> bool {
        self.ring.reject_all()
    }

    /// The interface went down or away. When it comes up again, the kernel goes on by itself.
    pub(super) fn clear_error(&mut self) {
        self.ring.clear_error();
    }

    /// Counts so far. What the kernel has counted and nobody has read is still in the ring, or was when the interface went.
    pub(super) fn counts(&mut self) -> &InterfaceCounts {
        let (passed, dropped) = self.ring.take_statistics();
        self.passed += passed;
        self.dropped += dropped;
        let counts = &mut self.counts;
        counts.ring_full = self.dropped;
        counts.unread = self.passed.saturating_sub(self.dropped + counts.frames + counts.own_echo);
        counts
    }
}

/// Copies a frame, with its VLAN tag where the sender had it: the kernel takes it out of the frame.
fn push(block: &mut Block, packet: &Packet<'_>, link: LinkType) {
    let offset = block.bytes.len() as u32;
    let mut wire_length = packet.wire_length;
    match (packet.vlan, packet.bytes.split_at_checked(ADDRESSES)) {
        (Some(tag), Some((addresses, rest))) if link == LinkType::Ethernet => {
            block.bytes.extend_from_slice(addresses);
            block.bytes.extend_from_slice(&tag);
            block.bytes.extend_from_slice(rest);
            wire_length = wire_length.saturating_add(tag.len() as u32);
        }
        _ => block.bytes.extend_from_slice(packet.bytes),
    }
    let length = block.bytes.len() as u32 - offset;
    let wire_length = wire_length.max(length);
    block.frames.push(FrameAt { time: packet.time, offset, length, wire_length, link });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(packet: &Packet<'_>, link: LinkType) -> (Vec<u8>, u32) {
        let mut block = Block { bytes: b"before".to_vec(), frames: Vec::new() };
        push(&mut block, packet, link);
        let frame = block.frames().next().unwrap();
        (frame.bytes.to_vec(), frame.wire_length)
    }

    #[test]
    fn a_vlan_tag_is_put_back_behind_the_addresses() {
        let bytes = b"ddddddssssss\x08\x00payload";
        let tag = Some([0x81, 0, 0, 5]);
        let packet = Packet { time: 1, bytes, wire_length: 100, vlan: tag, outgoing: false };
        let (frame, length) = pushed(&packet, LinkType::Ethernet);
        assert_eq!((&frame[..], length), (&b"ddddddssssss\x81\x00\x00\x05\x08\x00payload"[..], 104));
        assert_eq!(pushed(&packet, LinkType::Raw), (bytes.to_vec(), 100));
        let plain = Packet { vlan: None, ..packet };
        assert_eq!(pushed(&plain, LinkType::Ethernet), (bytes.to_vec(), 100));
    }

    #[test]
    fn a_frame_that_is_too_short_for_a_tag_stays_as_it_is() {
        let packet =
            Packet { time: 1, bytes: b"short", wire_length: 1, vlan: Some([0x81, 0, 0, 5]), outgoing: false };
        assert_eq!(pushed(&packet, LinkType::Ethernet), (b"short".to_vec(), 5));
    }
}
