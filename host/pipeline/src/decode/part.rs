//! What the header readers hand to each other: the rest of a packet, and what is known of it so far. Takes and gives
//! borrowed bytes. Does not do: reading headers.

use super::fragment::Fragment;
use super::{Address, Segment, Skip};

/// Tunnels inside each other. Overlays nest twice (a VXLAN that is mirrored through ERSPAN, say); each level costs time that
/// the sender does not pay.
const MOST_TUNNELS: u8 = 4;

/// The rest of a packet behind some header.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    /// What was captured of it.
    pub(super) bytes: &'a [u8],
    /// How long it was on the wire, as far as lengths in headers tell; at least `bytes.len()`.
    pub(super) wire: usize,
}

/// What is known of the packet besides its bytes.
#[derive(Clone, Copy)]
pub(super) struct Context {
    pub(super) time: u64,
    /// How many tunnels are around.
    pub(super) tunnels: u8,
}

/// Who sends and who gets a packet, by its innermost IP header so far.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ends {
    pub(super) source: Address,
    pub(super) destination: Address,
    pub(super) version: Version,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    V4,
    V6,
}

/// Why the way through the headers ends without a segment.
pub(super) enum Stop<'a> {
    Fragment(Fragment<'a>),
    Skip(Skip),
}

pub(super) type Walk<'a> = Result<Segment<'a>, Stop<'a>>;

impl From<Skip> for Stop<'_> {
    fn from(skip: Skip) -> Self {
        Self::Skip(skip)
    }
}

impl<'a> Part<'a> {
    /// What follows a header of this length.
    #[inline(always)]
    pub(super) fn behind(self, header: usize) -> Result<Self, Skip> {
        let bytes = self.bytes.get(header..).ok_or(Skip::Truncated)?;
        Ok(Self { bytes, wire: self.wire.saturating_sub(header) })
    }

    /// As [`Part::behind`], where a header tells that the whole part is `length` bytes long, the header included. Cuts padding off.
    #[inline(always)]
    pub(super) fn body(self, header: usize, length: usize) -> Result<Self, Skip> {
        let end = length.min(self.bytes.len());
        let bytes = self.bytes.get(header..end).ok_or(Skip::Truncated)?;
        Ok(Self { bytes, wire: length.saturating_sub(header) })
    }

    /// The first bytes.
    #[inline(always)]
    pub(super) fn header<const N: usize>(self) -> Result<&'a [u8; N], Skip> {
        self.bytes.first_chunk().ok_or(Skip::Truncated)
    }

    /// Whether the snap length took something away.
    pub(super) fn is_cut(self) -> bool {
        self.wire > self.bytes.len()
    }
}

impl Context {
    /// Inside one more tunnel.
    pub(super) fn inside(self) -> Result<Self, Skip> {
        if self.tunnels >= MOST_TUNNELS {
            return Err(Skip::TooDeep);
        }
        Ok(Self { tunnels: self.tunnels + 1, ..self })
    }
}

/// The big-endian number of two bytes.
#[inline(always)]
pub(super) fn be16(high: u8, low: u8) -> u16 {
    u16::from_be_bytes([high, low])
}
