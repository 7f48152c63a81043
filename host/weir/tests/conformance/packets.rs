//! Captures taken apart and put together again in another shape: link types, tunnels, segment sizes, troubles.

use std::path::Path;

use weir_capture::write::PcapWriter;
use weir_capture::{Block, CaptureFile};
use weir_pipeline::captured::{Frame, LinkType};
use weir_pipeline::decode::{Address, Decoder, Segment, TcpHeader, TransportHeader};

/// A segment or datagram of its own.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) time: u64,
    pub(crate) source: (Address, u16),
    pub(crate) destination: (Address, u16),
    pub(crate) tcp: Option<TcpHeader>,
    pub(crate) payload: Vec<u8>,
}

impl Packet {
    fn of(segment: &Segment<'_>) -> Self {
        Self {
            time: segment.time,
            source: (segment.source, segment.source_port),
            destination: (segment.destination, segment.destination_port),
            tcp: match segment.transport {
                TransportHeader::Tcp(header) => Some(header),
                TransportHeader::Udp => None,
            },
            payload: segment.payload.to_vec(),
        }
    }
}

pub(crate) fn read(path: &Path) -> Vec<Packet> {
    let mut file = CaptureFile::open(path).unwrap();
    let (mut block, mut decoder, mut packets) = (Block::default(), Decoder::default(), Vec::new());
    while file.fill(&mut block).unwrap() {
        for frame in block.frames() {
            packets.extend(decoder.frame(&frame).ok().map(|segment| Packet::of(&segment)));
        }
    }
    packets
}

/// How packets are wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrapping {
    Gre,
    Plain,
    QinQ,
    Raw,
    Sll,
    Vxlan,
}

/// Writes a capture; frames are cut at `snap` bytes.
pub(crate) fn write(packets: &[Packet], wrapping: Wrapping, snap: usize, path: &Path) {
    let link = match wrapping {
        Wrapping::Raw => LinkType::Raw,
        Wrapping::Sll => LinkType::Sll,
        _ => LinkType::Ethernet,
    };
    let file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let mut writer = PcapWriter::new(file, link).unwrap();
    for packet in packets {
        let bytes = wrap(packet, wrapping);
        let wire_length = bytes.len() as u32;
        let bytes = &bytes[..bytes.len().min(snap)];
        writer.frame(&Frame { time: packet.time, link, bytes, wire_length }).unwrap();
    }
    writer.finish().unwrap();
}

fn wrap(packet: &Packet, wrapping: Wrapping) -> Vec<u8> {
    let (ether_type, ip) = ip(packet);
    let ethernet = |tags: &[u8]| [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2], tags, &ether_type, &ip].concat();
    match wrapping {
        Wrapping::Plain => ethernet(&[]),
        Wrapping::QinQ => ethernet(&[0x88, 0xa8, 0, 7, 0x81, 0, 0, 9]),
        Wrapping::Raw => ip,
        Wrapping::Sll => [&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], &ether_type[..], &ip].concat(),
        Wrapping::Gre => outer(47, &[&[0, 0], &ether_type[..], &ip].concat()),
        Wrapping::Vxlan => {
            let inner = [&[8, 0, 0, 0, 0, 0, 42, 0], &ethernet(&[])[..]].concat();
            outer(17, &udp(50_000, 4789, &inner))
        }
    }
}

/// Ethernet and IPv4 of two tunnel ends.
fn outer(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let ip = ipv4(protocol, [172, 31, 0, 1], [172, 31, 0, 2], payload);
    [&[2, 0, 0, 0, 0, 3, 2, 0, 0, 0, 0, 4, 8, 0][..], &ip].concat()
}

fn ip(packet: &Packet) -> ([u8; 2], Vec<u8>) {
    let (protocol, transport) = match &packet.tcp {
        Some(header) => (6, tcp(packet, header)),
        None => (17, udp(packet.source.1, packet.destination.1, &packet.payload)),
    };
    let v4 = |address: Address| (address.0 >> 32 == 0xffff).then(|| (address.0 as u32).to_be_bytes());
    match (v4(packet.source.0), v4(packet.destination.0)) {
        (Some(source), Some(destination)) => ([8, 0], ipv4(protocol, source, destination, &transport)),
        _ => {
            let mut header = vec![0x60, 0, 0, 0];
            header.extend((transport.len() as u16).to_be_bytes());
            header.extend([protocol, 64]);
            header.extend(packet.source.0.0.to_be_bytes());
            header.extend(packet.destination.0.0.to_be_bytes());
            ([0x86, 0xdd], [header, transport].concat())
        }
    }
}

fn ipv4(protocol: u8, source: [u8; 4], destination: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 20).unwrap().to_be_bytes();
    let mut ip = vec![0x45, 0, length[0], length[1], 0, 1, 0x40, 0, 64, protocol, 0, 0];
    ip.extend(source);
    ip.extend(destination);
    ip.extend(payload);
    ip
}

fn tcp(packet: &Packet, header: &TcpHeader) -> Vec<u8> {
    let mut tcp = Vec::with_capacity(20 + packet.payload.len());
    tcp.extend(packet.source.1.to_be_bytes());
    tcp.extend(packet.destination.1.to_be_bytes());
    tcp.extend(header.sequence.to_be_bytes());
    tcp.extend(header.acknowledgment.to_be_bytes());
    tcp.extend([0x50, header.flags.0, 0xff, 0xff, 0, 0, 0, 0]);
    tcp.extend(&packet.payload);
    tcp
}

fn udp(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() + 8) as u16;
    let words = [source, destination, length, 0];
    let mut udp: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    udp.extend(payload);
    udp
}
