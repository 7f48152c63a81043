//! A capture file from its start to its end: reads big pieces, has the format find the frames in them, hands out blocks.
//!
//! Takes: a path or any byte source. Gives: blocks of frames, then the end or an error. Does not do: threads, retries,
//! looking into frames.

mod format;
mod pcap;
mod pcapng;
mod source;

use std::io::{self, Read};
use std::path::Path;

use self::format::{Fault, Format};
use self::source::Source;
use crate::block::Block;
use crate::error::CaptureError;
use crate::link;

/// How much is asked of the system at once. Half of it costs the same, twice 10 % more, eight times half as much again (read
/// and decode from the page cache, with 1 MiB of second-level cache). Must hold [`format::LONGEST_WHOLE`] with room to spare, as
/// what does not fit can not be read.
const BLOCK_BYTES: usize = 1 << 20;

/// What the first bytes must tell: the longest file header (pcap).
const HEAD_BYTES: usize = 24;

/// A capture file that is being read. See the crate's page for the loop.
pub struct CaptureFile {
    name: String,
    source: Source,
    format: Format,
    /// Bytes that were read and belong to no block yet: part of a record.
    carry: Vec<u8>,
    /// Where `carry` starts in the file.
    offset: u64,
    /// What to answer when the frames before it have been handed out.
    failure: Option<CaptureError>,
    frames: u64,
    ended: bool,
}

impl CaptureFile {
    /// Opens a file, `-` for standard input, and looks at its first bytes.
    ///
    /// # Errors
    /// No such file, not a capture, or a capture that can not be read here.
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        if path.as_os_str() == "-" {
            return Self::from_reader("standard input", io::stdin());
        }
        let name = path.display().to_string();
        match source::open(path) {
            Ok(file) => Self::from_reader(&name, file),
            Err(source) => Err(CaptureError::CannotOpen { name, source }),
        }
    }

    /// Reads a capture from any byte source; `name` is how errors call it. The source is asked for up to 1 MiB at once,
    /// so it needs no buffer of its own.
    ///
    /// # Errors
    /// As [`CaptureFile::open`].
    pub fn from_reader(name: &str, reader: impl Read + Send + 'static) -> Result<Self, CaptureError> {
        let (source, carry) = Source::new(Box::new(reader), HEAD_BYTES);
        let gzip = source.gzip();
        let carry = carry.map_err(|error| reading_failed(name, 0, gzip, error))?;
        let (format, head) = Format::detect(&carry).map_err(|fault| failed(name, 0, gzip, fault))?;
        let mut file = Self {
            name: name.to_owned(),
            source,
            format,
            carry,
            offset: head as u64,
            failure: None,
            frames: 0,
            ended: false,
        };
        file.carry.drain(..head);
        Ok(file)
    }

    /// Fills a block with the next frames; its memory is used again. `false`: the end. Gives what a pipe has so far rather
    /// than to wait for a full block.
    ///
    /// # Errors
    /// After all frames before the broken place have been handed out. The next answer is `false`.
    pub fn fill(&mut self, block: &mut Block) -> Result<bool, CaptureError> {
        block.frames.clear();
        block.bytes.resize(BLOCK_BYTES, 0);
        if !self.ended {
            self.read_frames(block);
        }
        if block.frames.is_empty() {
            return self.failure.take().map_or(Ok(false), Err);
        }
        self.frames += block.frames.len() as u64;
        Ok(true)
    }

    /// Frames handed out so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Frames left out so far because their interface has a link type that is not decoded.
    #[must_use]
    pub fn skipped_frames(&self) -> u64 {
        self.format.skipped().0
    }

    /// Reads until there is a frame, or the end, or a failure. Sets `ended` with the latter two.
    fn read_frames(&mut self, block: &mut Block) {
        let mut filled = self.carry.len();
        block.bytes[..filled].copy_from_slice(&self.carry);
        self.carry.clear();
        while block.frames.is_empty() {
            match self.source.read(&mut block.bytes[filled..]) {
                Ok(0) => return self.end(filled),
                Ok(read) => filled += read,
                Err(error) => {
                    let offset = self.offset + filled as u64;
                    return self.fail(reading_failed(&self.name, offset, self.source.gzip(), error));
                }
            }
            match self.format.scan(&block.bytes[..filled], &mut block.frames) {
                Ok(consumed) => {
                    self.offset += consumed as u64;
                    if block.frames.is_empty() {
                        block.bytes.copy_within(consumed..filled, 0);
                        filled -= consumed;
                    } else {
                        self.carry.extend_from_slice(&block.bytes[consumed..filled]);
                    }
                }
                Err((at, fault)) => {
                    let offset = self.offset + at as u64;
                    return self.fail(failed(&self.name, offset, self.source.gzip(), fault));
                }
            }
        }
    }

    /// The source is at its end with `rest` bytes that are no whole record.
    fn end(&mut self, rest: usize) {
        self.ended = true;
        let (skipped, number) = self.format.skipped();
        let inside = self.format.inside_block();
        if rest > 0 || inside > 0 {
            self.failure = Some(CaptureError::Truncated {
                name: self.name.clone(),
                offset: self.offset - inside,
                gzip: self.source.gzip(),
                what: self.format.unit(),
            });
        } else if skipped > 0 && self.frames == 0 {
            self.failure =
                Some(CaptureError::Unsupported { name: self.name.clone(), what: link::unsupported(number) });
        }
    }

    fn fail(&mut self, error: CaptureError) {
        self.ended = true;
        self.failure = Some(error);
    }
}

/// What a source's error means: gzip's decoder reports broken bytes as errors of reading.
fn reading_failed(name: &str, offset: u64, gzip: bool, source: io::Error) -> CaptureError {
    let name = name.to_owned();
    match source.kind() {
        io::ErrorKind::UnexpectedEof if gzip => {
            CaptureError::Truncated { name, offset, gzip, what: "the gzip data" }
        }
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput if gzip => {
            CaptureError::Corrupt { name, offset, gzip, what: source.to_string() }
        }
        _ => CaptureError::Io { name, offset, gzip, source },
    }
}

fn failed(name: &str, offset: u64, gzip: bool, fault: Fault) -> CaptureError {
    let name = name.to_owned();
    match fault {
        Fault::Corrupt(what) => CaptureError::Corrupt { name, offset, gzip, what },
        Fault::NotACapture(found) => CaptureError::NotACapture { name, found },
        Fault::Truncated(what) => CaptureError::Truncated { name, offset, gzip, what },
        Fault::Unsupported(what) => CaptureError::Unsupported { name, what },
    }
}

/// Reads `data` as a capture file in pieces of odd sizes, which must never panic, and touches every frame.
#[doc(hidden)]
pub fn fuzz(data: &[u8]) {
    let reader = source::Dripping::new(data.to_vec());
    let Ok(mut file) = CaptureFile::from_reader("fuzz", reader) else { return };
    let mut block = Block::default();
    let mut bytes = 0;
    while let Ok(true) = file.fill(&mut block) {
        for frame in block.frames() {
            assert!(frame.bytes.len() <= frame.wire_length as usize);
            bytes += frame.bytes.len();
        }
    }
    assert!(file.fill(&mut block).is_ok_and(|more| !more), "nothing comes after the end");
    std::hint::black_box(bytes);
}
