//! What capture hands over. Takes and gives bytes with their time; knows nothing of protocols.

mod socket;

pub use socket::{Call, Caller, Sender, SocketHeader};

/// A link-layer frame as it was captured.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Nanoseconds since 1970.
    pub time: u64,
    /// What the first byte belongs to.
    pub link: LinkType,
    /// What was captured of it, at most `wire_length` bytes.
    pub bytes: &'a [u8],
    /// How long it was on the wire.
    pub wire_length: u32,
}

/// Link types of capture files that can be decoded; the numbers are those of the tcpdump registry (LINKTYPE_*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkType {
    /// BSD loopback: a protocol family of four bytes, in the writer's byte order (0) or in network order (108).
    Null,
    /// Ethernet (1).
    Ethernet,
    /// IPv4 or IPv6 without anything before it (101, 12, 14, 228, 229).
    Raw,
    /// Linux cooked capture (113).
    Sll,
    /// Linux cooked capture, version 2 (276).
    Sll2,
    /// What system calls and TLS libraries carried, behind a [`SocketHeader`] (147, the first number for private use).
    Socket,
}

impl LinkType {
    /// The link type of a number in a capture file.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            0 | 108 => Self::Null,
            1 => Self::Ethernet,
            12 | 14 | 101 | 228 | 229 => Self::Raw,
            113 => Self::Sll,
            147 => Self::Socket,
            276 => Self::Sll2,
            _ => return None,
        })
    }
}
