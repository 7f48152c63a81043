//! Decode against frames that are made by hand, whole and broken.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)] // clippy.toml allows it in #[test] functions, not in what they call

mod build;
mod damage;
mod fragments;
mod ip;
mod link;
mod socket;
mod spread;
mod transport;
mod tunnel;

use std::net::SocketAddr;

use weir_pipeline::captured::{Frame, LinkType};
use weir_pipeline::decode::{Decoder, Segment, Skip, TcpHeader, TransportHeader};

/// A segment with bytes of its own.
#[derive(Clone, Debug)]
struct Found {
    source: SocketAddr,
    destination: SocketAddr,
    tcp: Option<TcpHeader>,
    payload: Vec<u8>,
    cut: u32,
}

impl Found {
    fn new(segment: &Segment<'_>) -> Self {
        Self {
            source: SocketAddr::new(segment.source.to_ip(), segment.source_port),
            destination: SocketAddr::new(segment.destination.to_ip(), segment.destination_port),
            tcp: match segment.transport {
                TransportHeader::Tcp(header) => Some(header),
                TransportHeader::Udp => None,
            },
            payload: segment.payload.to_vec(),
            cut: segment.cut,
        }
    }

    /// Both ends, the transport and the payload in one line.
    fn line(&self) -> String {
        let transport = if self.tcp.is_some() { "tcp" } else { "udp" };
        let payload = String::from_utf8_lossy(&self.payload);
        format!("{transport} {} > {}: {payload}", self.source, self.destination)
    }
}

fn decode_cut(link: LinkType, bytes: &[u8], wire_length: usize) -> Result<Found, Skip> {
    let frame = Frame { time: 7, link, bytes, wire_length: wire_length as u32 };
    let mut decoder = Decoder::default();
    let answer = decoder.frame(&frame);
    if let Ok(segment) = &answer {
        assert_eq!(segment.time, 7);
        assert!(segment.offset_in(bytes).is_some());
    }
    answer.map(|segment| Found::new(&segment))
}

fn decode_as(link: LinkType, bytes: &[u8]) -> Result<Found, Skip> {
    decode_cut(link, bytes, bytes.len())
}

fn decode(bytes: &[u8]) -> Result<Found, Skip> {
    decode_as(LinkType::Ethernet, bytes)
}

/// The line of a frame, or the reason why there is none.
fn line(bytes: &[u8]) -> String {
    decode(bytes).map_or_else(|skip| skip.name().into(), |found| found.line())
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}
