//! A fuzzer's bytes as a conversation of two hosts, played to a plugin's parser.
//!
//! Takes: a byte for the kind of connection, then records: a byte (0 client, 1 server, 2 and 3 the same but lost), two bytes of
//! length, lowest first, and as many bytes unless they were lost. Gives: panics of the parser, or of the assertions below.
//! The seeds in `seeds/` are such files, made from the plugins' fixtures.

use weir_plugin_sdk::message::Part;
use weir_plugin_sdk::parser::{Direction, Parser, Sender, Transport};
use weir_plugin_sdk::testing::{self, Harness};

/// Plays the conversation.
pub fn play<P: Parser>(data: &[u8]) {
    let Some((kind, mut rest)) = data.split_first() else { return };
    let (mut harness, transport) = match kind % 3 {
        0 => (Harness::<P>::tcp(), Transport::Tcp),
        1 => (Harness::<P>::tcp_joined(), Transport::Tcp),
        _ => (Harness::<P>::udp(), Transport::Udp),
    };
    for sender in [None, Some(Sender::Client), Some(Sender::Server)] {
        let _ = testing::check::<P>(transport, sender, rest.get(3..).unwrap_or_default());
    }
    let mut seen = [0_u64; 2];
    while let Some((&[tag, low, high], behind)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_le_bytes([low, high]));
        let direction = if tag & 1 == 0 { Direction::ClientToServer } else { Direction::ServerToClient };
        if tag & 2 == 0 {
            let (bytes, behind) = behind.split_at(length.min(behind.len()));
            rest = behind;
            seen[direction.index()] += bytes.len() as u64;
            // A capture hands no empty segments on.
            if !bytes.is_empty() {
                harness.push(direction, bytes);
            }
        } else {
            rest = behind;
            // A lost datagram leaves no trace.
            if transport == Transport::Tcp && length > 0 {
                seen[direction.index()] += length as u64;
                harness = harness.gap(direction, length as u64);
            }
        }
    }
    let harness = harness.close();
    for message in harness.messages() {
        let seen = seen[message.direction.index()];
        // An end may be told ahead, for a body that is stepped over.
        let told_ahead = message.part != Part::End && message.start > seen;
        assert!(!told_ahead, "{message:?} begins behind the {seen} bytes that were there");
    }
}
