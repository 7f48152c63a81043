//! Frames -> a pcap file: for tests and for benchmarks that make their own captures. Takes frames, gives bytes to a
//! writer (wrap it in a `BufWriter`). Does not do: pcapng, compression.

use std::io::{self, Write};

use weir_pipeline::captured::{Frame, LinkType};

use crate::link;

/// Writes nanosecond pcap in little-endian order.
#[derive(Debug)]
pub struct PcapWriter<W> {
    out: W,
}

impl<W: Write> PcapWriter<W> {
    /// Writes the file header.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn new(mut out: W, link: LinkType) -> io::Result<Self> {
        let words = [0xa1b2_3c4d, 0x0004_0002, 0, 0, 262_144, link::number(link)];
        for word in words {
            out.write_all(&u32::to_le_bytes(word))?;
        }
        Ok(Self { out })
    }

    /// Writes one frame; its link type is not looked at. A time after 2106 is written modulo 2^32 seconds, as the format has it.
    ///
    /// # Errors
    /// Those of the writer.
    #[inline]
    pub fn frame(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        let length = u32::try_from(frame.bytes.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut header = [0; 16];
        header[0..4].copy_from_slice(&((frame.time / 1_000_000_000) as u32).to_le_bytes());
        header[4..8].copy_from_slice(&((frame.time % 1_000_000_000) as u32).to_le_bytes());
        header[8..12].copy_from_slice(&length.to_le_bytes());
        header[12..16].copy_from_slice(&frame.wire_length.to_le_bytes());
        self.out.write_all(&header)?;
        self.out.write_all(frame.bytes)
    }

    /// Flushes and gives the writer back.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}
