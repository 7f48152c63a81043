//! What decode gives: the innermost TCP segment or UDP datagram of a frame.

use std::net::{IpAddr, Ipv6Addr};

use crate::captured::Call;

/// One TCP segment or UDP datagram. Small enough to be sent to another thread by the thousand.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// Nanoseconds since 1970.
    pub time: u64,
    /// Who sent it.
    pub source: Address,
    /// Who gets it.
    pub destination: Address,
    /// Port of the sender.
    pub source_port: u16,
    /// Port of the receiver.
    pub destination_port: u16,
    /// TCP's header, or UDP.
    pub transport: TransportHeader,
    /// The bytes that were captured.
    pub payload: &'a [u8],
    /// So many more payload bytes were on the wire behind `payload` but are not in the capture (snap length).
    pub cut: u32,
    /// The system call that carried it; none: it comes from the network.
    pub call: Option<Call<'a>>,
}

impl Segment<'_> {
    /// Where the payload stands in `bytes`, so that another thread can find it there. None: it is not in there, but in the buffer of
    /// a decoder that put fragments together.
    #[must_use]
    pub fn offset_in(&self, bytes: &[u8]) -> Option<usize> {
        if self.payload.is_empty() {
            return Some(0);
        }
        let offset = self.payload.as_ptr().addr().checked_sub(bytes.as_ptr().addr())?;
        (offset + self.payload.len() <= bytes.len()).then_some(offset)
    }
}

/// An IP address in 16 bytes, IPv4 mapped (`::ffff:a.b.c.d`), as a big-endian number: compares and hashes fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub u128);

impl Address {
    /// From the four bytes of a header.
    #[must_use]
    pub fn v4(bytes: [u8; 4]) -> Self {
        Self(0xffff_0000_0000 | u128::from(u32::from_be_bytes(bytes)))
    }

    /// From the sixteen bytes of a header.
    #[must_use]
    pub fn v6(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// As the standard library has it, mapped addresses as IPv4.
    #[must_use]
    pub fn to_ip(self) -> IpAddr {
        Ipv6Addr::from_bits(self.0).to_canonical()
    }
}

/// The part of the transport header that reassembly needs.
#[derive(Clone, Copy, Debug)]
pub enum TransportHeader {
    /// RFC 9293.
    Tcp(TcpHeader),
    /// RFC 768.
    Udp,
}

/// RFC 9293, 3.1.
#[derive(Clone, Copy, Debug)]
pub struct TcpHeader {
    /// Sequence number of the first payload byte (of the SYN when it is set).
    pub sequence: u32,
    /// Meaningful with `flags.ack()`.
    pub acknowledgment: u32,
    /// Control bits.
    pub flags: TcpFlags,
}

/// Control bits of a TCP header, as they stand in its byte 13.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    #[must_use]
    pub fn fin(self) -> bool {
        self.0 & 0x01 != 0
    }

    /// Synchronises sequence numbers.
    #[must_use]
    pub fn syn(self) -> bool {
        self.0 & 0x02 != 0
    }

    /// Resets the connection.
    #[must_use]
    pub fn rst(self) -> bool {
        self.0 & 0x04 != 0
    }

    /// The acknowledgment field is significant.
    #[must_use]
    pub fn ack(self) -> bool {
        self.0 & 0x10 != 0
    }
}
