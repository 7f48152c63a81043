//! What can happen to packets before they are in a capture. Seeded: the same on every run.

use weir_pipeline::decode::{Address, TcpFlags, TcpHeader};

use super::packets::Packet;

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}

/// TCP payloads in pieces of at most `size` bytes.
pub(crate) fn resegment(packets: &[Packet], size: usize) -> Vec<Packet> {
    let mut out = Vec::new();
    for packet in packets {
        let Some(header) = packet.tcp.filter(|_| packet.payload.len() > size) else {
            out.push(packet.clone());
            continue;
        };
        let pieces = packet.payload.chunks(size);
        let last = pieces.len() - 1;
        for (n, piece) in pieces.enumerate() {
            // FIN belongs to the last piece alone.
            let flags = if n == last { header.flags } else { TcpFlags(header.flags.0 & !1) };
            let sequence = header.sequence.wrapping_add((n * size) as u32);
            let tcp = Some(TcpHeader { sequence, flags, ..header });
            out.push(Packet { tcp, payload: piece.to_vec(), ..packet.clone() });
        }
    }
    out
}

/// Some packets come twice.
pub(crate) fn repeat(packets: &[Packet], random: &mut Random) -> Vec<Packet> {
    packets
        .iter()
        .flat_map(|packet| {
            std::iter::repeat_n(packet.clone(), 1 + usize::from(random.percent(10) && packet.tcp.is_some()))
        })
        .collect()
}

/// Neighbours of one direction of one connection change places.
pub(crate) fn swap(packets: &[Packet], random: &mut Random) -> Vec<Packet> {
    let mut out = packets.to_vec();
    let mut n = 0;
    while n + 1 < out.len() {
        let together = (out[n].source, out[n].destination) == (out[n + 1].source, out[n + 1].destination);
        let syn = out[n].tcp.is_some_and(|t| t.flags.syn());
        if together && !syn && out[n].tcp.is_some() && random.percent(20) {
            out.swap(n, n + 1);
            n += 1;
        }
        n += 1;
    }
    out
}

/// Packets with payload are missing; datagrams stay.
pub(crate) fn lose(packets: &[Packet], percent: u64, random: &mut Random) -> Vec<Packet> {
    let lost = |packet: &Packet| packet.tcp.is_some() && !packet.payload.is_empty();
    packets.iter().filter(|packet| !(lost(packet) && random.percent(percent))).cloned().collect()
}

/// Other addresses and ports for all servers (and clients).
pub(crate) fn elsewhere(packets: &[Packet]) -> Vec<Packet> {
    let moved = |(address, port): (Address, u16)| (Address(address.0 ^ 0x0a01), port ^ 0x4000);
    let moved = |packet: &Packet| Packet {
        source: moved(packet.source),
        destination: moved(packet.destination),
        ..packet.clone()
    };
    packets.iter().map(moved).collect()
}
