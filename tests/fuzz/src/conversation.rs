//! A fuzzer's bytes as a conversation of two hosts, played to a plugin's parser.
//!
//! Takes: a byte for the kind of connection, then records: a byte (0 client, 1 server, 2 and 3 the same but lost), two bytes of
//! length, lowest first, and as many bytes unless they were lost. Gives: panics of the parser, or of the assertions below.
//! The seeds in `seeds/` are such files, made from the plugins' fixtures.

use weir_plugin_sdk::message::Part;
use weir_plugin_sdk::parser::{Direction, Parser, Sender, Transport};
use weir_plugin_sdk::testing::{self, Harness, Message};

/// Plays the conversation, then once more in smaller segments, which must not change what is told.
pub fn play<P: Parser>(data: &[u8]) {
    let Some((kind, records)) = data.split_first() else { return };
    let kind = kind % 3;
    let transport = if kind == UDP { Transport::Udp } else { Transport::Tcp };
    for sender in [None, Some(Sender::Client), Some(Sender::Server)] {
        let _ = testing::check::<P>(transport, sender, records.get(3..).unwrap_or_default());
    }
    let (whole, lost) = run::<P>(kind, records, usize::MAX);
    // A parser that joined in the middle, or lost its way, looks for a message where a segment begins.
    if kind == SEEN_FROM_START && !lost && whole.violations() == 0 {
        let piece = 1 + records.len() % 7;
        let (split, _) = run::<P>(kind, records, piece);
        if split.violations() == 0 {
            assert_eq!(finished(&whole), finished(&split), "told in segments of {piece} bytes");
        }
    }
}

/// What was begun only tells how far it got.
fn finished<P: Parser>(harness: &Harness<P>) -> Vec<Message> {
    let mut messages = harness.joined();
    messages.retain(|message| message.part == Part::Whole);
    messages
}

const SEEN_FROM_START: u8 = 0;
const JOINED: u8 = 1;
const UDP: u8 = 2;

/// Plays the records in segments of at most `piece` bytes; also says whether any were lost.
fn run<P: Parser>(kind: u8, records: &[u8], piece: usize) -> (Harness<P>, bool) {
    let mut harness = match kind {
        UDP => Harness::<P>::udp(),
        JOINED => Harness::<P>::tcp_joined(),
        _ => Harness::<P>::tcp(),
    };
    let (mut rest, mut seen, mut lost) = (records, [0_u64; 2], false);
    while let Some((&[tag, low, high], behind)) = rest.split_first_chunk() {
        rest = behind;
        let length = usize::from(u16::from_le_bytes([low, high]));
        let direction = if tag & 1 == 0 { Direction::ClientToServer } else { Direction::ServerToClient };
        if tag & 2 == 0 {
            let (bytes, behind) = behind.split_at(length.min(behind.len()));
            rest = behind;
            seen[direction.index()] += bytes.len() as u64;
            // A capture hands no empty segments on.
            for segment in bytes.chunks(piece) {
                harness.push(direction, segment);
            }
        } else if kind != UDP && length > 0 {
            // A lost datagram leaves no trace.
            lost = true;
            seen[direction.index()] += length as u64;
            harness = harness.gap(direction, length as u64);
        }
    }
    let harness = harness.close();
    for message in harness.messages() {
        let seen = seen[message.direction.index()];
        // An end may be told ahead, for a body that is stepped over.
        let told_ahead = message.part != Part::End && message.start > seen;
        assert!(!told_ahead, "{message:?} begins behind the {seen} bytes that were there");
    }
    (harness, lost)
}
