//! Sources: gzip, pipes, slow readers, files; and blocks that several threads share.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::{fs, thread};

use flate2::Compression;
use flate2::write::GzEncoder;
use weir_capture::{Block, CaptureFile};
use weir_pipeline::captured::Frame;

use crate::build::{MICRO, Order, pcap, record};
use crate::{Dice, read, read_from, read_well};

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn capture(frames: u32) -> Vec<u8> {
    let mut dice = Dice(11);
    let mut file = pcap(Order::Little, MICRO, 1);
    for number in 0..frames {
        let length = dice.below(1500);
        file.extend(record(Order::Little, false, (number, 0), &vec![number as u8; length], length as u32));
    }
    file
}

#[test]
fn gzip_of_one_and_of_many_members() {
    let file = capture(3000);
    let plain = read_well(file.clone());
    assert_eq!(plain.len(), 3000);
    assert!(read_well(gzip(&file)) == plain);
    let members: Vec<u8> = file.chunks(100_001).flat_map(gzip).collect();
    assert!(read_well(members) == plain);
    let tiny: Vec<u8> = file[..2000].chunks(1).flat_map(gzip).collect();
    assert!(plain.starts_with(&read(tiny).frames));
}

/// Gives 1 to `most` bytes at once, and is interrupted by signals.
struct Slow {
    data: io::Cursor<Vec<u8>>,
    dice: Dice,
    most: usize,
}

impl Read for Slow {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.dice.below(4) == 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let room = into.len().min(1 + self.dice.below(self.most));
        self.data.read(&mut into[..room])
    }
}

#[test]
fn slow_sources_give_the_same() {
    let file = capture(300);
    let all = read_well(file.clone());
    for (bytes, most) in [(file.clone(), 1), (file.clone(), 3000), (gzip(&file), 1), (gzip(&file), 100)] {
        let slow = Slow { data: io::Cursor::new(bytes), dice: Dice(5), most };
        let read = read_from(slow);
        assert_eq!(read.error_text(), "");
        assert!(read.frames == all);
    }
}

#[test]
fn a_pipe_is_read_as_it_is_written() {
    let (reader, mut writer) = io::pipe().unwrap();
    let file = capture(2);
    let second = file.len() - 20;
    writer.write_all(&file[..second]).unwrap();
    let mut file_reader = CaptureFile::from_reader("pipe", reader).unwrap();
    let mut block = Block::default();
    // The writer is still open: this returns only because it does not wait for a full block.
    assert!(file_reader.fill(&mut block).unwrap());
    assert_eq!(block.positions().len(), 1);
    writer.write_all(&file[second..]).unwrap();
    drop(writer);
    assert!(file_reader.fill(&mut block).unwrap());
    assert_eq!(block.positions().len(), 1);
    assert!(!file_reader.fill(&mut block).unwrap());
}

#[test]
fn a_read_error_comes_after_the_frames() {
    struct Failing(io::Cursor<Vec<u8>>);
    impl Read for Failing {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            match self.0.read(into)? {
                0 => Err(io::Error::other("the disk is gone")),
                read => Ok(read),
            }
        }
    }
    let file = capture(10);
    let length = file.len();
    let read = read_from(Failing(io::Cursor::new(file)));
    assert_eq!(read.frames.len(), 10);
    assert_eq!(read.error_text(), format!("can not read trace at byte {length}: the disk is gone"));
}

#[test]
fn a_file_by_its_path() {
    let path = std::env::temp_dir().join(format!("weir-capture-{}.pcap", std::process::id()));
    fs::write(&path, capture(5)).unwrap();
    let mut file = CaptureFile::open(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let mut block = Block::default();
    assert!(file.fill(&mut block).unwrap());
    assert_eq!(block.frames().count(), 5);
}

#[test]
fn blocks_are_shared_and_filled_again() {
    let bytes = capture(20_000);
    let expected: usize = read_well(bytes.clone()).iter().map(|frame| frame.bytes.len()).sum();
    let mut file = CaptureFile::from_reader("shared", io::Cursor::new(bytes)).unwrap();
    let mut shared = Arc::new(Block::default());
    let (mut total, mut memory) = (0, None);
    while file.fill(Arc::get_mut(&mut shared).unwrap()).unwrap() {
        let halves = [0, 1].map(|half| {
            let block = Arc::clone(&shared);
            thread::spawn(move || {
                let mine = block.positions().iter().skip(half).step_by(2);
                mine.map(|at| block.frame(at).bytes.len()).sum::<usize>()
            })
        });
        total += halves.map(|half| half.join().unwrap()).iter().sum::<usize>();
        let first = *memory.get_or_insert(shared.bytes().as_ptr().addr());
        assert_eq!(shared.bytes().as_ptr().addr(), first, "memory is used again");
    }
    assert_eq!(total, expected);
}

#[test]
fn frames_borrow_from_the_block() {
    let mut file = CaptureFile::from_reader("trace", io::Cursor::new(capture(100))).unwrap();
    let mut block = Block::default();
    file.fill(&mut block).unwrap();
    let inside = block.bytes().as_ptr_range();
    assert!(block.frames().all(|Frame { bytes, .. }| inside.contains(&bytes.as_ptr())));
}
