//! Takes: a segment's addresses. Gives: one key for both directions, and which of them it was.

use std::hash::{Hash, Hasher};

use crate::captured::{Call, SocketHeader};
use crate::decode::{Address, Segment, Transport, TransportHeader};

/// A five-tuple, the same for both directions: the smaller endpoint comes first. And who captured it: one connection may be seen as
/// packets and from each of its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowKey {
    /// The smaller endpoint.
    pub low: (Address, u16),
    /// The larger one.
    pub high: (Address, u16),
    /// TCP or UDP.
    pub transport: Transport,
    /// See [`SocketHeader::socket`]; 0: packets.
    pub socket: u64,
}

impl Hash for FlowKey {
    /// Three words in place of six fields. The socket is spread over the word that it shares, so that neighbouring numbers of sockets and
    /// ports do not meet.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(self.low.0.0);
        state.write_u128(self.high.0.0);
        let ports = u64::from(self.low.1) << 32 | u64::from(self.high.1) << 8 | self.transport as u64;
        state.write_u64(ports ^ self.socket.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    }
}

/// One of the two endpoints of a [`FlowKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The smaller one.
    Low,
    /// The larger one.
    High,
}

impl Side {
    /// 0 or 1.
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Low => Self::High,
            Self::High => Self::Low,
        }
    }
}

impl FlowKey {
    /// The key of a segment, and which side sent it.
    #[must_use]
    pub fn of(segment: &Segment<'_>) -> (Self, Side) {
        let source = (segment.source, segment.source_port);
        let destination = (segment.destination, segment.destination_port);
        let transport = match segment.transport {
            TransportHeader::Tcp(_) => Transport::Tcp,
            TransportHeader::Udp => Transport::Udp,
        };
        let socket = segment.call.map_or(0, Call::socket);
        if source <= destination {
            (Self { low: source, high: destination, transport, socket }, Side::Low)
        } else {
            (Self { low: destination, high: source, transport, socket }, Side::High)
        }
    }

    /// Address and port of a side.
    #[must_use]
    pub fn endpoint(&self, side: Side) -> (Address, u16) {
        match side {
            Side::Low => self.low,
            Side::High => self.high,
        }
    }

    /// What a TLS library carried.
    #[must_use]
    pub fn is_plaintext(&self) -> bool {
        self.socket & SocketHeader::PLAINTEXT != 0
    }

    /// The number of a flow in request logs: from five-tuple, socket and first time, so the same in every run and whatever the
    /// number of workers. Below 2^53, so that every JSON reader keeps it whole.
    #[must_use]
    pub fn flow_id(&self, first_seen: u64) -> u64 {
        // FNV-1a over words: no secret is needed, an attacker gains nothing from two equal ids.
        let words = [
            self.low.0.0 as u64,
            (self.low.0.0 >> 64) as u64,
            self.high.0.0 as u64,
            (self.high.0.0 >> 64) as u64,
            u64::from(self.low.1) << 32 | u64::from(self.high.1) << 8 | self.transport as u64,
            first_seen,
            self.socket,
        ];
        // Packets have no socket.
        let words = if self.socket == 0 { &words[..6] } else { &words[..] };
        let hash = words.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, word| {
            let mixed = (hash ^ word).wrapping_mul(0x0100_0000_01b3);
            mixed ^ mixed >> 29
        });
        hash & ((1 << 53) - 1)
    }
}
