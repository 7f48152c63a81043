//! Lanes in a file, written to as the programs in the kernel do it.

use std::collections::VecDeque;
use std::fs::File;
use std::mem::offset_of;
use std::ops::Deref;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;

use weir_ebpf_common::{LANE_BYTES, Lane, PIECE, Record};

use super::{Lanes, Records, Ring};

impl Ring for VecDeque<Vec<u8>> {
    fn next(&mut self) -> Option<impl Deref<Target = [u8]>> {
        self.pop_front()
    }
}

/// The kernel's side.
struct Kernel {
    map: File,
    written: Vec<u64>,
}

/// A record of that time; its payload is of one letter.
fn record(time: u64, payload: usize) -> Vec<u8> {
    let mut bytes = vec![b'a' + (time % 26) as u8; Record::SIZE + payload];
    bytes[..8].copy_from_slice(&time.to_le_bytes());
    let captured = offset_of!(Record, captured);
    bytes[captured..captured + 4].copy_from_slice(&(payload as u32).to_le_bytes());
    bytes
}

impl Kernel {
    /// With the path's last part, as tests run at the same time.
    fn new(name: &str, lanes: usize) -> (Self, Lanes) {
        let path = std::env::temp_dir().join(format!("weir-lanes-{}-{name}", std::process::id()));
        let map = File::options().read(true).write(true).create_new(true).open(&path).expect("a file");
        std::fs::remove_file(&path).expect("it is there");
        map.set_len((lanes * Lane::SIZE) as u64).expect("room");
        let reader = Lanes::new(map.as_fd(), lanes).expect("mapped");
        (Self { map, written: vec![0; lanes] }, reader)
    }

    fn word(&self, lane: usize, at: usize) -> u64 {
        let mut word = [0; 8];
        self.map.read_exact_at(&mut word, (lane * Lane::SIZE + at) as u64).expect("in the map");
        u64::from_le_bytes(word)
    }

    fn set(&self, lane: usize, at: usize, bytes: &[u8]) {
        self.map.write_all_at(bytes, (lane * Lane::SIZE + at) as u64).expect("in the map");
    }

    /// False: the lane is full.
    fn put(&mut self, lane: usize, record: &[u8]) -> bool {
        let position = self.written[lane];
        let waiting = position - self.word(lane, offset_of!(Lane, read));
        if waiting > (LANE_BYTES - Lane::LARGEST) as u64 {
            return false;
        }
        self.set(lane, offset_of!(Lane, bytes) + Lane::place(position), record);
        let written = position + Lane::taken((record.len() - Record::SIZE) as u32);
        self.set(lane, offset_of!(Lane, written), &written.to_le_bytes());
        self.written[lane] = written;
        true
    }
}

fn read_all<R: Ring>(records: &mut Records<R>, until: u64) -> Vec<Vec<u8>> {
    let mut read = Vec::new();
    assert!(records.read(until, |record| {
        read.push(record.to_vec());
        true
    }));
    read
}

#[test]
fn records_come_in_the_order_of_their_times() {
    let (mut kernel, lanes) = Kernel::new("order", 3);
    let ring = VecDeque::from([record(4, 10), record(9, 0), record(12, 1)]);
    for (lane, time) in [(0, 1), (0, 2), (2, 3), (1, 5), (2, 6), (1, 7), (1, 8), (0, 10), (2, 11)] {
        assert!(kernel.put(lane, &record(time, time as usize * 3)));
    }
    let mut records = Records::new(lanes, ring);
    let times = |records: &[Vec<u8>]| -> Vec<u64> {
        records.iter().filter_map(|record| Record::time_of(record)).collect()
    };
    let first = read_all(&mut records, 9);
    assert_eq!(times(&first), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!((first[1].clone(), first[3].clone()), (record(2, 6), record(4, 10)));
    // What came later than the look, and what comes meanwhile.
    assert!(kernel.put(1, &record(13, 0)));
    assert_eq!(times(&read_all(&mut records, u64::MAX)), [10, 11, 12, 13]);
    assert!(read_all(&mut records, u64::MAX).is_empty());
}

#[test]
fn who_wants_no_more_gets_the_rest_later() {
    let (mut kernel, lanes) = Kernel::new("later", 2);
    let mut records = Records::new(lanes, VecDeque::from([record(3, 0), record(6, 0)]));
    for time in [1, 2, 4, 5, 7] {
        assert!(kernel.put(time as usize % 2, &record(time, 100)));
    }
    for time in 1..=7 {
        let mut read = Vec::new();
        let is_all = records.read(u64::MAX, |record| {
            read.push(Record::time_of(record));
            false
        });
        assert_eq!((is_all, read), (false, vec![Some(time)]));
    }
    assert!(read_all(&mut records, u64::MAX).is_empty());
}

/// Many laps, records of all sizes: none is lost, none is cut, none is overwritten before it was read.
#[test]
fn a_lane_goes_on_behind_its_end() {
    let (mut kernel, lanes) = Kernel::new("laps", 2);
    let mut records = Records::new(lanes, VecDeque::new());
    let (mut time, mut told) = (0, 0);
    while kernel.written.iter().any(|written| *written < 5 * LANE_BYTES as u64) {
        let mut was_full = false;
        while !was_full {
            // Any sizes that do not repeat with the lane's.
            let next = record(time, (time as usize * 613) % (PIECE + 1));
            was_full = !kernel.put((time * 7 % 3) as usize % 2, &next);
            time += u64::from(!was_full);
        }
        let before = told;
        for got in read_all(&mut records, u64::MAX) {
            assert!(got == record(told, (told as usize * 613) % (PIECE + 1)), "record {told}");
            told += 1;
        }
        assert!(told == time && told > before, "{told} of {time}, {before} before");
    }
    assert!(told > 500, "{told} records");
}

/// Whatever stands in the map, reading comes to its end and stays inside.
#[test]
fn a_map_without_sense_does_no_harm() {
    for (written, byte) in [(u64::MAX, 0xff), (LANE_BYTES as u64 * 3 + 1, 0xff), (40, 0), (u64::MAX / 2, 1)] {
        let (kernel, lanes) = Kernel::new(&format!("senseless-{written}"), 2);
        kernel.set(0, offset_of!(Lane, bytes), &vec![byte; LANE_BYTES + Lane::LARGEST]);
        kernel.set(0, offset_of!(Lane, written), &written.to_le_bytes());
        let mut records = Records::new(lanes, VecDeque::from([vec![1, 2, 3]]));
        for _ in 0..3 {
            let read = read_all(&mut records, u64::MAX);
            assert!(read.iter().all(|record| record.len() <= Lane::LARGEST));
            assert!(read.len() <= LANE_BYTES / Record::SIZE + 2, "{} records", read.len());
        }
    }
}
