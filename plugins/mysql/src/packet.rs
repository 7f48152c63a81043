//! Takes: bytes. Gives: packet headers, length-encoded integers, where a packet's bytes stand in the stream.
//! Does not know what a packet means.

use weir_plugin_sdk::prelude::*;

/// Bytes of a packet's header: three of length, one of sequence id ("MySQL Packets").
pub(crate) const HEADER: usize = 4;

/// A payload of this length goes on in the next packet ("Sending More Than 16Mb").
pub(crate) const FULL: usize = 0xff_ffff;

/// The head of one packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    /// Of the payload.
    pub(crate) length: usize,
    pub(crate) sequence: u8,
}

impl Header {
    #[inline]
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let head = u32::from_le_bytes(*bytes.first_chunk()?);
        Some(Self { length: (head & 0xff_ffff) as usize, sequence: (head >> 24) as u8 })
    }

    /// Header and payload.
    pub(crate) fn whole(self) -> usize {
        HEADER + self.length
    }

    /// The payload goes on in the next packet.
    pub(crate) fn continues(self) -> bool {
        self.length == FULL
    }
}

/// A length-encoded integer; `None` when it is cut off, or no integer (0xfb and 0xff are not).
pub(crate) fn lenenc(reader: &mut Reader<'_>) -> Option<u64> {
    match reader.u8().ok()? {
        0xfb | 0xff => None,
        0xfc => reader.u16_le().ok().map(u64::from),
        0xfd => reader.take(3).ok().map(|b| u64::from(b[0]) | u64::from(b[1]) << 8 | u64::from(b[2]) << 16),
        0xfe => reader.u64_le().ok(),
        small => Some(u64::from(small)),
    }
}

/// A string with a length-encoded length in front.
pub(crate) fn lenenc_text<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = lenenc(reader)?;
    reader.take(usize::try_from(length).ok()?).ok()
}

/// Where packet bytes stand in their direction of the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// As they are: position of the first byte.
    Plain(u64),
    /// Inside of compressed frames, which have positions of their own only at their borders.
    Frame {
        /// So many bytes come from earlier frames, of which the first began at `earlier_start`.
        earlier: usize,
        earlier_start: u64,
        /// Of the frame that the rest came from.
        start: u64,
        end: u64,
    },
}

impl Place {
    /// Position of the byte at `offset`, or of the frame that holds it.
    pub(crate) fn start(self, offset: usize) -> u64 {
        match self {
            Self::Plain(position) => position.saturating_add(offset as u64),
            Self::Frame { earlier, earlier_start, .. } if offset < earlier => earlier_start,
            Self::Frame { start, .. } => start,
        }
    }

    /// Position behind the byte before `offset`, or behind the frame that holds it.
    pub(crate) fn end(self, offset: usize) -> u64 {
        match self {
            Self::Plain(position) => position.saturating_add(offset as u64),
            Self::Frame { end, .. } => end,
        }
    }

    /// Sequence ids run on from frame to frame and start anew behind each flush: they say nothing about packets.
    pub(crate) fn is_compressed(self) -> bool {
        matches!(self, Self::Frame { .. })
    }
}

/// Text of a person or a program: no control characters but blanks and line ends. UTF-8 is not asked for, since
/// connections may speak any character set.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| *b >= b' ' && *b != 0x7f || matches!(b, b'\t' | b'\n' | b'\r'))
}
