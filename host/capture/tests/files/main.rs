//! Capture files of every form, whole and broken, made by the writers in `build`.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)] // clippy.toml allows it in #[test] functions, not in what they call

mod build;
mod pcap;
mod pcapng;
mod trouble;
mod whole;

use std::io::Cursor;

use weir_capture::{Block, CaptureError, CaptureFile};
use weir_pipeline::captured::LinkType;

/// A frame that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    time: u64,
    link: LinkType,
    bytes: Vec<u8>,
    wire_length: u32,
}

/// Everything that comes out of a file.
#[derive(Debug)]
struct Read {
    frames: Vec<Seen>,
    skipped: u64,
    error: Option<CaptureError>,
}

impl Read {
    fn error_text(&self) -> String {
        self.error.as_ref().map(ToString::to_string).unwrap_or_default()
    }
}

fn read(bytes: Vec<u8>) -> Read {
    read_from(Cursor::new(bytes))
}

fn read_from(reader: impl std::io::Read + Send + 'static) -> Read {
    let mut read = Read { frames: vec![], skipped: 0, error: None };
    let mut file = match CaptureFile::from_reader("trace", reader) {
        Ok(file) => file,
        Err(error) => return Read { error: Some(error), ..read },
    };
    let mut block = Block::default();
    loop {
        match file.fill(&mut block) {
            Ok(true) => read.frames.extend(block.frames().map(|frame| Seen {
                time: frame.time,
                link: frame.link,
                bytes: frame.bytes.to_vec(),
                wire_length: frame.wire_length,
            })),
            Ok(false) => break,
            Err(error) => {
                assert!(read.error.is_none(), "one error only");
                read.error = Some(error);
            }
        }
    }
    assert_eq!(file.frames(), read.frames.len() as u64);
    read.skipped = file.skipped_frames();
    read
}

/// Reads what must be readable to its end.
#[track_caller]
fn read_well(bytes: Vec<u8>) -> Vec<Seen> {
    let read = read(bytes);
    assert_eq!(read.error_text(), "");
    read.frames
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
