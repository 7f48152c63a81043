//! pcap: magics, byte orders, times, and the writer.

use weir_capture::write::PcapWriter;
use weir_pipeline::captured::{Frame, LinkType};

use crate::build::{MICRO, MODIFIED, NANO, Order, pcap, record};
use crate::{Dice, Seen, read, read_well};

#[test]
fn every_magic_in_both_orders() {
    for order in [Order::Big, Order::Little] {
        for (magic, unit) in [(MICRO, 1_000), (NANO, 1), (MODIFIED, 1_000)] {
            let mut file = pcap(order, magic, 1);
            file.extend(record(order, magic == MODIFIED, (1_700_000_000, 999_999), b"first", 5));
            file.extend(record(order, magic == MODIFIED, (0xffff_fff0, 1), b"cut", 1500));
            file.extend(record(order, magic == MODIFIED, (7, 0), b"", 60));
            let frame = |seconds: u64, fraction: u64, bytes: &[u8], wire_length| Seen {
                time: seconds * 1_000_000_000 + fraction * unit,
                link: LinkType::Ethernet,
                bytes: bytes.to_vec(),
                wire_length,
            };
            let expected = [
                frame(1_700_000_000, 999_999, b"first", 5),
                frame(0xffff_fff0, 1, b"cut", 1500),
                frame(7, 0, b"", 60),
            ];
            assert_eq!(read_well(file), expected, "{order:?} {magic:x}");
        }
    }
}

#[test]
fn every_link_type() {
    use LinkType::{Ethernet, Null, Raw, Sll, Sll2, Socket};
    let numbers = [
        (0, Null),
        (1, Ethernet),
        (12, Raw),
        (14, Raw),
        (101, Raw),
        (108, Null),
        (113, Sll),
        (147, Socket),
        (228, Raw),
        (229, Raw),
        (276, Sll2),
    ];
    for (number, link) in numbers {
        let mut file = pcap(Order::Little, MICRO, number);
        file.extend(record(Order::Little, false, (1, 1), b"x", 1));
        assert_eq!(read_well(file)[0].link, link);
    }
}

#[test]
fn frame_check_sequence_bits_are_no_link_type() {
    let mut file = pcap(Order::Little, MICRO, 0x5400_0001 & 0xf000_ffff);
    file.extend(record(Order::Little, false, (1, 1), b"x", 1));
    assert_eq!(read_well(file)[0].link, LinkType::Ethernet);
}

#[test]
fn wire_length_is_never_less_than_what_was_captured() {
    let mut file = pcap(Order::Little, MICRO, 1);
    file.extend(record(Order::Little, false, (1, 1), b"twelve bytes", 3));
    assert_eq!(read_well(file)[0].wire_length, 12);
}

#[test]
fn version_is_not_looked_at() {
    let mut file = pcap(Order::Little, MICRO, 1);
    file[4..8].copy_from_slice(&[0, 2, 0, 4]);
    file.extend(record(Order::Little, false, (1, 1), b"x", 1));
    assert_eq!(read_well(file).len(), 1);
}

/// Sizes up to the longest frame, so that records cross the ends of blocks everywhere.
#[test]
fn what_was_written_is_read_whatever_the_sizes() {
    for seed in 1..=6 {
        let mut dice = Dice(seed);
        let most = [1, 100, 1500, 9000, 70_000, 256 << 10][seed as usize - 1];
        let count = (5 << 20) / most.max(64);
        let frames: Vec<Seen> = (0..count).map(|number| written(&mut dice, number, most)).collect();
        let mut writer = PcapWriter::new(Vec::new(), LinkType::Sll2).unwrap();
        for Seen { time, link, bytes, wire_length } in &frames {
            let (time, link, wire_length) = (*time, *link, *wire_length);
            writer.frame(&Frame { time, link, bytes, wire_length }).unwrap();
        }
        let read = read(writer.finish().unwrap());
        assert_eq!(read.error_text(), "");
        assert!(read.frames == frames, "seed {seed}");
    }
}

fn written(dice: &mut Dice, number: usize, most: usize) -> Seen {
    let length = dice.below(most + 1);
    Seen {
        time: number as u64 * 1_000_000_007,
        link: LinkType::Sll2,
        bytes: (0..length).map(|at| (at ^ number) as u8).collect(),
        wire_length: (length + dice.below(3)) as u32,
    }
}
