//! Takes: a conversation. Gives: the Ethernet frames of it, handshake and end included, as a capture would have them. Does not do:
//! checksums (nothing here reads them), IP options, retransmissions.

use weir_pipeline::captured::{Frame, LinkType};
use weir_pipeline::decode::{Address, Transport};
use weir_pipeline::parse::event::Direction;

use super::conversation::Conversation;

/// Payload of one frame: what fits into an IP packet with the largest headers that are written here.
const PAYLOAD: usize = 32 << 10;

/// Between two frames, nanoseconds.
const PACE: u64 = 50_000;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const ACK: u8 = 0x10;

/// A frame that owns its bytes.
#[derive(Clone, Debug)]
pub(super) struct OwnedFrame {
    time: u64,
    bytes: Vec<u8>,
}

impl OwnedFrame {
    pub(super) fn frame(&self) -> Frame<'_> {
        let wire_length = self.bytes.len() as u32;
        Frame { time: self.time, link: LinkType::Ethernet, bytes: &self.bytes, wire_length }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }
}

/// Appends the frames of a conversation that begins at `time` (nanoseconds since 1970).
pub(super) fn frames(conversation: &Conversation, time: u64, into: &mut Vec<OwnedFrame>) {
    let mut line = Line { conversation, time, next: [1000, 5000], into };
    let is_stream = conversation.transport == Transport::Tcp;
    let (client, server) = (Direction::ClientToServer, Direction::ServerToClient);
    if is_stream && conversation.from_start {
        line.tcp(client, SYN, b"");
        line.tcp(server, SYN | ACK, b"");
        line.tcp(client, ACK, b"");
    }
    for chunk in &conversation.chunks {
        for piece in chunk.bytes.chunks(PAYLOAD) {
            if chunk.lost {
                line.lose(chunk.direction, piece.len());
            } else if is_stream {
                line.tcp(chunk.direction, ACK, piece);
            } else {
                line.udp(chunk.direction, piece);
            }
        }
    }
    if is_stream {
        line.tcp(client, FIN | ACK, b"");
        line.tcp(server, FIN | ACK, b"");
        line.tcp(client, ACK, b"");
    }
}

/// Both ends of one conversation.
struct Line<'a> {
    conversation: &'a Conversation,
    time: u64,
    /// By direction: the next sequence number.
    next: [u32; 2],
    into: &'a mut Vec<OwnedFrame>,
}

impl Line<'_> {
    fn tcp(&mut self, direction: Direction, flags: u8, payload: &[u8]) {
        let (sequence, acknowledgment) =
            (self.next[direction.index()], self.next[direction.reverse().index()]);
        let used = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        self.next[direction.index()] = sequence.wrapping_add(used);
        let mut segment = self.ports(direction);
        segment.extend(sequence.to_be_bytes());
        segment.extend(acknowledgment.to_be_bytes());
        segment.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        segment.extend(payload);
        self.send(direction, 6, &segment);
    }

    fn udp(&mut self, direction: Direction, payload: &[u8]) {
        let mut datagram = self.ports(direction);
        datagram.extend((8 + payload.len() as u16).to_be_bytes());
        datagram.extend([0, 0]);
        datagram.extend(payload);
        self.send(direction, 17, &datagram);
    }

    /// The peer acknowledges it, so everybody knows that it is missing.
    fn lose(&mut self, direction: Direction, length: usize) {
        let next = &mut self.next[direction.index()];
        *next = next.wrapping_add(length as u32);
        if self.conversation.transport == Transport::Tcp {
            self.tcp(direction.reverse(), ACK, b"");
        }
    }

    fn ports(&self, direction: Direction) -> Vec<u8> {
        let (client, server) = (self.conversation.client.1, self.conversation.server.1);
        let ports = if direction == Direction::ClientToServer { [client, server] } else { [server, client] };
        ports.into_iter().flat_map(u16::to_be_bytes).collect()
    }

    fn send(&mut self, direction: Direction, protocol: u8, segment: &[u8]) {
        let (client, server) = (self.conversation.client.0, self.conversation.server.0);
        let (source, destination) =
            if direction == Direction::ClientToServer { (client, server) } else { (server, client) };
        let mut bytes = vec![0; 12];
        match (v4(source), v4(destination)) {
            (Some(source), Some(destination)) => {
                bytes.extend([0x08, 0x00, 0x45, 0]);
                bytes.extend((20 + segment.len() as u16).to_be_bytes());
                bytes.extend([0, 0, 0x40, 0, 64, protocol, 0, 0]);
                bytes.extend(source);
                bytes.extend(destination);
            }
            _ => {
                bytes.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
                bytes.extend((segment.len() as u16).to_be_bytes());
                bytes.extend([protocol, 64]);
                bytes.extend(source.0.to_be_bytes());
                bytes.extend(destination.0.to_be_bytes());
            }
        }
        bytes.extend(segment);
        self.time += PACE;
        self.into.push(OwnedFrame { time: self.time, bytes });
    }
}

/// The four bytes of an IPv4 address.
fn v4(address: Address) -> Option<[u8; 4]> {
    match address.to_ip() {
        std::net::IpAddr::V4(address) => Some(address.octets()),
        std::net::IpAddr::V6(_) => None,
    }
}
