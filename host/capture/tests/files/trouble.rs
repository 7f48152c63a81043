//! Files that are broken, cut, or something else; and random damage.

use std::fs;
use std::path::Path;

use weir_capture::{CaptureError, CaptureFile, fuzz};

use crate::build::{
    MICRO, MODIFIED, Order, block, enhanced, interface, option, pcap, record, section, simple,
};
use crate::whole::gzip;
use crate::{Dice, read};

/// A file in parts (header, then each record or block).
struct Parts {
    name: &'static str,
    parts: Vec<Vec<u8>>,
    /// How many frames stand in the file up to the end of each part.
    frames: &'static [usize],
}

fn files() -> [Parts; 3] {
    let order = Order::Little;
    let big = Order::Big;
    let records = |magic| -> Vec<Vec<u8>> {
        let record = |n: u32| record(order, magic == MODIFIED, (n, n), &vec![n as u8; n as usize * 7], 99);
        [vec![pcap(order, magic, 1)], (0..4).map(record).collect()].concat()
    };
    let blocks = vec![
        section(big),
        interface(big, 1, 0, &option(big, 9, &[9])),
        enhanced(big, 0, 7, b"frame", 5),
        block(big, 5, &[1; 40]),
        simple(big, b"simple", 6),
        section(order),
        interface(order, 113, 0, &[]),
        enhanced(order, 0, 7, b"frame", 5),
    ];
    [
        Parts { name: "pcap", parts: records(MICRO), frames: &[0, 1, 2, 3, 4] },
        Parts { name: "modified", parts: records(MODIFIED), frames: &[0, 1, 2, 3, 4] },
        Parts { name: "pcapng", parts: blocks, frames: &[0, 0, 1, 1, 2, 2, 2, 3] },
    ]
}

#[test]
fn cut_at_every_byte() {
    for Parts { name, parts, frames } in files() {
        let ends: Vec<usize> = parts
            .iter()
            .scan(0, |end, part| {
                *end += part.len();
                Some(*end)
            })
            .collect();
        let file = parts.concat();
        for length in 0..file.len() {
            let read = read(file[..length].to_vec());
            let whole = ends.iter().take_while(|end| **end <= length).count();
            let expected = whole.checked_sub(1).map_or(0, |last| frames[last]);
            assert_eq!(read.frames.len(), expected, "{name} {length}");
            let start = whole.checked_sub(1).map_or(0, |last| ends[last]);
            match read.error {
                None => assert_eq!(start, length, "{name} {length}"),
                Some(CaptureError::NotACapture { .. }) => assert!(length < 4),
                Some(CaptureError::Truncated { offset, gzip: false, .. }) => assert_eq!(offset, start as u64),
                Some(other) => panic!("{name} {length}: {other}"),
            }
        }
    }
}

/// Everything whose compressed bytes are complete is read.
#[test]
fn gzip_cut_at_every_byte() {
    for Parts { name, parts, .. } in files() {
        let file = parts.concat();
        let compressed = gzip(&file);
        let all = read(file).frames;
        for length in 2..compressed.len() {
            let read = read(compressed[..length].to_vec());
            assert!(all.starts_with(&read.frames), "{name} {length}");
            assert!(
                matches!(read.error, Some(CaptureError::Truncated { gzip: true, .. })),
                "{name} {length}: {}",
                read.error_text()
            );
        }
        let cut_trailer = read(compressed[..compressed.len() - 1].to_vec());
        assert_eq!(cut_trailer.frames, all, "{name}");
    }
}

#[test]
fn cut_inside_of_a_long_block_that_is_left_out() {
    let order = Order::Little;
    let before = [section(order), interface(order, 1, 0, &[]), enhanced(order, 0, 1, b"x", 1)].concat();
    let start = before.len() as u64;
    let file = [before, block(order, 10, &vec![0; 3 << 20])].concat();
    for cut in [1, 4, 5, 1 << 20, 2 << 20, (3 << 20) + 11] {
        let read = read(file[..file.len() - cut].to_vec());
        assert_eq!(read.frames.len(), 1);
        assert!(
            matches!(read.error, Some(CaptureError::Truncated { offset, .. }) if offset == start),
            "{cut}: {}",
            read.error_text()
        );
    }
}

#[test]
fn a_frame_of_256_kib_is_the_longest() {
    let order = Order::Little;
    let good = [pcap(order, MICRO, 1), record(order, false, (1, 1), &vec![7; 256 << 10], 1)].concat();
    let start = good.len() as u64;
    let file = [good, record(order, false, (1, 1), &vec![7; (256 << 10) + 1], 1)].concat();
    let read = read(file);
    assert_eq!(read.frames.len(), 1);
    assert!(matches!(read.error, Some(CaptureError::Corrupt { offset, .. }) if offset == start));
}

#[test]
fn damaged_gzip_is_corrupt() {
    let order = Order::Little;
    let mut file = pcap(order, MICRO, 1);
    let mut dice = Dice(3);
    for number in 0..2000 {
        let bytes: Vec<u8> = (0..200).map(|_| dice.below(256) as u8).collect();
        file.extend(record(order, false, (number, 0), &bytes, 200));
    }
    let mut compressed = gzip(&file);
    let last = compressed.len() - 5; // of the checksum
    compressed[last] ^= 1;
    let read_all = read(compressed.clone());
    assert_eq!(read_all.frames.len(), 2000);
    assert!(matches!(read_all.error, Some(CaptureError::Corrupt { gzip: true, .. })));

    let middle = compressed.len() / 2;
    compressed[middle..middle + 4000].fill(0xff);
    let read_half = read(compressed);
    assert!((500..1900).contains(&read_half.frames.len()), "{}", read_half.frames.len());
    assert!(read_half.error.is_some());
}

#[test]
fn something_else() {
    let cases: [(&[u8], &str); 8] = [
        (b"", "empty"),
        (b"\xd4\xc3", "shorter than 4"),
        (b"GET / HTTP/1.1\r\n\r\n", "47 45 54 20"),
        (b"\x28\xb5\x2f\xfd0123456789", "zstd"),
        (b"\xfd7zXZ\x00____", "xz"),
        (b"PK\x03\x0400000000", "zip"),
        (b"\x04\x22\x4d\x18000000", "lz4"),
        (&[0; 100], "00 00 00 00"),
    ];
    for (bytes, word) in cases {
        let read = read(bytes.to_vec());
        assert!(matches!(read.error, Some(CaptureError::NotACapture { .. })));
        assert!(read.error_text().contains(word), "{}", read.error_text());
    }
    let twice = read(gzip(&gzip(&pcap(Order::Little, MICRO, 1))));
    assert!(twice.error_text().contains("gzip twice"), "{}", twice.error_text());
    assert!(read(gzip(b"")).error_text().contains("empty"));
}

#[test]
fn a_link_type_that_is_not_decoded_is_told_at_once() {
    for (number, name) in [(105, "802.11"), (127, "radiotap"), (9, "PPP"), (4711, "unknown")] {
        let read = read(pcap(Order::Big, MICRO, number));
        assert!(matches!(read.error, Some(CaptureError::Unsupported { .. })));
        let text = read.error_text();
        assert!(text.contains(name) && text.contains(&number.to_string()), "{text}");
    }
}

#[test]
fn missing_files_and_folders() {
    let error =
        |path: &Path| CaptureFile::open(path).err().map(|error| error.to_string()).unwrap_or_default();
    let missing = error(Path::new("no/such/file.pcap"));
    assert!(missing.starts_with("can not open no/such/file.pcap: ") && missing.contains("check the path"));
    let folder = error(Path::new(env!("CARGO_MANIFEST_DIR")));
    assert!(folder.contains("can not open") && folder.contains("files in it"), "{folder}");
    assert!(fs::metadata(env!("CARGO_MANIFEST_DIR")).is_ok());
}

#[test]
fn errors_are_one_line() {
    let order = Order::Little;
    let mut corrupt = [pcap(order, MICRO, 1), record(order, false, (1, 1), b"x", 1)].concat();
    corrupt.extend([0xff; 40]);
    let text = read(corrupt.clone()).error_text();
    assert_eq!(
        text,
        "trace is corrupt at byte 41: a frame of 4294967295 bytes is longer than any (262144); what stands before was \
         read, go on with a fresh copy or capture again"
    );
    corrupt.truncate(50);
    assert_eq!(
        read(corrupt).error_text(),
        "trace ends too early: the record at byte 41 is not complete; what stands before was read, copy the file again \
         if there was more"
    );
}

/// Flips, cuts, repeats and overwrites parts of good files.
#[test]
fn random_damage_never_panics() {
    let mut dice = Dice(0x5eed);
    let files = files().map(|file| file.parts.concat());
    let files: Vec<Vec<u8>> = files.into_iter().flat_map(|file| [gzip(&file), file]).collect();
    for round in 0..6_000 {
        let mut file = files[round % files.len()].clone();
        for _ in 0..=dice.below(4) {
            damage(&mut dice, &mut file);
        }
        fuzz(&file);
    }
}

fn damage(dice: &mut Dice, file: &mut Vec<u8>) {
    if file.is_empty() {
        return;
    }
    let at = dice.below(file.len());
    match dice.below(5) {
        0 => file[at] ^= 1 << dice.below(8),
        1 => file.truncate(at),
        2 => file[at] = [0, 1, 0x7f, 0x80, 0xff][dice.below(5)],
        3 => {
            let end = (at + 1 + dice.below(40)).min(file.len());
            let piece = file[at..end].to_vec();
            let to = dice.below(file.len());
            file.splice(to..to, piece);
        }
        _ => {
            let end = (at + 4).min(file.len());
            file[at..end].fill([0, 0xff][dice.below(2)]);
        }
    }
}
