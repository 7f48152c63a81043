//! A block of a TPACKET_V3 ring -> packets. Takes the block's bytes, gives each packet in it.
//!
//! Source: Documentation/networking/packet_mmap.rst and include/uapi/linux/if_packet.h of Linux. The kernel is trusted to tell the
//! truth; an offset that points out of the block ends it all the same.

/// A packet in the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::live) struct Packet<'a> {
    /// Nanoseconds since 1970.
    pub(in crate::live) time: u64,
    pub(in crate::live) bytes: &'a [u8],
    /// Its length before the filter cut it.
    pub(in crate::live) wire_length: u32,
    /// The four bytes of the VLAN tag that the kernel took out.
    pub(in crate::live) vlan: Option<[u8; 4]>,
    /// It was on its way out.
    pub(in crate::live) outgoing: bool,
}

/// Where the block's status stands (`struct tpacket_block_desc`).
pub(super) const STATUS: usize = 8;

const PACKETS: usize = 12;
const FIRST_PACKET: usize = 16;

/// Length of `struct tpacket3_hdr`; a `struct sockaddr_ll` stands behind it.
const HEADER: usize = 48;

/// Where `struct sockaddr_ll` has the direction.
const PACKET_TYPE: usize = HEADER + 10;

/// IEEE 802.1Q: what kernels before 3.14 do not tell.
const VLAN: u16 = 0x8100;

/// Calls `each` for every packet of a block.
pub(super) fn packets<'a>(block: &'a [u8], mut each: impl FnMut(Packet<'a>)) {
    let (Some(count), Some(first)) = (u32_at(block, PACKETS), u32_at(block, FIRST_PACKET)) else { return };
    let mut at = first as usize;
    for _ in 0..count {
        let Some(rest) = block.get(at..) else { return };
        let Some((packet, next)) = packet(rest) else { return };
        each(packet);
        if next == 0 {
            return;
        }
        at += next as usize;
    }
}

/// The packet whose header is at the start of the bytes, and how far it is to the next.
fn packet(bytes: &[u8]) -> Option<(Packet<'_>, u32)> {
    let header = bytes.get(..HEADER)?;
    let word = |at| u32_at(header, at);
    let (next, seconds, nanoseconds) = (word(0)?, word(4)?, word(8)?);
    let (length, wire_length, status) = (word(12)?, word(16)?, word(20)?);
    let start = usize::from(u16_at(header, 24)?);
    let tag = (status & libc::TP_STATUS_VLAN_VALID != 0).then(|| {
        let kind = u16_at(header, 36).filter(|_| status & libc::TP_STATUS_VLAN_TPID_VALID != 0);
        let control = word(32).unwrap_or_default() as u16;
        let ([a, b], [c, d]) = (kind.unwrap_or(VLAN).to_be_bytes(), control.to_be_bytes());
        [a, b, c, d]
    });
    let packet = Packet {
        time: u64::from(seconds) * 1_000_000_000 + u64::from(nanoseconds),
        bytes: bytes.get(start..start.checked_add(length as usize)?)?,
        wire_length,
        vlan: tag,
        outgoing: bytes.get(PACKET_TYPE) == Some(&libc::PACKET_OUTGOING),
    };
    Some((packet, next))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_ne_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header as the kernel writes it, with its packet 80 bytes behind.
    fn written(next: u32, payload: &[u8], status: u32, direction: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        for word in [next, 2, 3, payload.len() as u32, 70_000, status] {
            bytes.extend_from_slice(&word.to_ne_bytes());
        }
        bytes.extend_from_slice(&80_u16.to_ne_bytes());
        bytes.extend_from_slice(&94_u16.to_ne_bytes());
        bytes.extend_from_slice(&0_u32.to_ne_bytes());
        bytes.extend_from_slice(&0x2005_u32.to_ne_bytes());
        bytes.extend_from_slice(&0x88a8_u16.to_ne_bytes());
        bytes.resize(PACKET_TYPE, 0);
        bytes.push(direction);
        bytes.resize(80, 0);
        bytes.extend_from_slice(payload);
        bytes.resize(bytes.len().max(next as usize), 0);
        bytes
    }

    fn block(packets: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![0; 48];
        bytes[PACKETS..PACKETS + 4].copy_from_slice(&(packets.len() as u32).to_ne_bytes());
        bytes[FIRST_PACKET..FIRST_PACKET + 4].copy_from_slice(&48_u32.to_ne_bytes());
        bytes.extend(packets.concat());
        bytes
    }

    fn read(block: &[u8]) -> Vec<Packet<'_>> {
        let mut all = Vec::new();
        packets(block, |packet| all.push(packet));
        all
    }

    #[test]
    fn packets_with_their_auxiliary_data() {
        let both = libc::TP_STATUS_VLAN_VALID | libc::TP_STATUS_VLAN_TPID_VALID;
        let block = block(&[
            written(96, b"one", 0, 0),
            written(96, b"two", both, libc::PACKET_OUTGOING),
            written(0, b"three", libc::TP_STATUS_VLAN_VALID, 0),
        ]);
        let all = read(&block);
        let bytes: Vec<_> = all.iter().map(|packet| packet.bytes).collect();
        assert_eq!(bytes, [&b"one"[..], b"two", b"three"]);
        let tags: Vec<_> = all.iter().map(|packet| packet.vlan).collect();
        assert_eq!(tags, [None, Some([0x88, 0xa8, 0x20, 0x05]), Some([0x81, 0, 0x20, 0x05])]);
        let out: Vec<_> = all.iter().map(|packet| packet.outgoing).collect();
        assert_eq!(out, [false, true, false]);
        assert!(all.iter().all(|packet| packet.time == 2_000_000_003 && packet.wire_length == 70_000));
    }

    #[test]
    fn no_prefix_and_no_wrong_offset_reads_outside() {
        let whole = block(&[written(96, b"one", 0, 0), written(0, b"two", 0, 0)]);
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).len() < 2);
        }
        for at in 0..whole.len() {
            let mut wrong = whole.clone();
            wrong[at] = 0xff;
            assert!(read(&wrong).len() <= 2);
        }
    }

    #[test]
    fn the_kernel_and_this_file_agree_on_the_layout() {
        assert_eq!(std::mem::offset_of!(libc::tpacket3_hdr, tp_snaplen), 12);
        assert_eq!(std::mem::offset_of!(libc::tpacket3_hdr, tp_mac), 24);
        assert_eq!(std::mem::offset_of!(libc::tpacket3_hdr, hv1), 28);
        assert_eq!(std::mem::size_of::<libc::tpacket3_hdr>(), HEADER);
        assert_eq!(std::mem::offset_of!(libc::sockaddr_ll, sll_pkttype), PACKET_TYPE - HEADER);
        assert_eq!(std::mem::offset_of!(libc::tpacket_block_desc, hdr), STATUS);
        assert_eq!(std::mem::offset_of!(libc::tpacket_hdr_v1, offset_to_first_pkt), FIRST_PACKET - STATUS);
    }
}
