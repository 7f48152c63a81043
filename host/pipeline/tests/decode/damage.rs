//! Prefixes and random damage of every kind of frame.

use weir_pipeline::captured::LinkType;
use weir_pipeline::decode::{Skip, fuzz};

use crate::build::{fixtures, plain};
use crate::{Dice, decode, decode_cut};

/// A capture with a short snap length: what is there is right, what is missing is told.
#[test]
fn every_prefix_of_every_fixture() {
    for (name, frame) in fixtures() {
        let whole = decode(&frame).unwrap();
        for captured in 0..frame.len() {
            match decode_cut(LinkType::Ethernet, &frame[..captured], frame.len()) {
                Err(skip) => assert_eq!(skip, Skip::Truncated, "{name} {captured}"),
                Ok(found) => {
                    assert!(whole.payload.starts_with(&found.payload), "{name} {captured}");
                    assert_eq!(
                        found.payload.len() + found.cut as usize,
                        whole.payload.len(),
                        "{name} {captured}"
                    );
                    assert_eq!((found.source, found.destination), (whole.source, whole.destination));
                }
            }
            // Without the wire length the answer may differ, a panic may not.
            let _ = decode(&frame[..captured]);
        }
    }
}

#[test]
fn the_wire_length_may_be_a_lie() {
    for (_, frame) in fixtures() {
        for wire_length in [0, 1, frame.len() - 1, 1 << 20, u32::MAX as usize] {
            assert!(decode_cut(LinkType::Ethernet, &frame, wire_length).is_ok());
        }
    }
}

/// Frames behind each other as the fuzz function reads them, of all link types, damaged.
#[test]
fn random_damage_never_panics() {
    let mut dice = Dice(0x0dd);
    let frames: Vec<Vec<u8>> = fixtures().into_iter().map(|(_, frame)| frame).collect();
    for _ in 0..4000 {
        let mut input = Vec::new();
        for _ in 0..8 {
            let link = dice.below(6);
            let mut frame = match link {
                0 => frames[dice.below(frames.len())].clone(),
                5 => crate::socket::record(),
                // The others begin behind the Ethernet header.
                _ => frames[dice.below(frames.len())][14..].to_vec(),
            };
            for _ in 0..dice.below(4) {
                let at = dice.below(frame.len());
                match dice.below(4) {
                    0 => frame[at] ^= 1 << dice.below(8),
                    1 => frame[at] = dice.below(256) as u8,
                    2 => frame.truncate(at + 1),
                    _ => {
                        let piece = frame[at..].to_vec();
                        frame.extend(piece);
                    }
                }
            }
            input.extend([link as u8, dice.below(3) as u8]);
            input.extend((frame.len() as u16).to_le_bytes());
            input.extend(frame);
        }
        fuzz(&input);
    }
}

/// Each bit of the fragment fields, so that damage reaches the table too.
#[test]
fn every_byte_of_a_header_with_every_value() {
    let frame = plain();
    for at in 12..frame.len() {
        let mut input = Vec::new();
        for value in 0..=255 {
            let mut frame = frame.clone();
            frame[at] = value;
            input.extend([0, 0]);
            input.extend((frame.len() as u16).to_le_bytes());
            input.extend(frame);
        }
        fuzz(&input);
    }
}
