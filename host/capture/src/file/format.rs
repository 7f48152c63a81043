//! Which format a file has, and what the formats have in common. Takes bytes, gives places of frames in them. Does not
//! do: reading.

use super::pcap::Pcap;
use super::pcapng::PcapNg;
use crate::block::FrameAt;
use crate::link;

/// A frame can not be longer than this: tcpdump's and Wireshark's limit for these link types, four times the largest IP packet.
/// A longer one means that the length is wrong.
pub(super) const LONGEST_FRAME: u32 = 256 << 10;

/// What must be in the buffer at once: a frame with its header, or a pcapng block with options (comments, names) that is
/// understood. Twice the longest frame leaves as much room for options.
pub(super) const LONGEST_WHOLE: u32 = 2 * LONGEST_FRAME;

/// What is wrong with the bytes.
#[derive(Debug)]
pub(super) enum Fault {
    Corrupt(String),
    NotACapture(String),
    Truncated(&'static str),
    Unsupported(String),
}

/// A format with what must be remembered from block to block.
#[derive(Debug)]
pub(super) enum Format {
    Pcap(Pcap),
    PcapNg(PcapNg),
}

impl Format {
    /// Looks at the first 24 bytes (fewer: the whole file). Gives how many of them are done with.
    pub(super) fn detect(head: &[u8]) -> Result<(Self, usize), Fault> {
        let Some(magic) = head.first_chunk::<4>() else {
            let found =
                if head.is_empty() { "it is empty".into() } else { "it is shorter than 4 bytes".into() };
            return Err(Fault::NotACapture(found));
        };
        if *magic == PcapNg::MAGIC {
            return Ok((Self::PcapNg(PcapNg::default()), 0));
        }
        match Pcap::from_header(head)? {
            Some(pcap) => Ok((Self::Pcap(pcap), super::HEAD_BYTES)),
            None => Err(Fault::NotACapture(what_else(*magic))),
        }
    }

    /// Finds the frames in `bytes`, which start where the last call left off. Gives how many bytes are done with; what is behind
    /// them is the start of a record. With a fault: where in `bytes`; frames before it have been found.
    pub(super) fn scan(&mut self, bytes: &[u8], frames: &mut Vec<FrameAt>) -> Result<usize, (usize, Fault)> {
        match self {
            Self::Pcap(pcap) => pcap.scan(bytes, frames),
            Self::PcapNg(pcapng) => pcapng.scan(bytes, frames),
        }
    }

    /// How many bytes of a block that is too long for the buffer are done with; 0: not inside of one.
    pub(super) fn inside_block(&self) -> u64 {
        match self {
            Self::Pcap(_) => 0,
            Self::PcapNg(pcapng) => pcapng.inside_block(),
        }
    }

    /// Frames left out for their link type, and the last of these link types.
    pub(super) fn skipped(&self) -> (u64, u32) {
        match self {
            Self::Pcap(_) => (0, 0),
            Self::PcapNg(pcapng) => pcapng.skipped(),
        }
    }

    /// What the format is a row of.
    pub(super) fn unit(&self) -> &'static str {
        match self {
            Self::Pcap(_) => "the record",
            Self::PcapNg(_) => "the block",
        }
    }
}

/// Bytes as numbers, in the order of the writer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Big,
    #[default]
    Little,
}

impl ByteOrder {
    #[inline(always)]
    pub(super) fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Big => u16::from_be_bytes(bytes),
            Self::Little => u16::from_le_bytes(bytes),
        }
    }

    #[inline(always)]
    pub(super) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Big => u32::from_be_bytes(bytes),
            Self::Little => u32::from_le_bytes(bytes),
        }
    }

    /// The numbers of `N` words.
    #[inline(always)]
    pub(super) fn words<const N: usize>(self, bytes: &[[u8; 4]; N]) -> [u32; N] {
        bytes.map(|word| self.u32(word))
    }
}

/// The first `N` words behind `at`.
#[inline(always)]
pub(super) fn words_at<const N: usize>(bytes: &[u8], at: usize) -> Option<&[[u8; 4]; N]> {
    bytes.get(at..)?.as_chunks::<4>().0.first_chunk()
}

/// What a person may have given by mistake.
fn what_else(magic: [u8; 4]) -> String {
    match magic {
        [0x28, 0xb5, 0x2f, 0xfd] => "it is compressed with zstd, decompress it first".into(),
        [0xfd, b'7', b'z', b'X'] => "it is compressed with xz, decompress it first".into(),
        [b'B', b'Z', b'h', _] => "it is compressed with bzip2, decompress it first".into(),
        [0x04, 0x22, 0x4d, 0x18] => "it is compressed with lz4, decompress it first".into(),
        [b'P', b'K', 3, 4] => "it is a zip archive, unpack it first".into(),
        [0x1f, 0x8b, ..] => "it is compressed with gzip twice, decompress it first".into(),
        [b's', b'n', b'o', b'o'] => "it is a snoop file, convert it with editcap".into(),
        _ => format!("it starts with {:02x} {:02x} {:02x} {:02x}", magic[0], magic[1], magic[2], magic[3]),
    }
}

pub(super) fn too_long(length: u32) -> Fault {
    Fault::Corrupt(format!("a frame of {length} bytes is longer than any ({LONGEST_FRAME})"))
}

pub(super) fn unsupported_link(number: u32) -> Fault {
    Fault::Unsupported(link::unsupported(number))
}
