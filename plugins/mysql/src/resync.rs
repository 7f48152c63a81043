//! Takes: bytes from the middle of a connection. Gives: whether, or where, a packet begins.
//!
//! A captured segment is a likely place for a message to begin, no more: each test asks for what no other bytes are
//! likely to have. A message that is not recognised is lost; one that was never sent must not be told.

use crate::capability::Capabilities;
use crate::command::{Answer, Argument, command};
use crate::handshake::{Hello, RESPONSE, hello};
use crate::packet::{HEADER, Header, is_text, lenenc};
use crate::result::{self, EOF, EOF_LENGTH, ERR, LOCAL_INFILE, OK, ServerError};
use weir_plugin_sdk::prelude::*;

/// Sequence id of the first packet of an answer.
const FIRST: u8 = 1;

/// Bytes of a text that are looked at.
const LOOK: usize = 512;

/// Where a row is searched: about the length of one captured segment, or of a few that were joined by the kernel.
const SEARCH: usize = 64 << 10;

/// A column definition begins with its catalog, which is always this ("Column Definition").
const CATALOG: [u8; 4] = *b"\x03def";

/// One or more whole commands, or the beginning of a long one.
pub(crate) fn is_command(bytes: &[u8]) -> bool {
    let Some((&[_, _, _, 0, byte], argument)) = bytes.split_first_chunk() else { return false };
    let (Some(head), Some(command)) = (Header::read(bytes), command(byte)) else { return false };
    if !command.fits(head.length) {
        return false;
    }
    let end = head.whole();
    let is_whole = end <= bytes.len();
    let argument = argument.get(..argument.len().min(head.length - 1).min(LOOK)).unwrap_or_default();
    let fits = match command.argument {
        Argument::Sql => is_sql(argument),
        Argument::Name => is_text(argument.strip_suffix(b"\0").unwrap_or(argument)),
        // How often it is executed: always once.
        Argument::Statement if byte == 0x17 => argument.get(5..9) == Some(&[1, 0, 0, 0]),
        Argument::Statement | Argument::User | Argument::Other => is_whole,
    };
    // What stands behind it is the next command.
    let is_next = |next: &[u8]| matches!(*next, [_, _, _, 0, byte, ..] if self::command(byte).is_some());
    fits && bytes.get(end..).is_none_or(|next| next.is_empty() || is_next(next))
}

/// The head of a command, alone.
pub(crate) fn may_be_command(bytes: &[u8]) -> bool {
    bytes.len() == HEADER && Header::read(bytes).is_some_and(|head| head.sequence == 0 && head.length != 0)
}

/// The handshake response of protocol 4.1, whole.
pub(crate) fn is_login(payload: &[u8]) -> bool {
    let Some(head) = Header::read(payload) else { return false };
    let packet = payload.get(HEADER..head.whole().min(HEADER + RESPONSE));
    // Behind an SSLRequest it is the second packet, for who sees into TLS.
    matches!(head.sequence, 1 | 2)
        && payload.len() == head.whole()
        && packet.and_then(|packet| hello(packet, head.length)).is_some_and(|hello| match hello {
            Hello::Login(login) => login.capabilities.has(Capabilities::PROTOCOL_41),
            Hello::Tls => head.length == 32,
        })
}

/// SQL, or the query attributes in front of it.
fn is_sql(argument: &[u8]) -> bool {
    let has_attributes = argument.first().is_some_and(|count| *count < b'\t') && argument.get(1) == Some(&1);
    has_attributes || argument.len() > 1 && is_text(argument)
}

/// The first packet of the answer to a command.
pub(crate) fn is_answer(bytes: &[u8], answer: Answer) -> bool {
    // The login's packets go on counting.
    if answer == Answer::Auth {
        return ends_exchange(bytes);
    }
    let Some(head) = Header::read(bytes).filter(|h| h.sequence == FIRST && h.length != 0) else {
        return false;
    };
    let Some(payload) = bytes.get(HEADER..bytes.len().min(head.whole())) else { return false };
    let Some(&first) = payload.first() else { return false };
    let behind = bytes.get(head.whole()..).unwrap_or_default();
    match (first, answer) {
        (ERR, _) => ServerError::read(payload).is_some_and(|e| e.is_sure()),
        (OK, Answer::Prepare) => is_prepare_ok(payload, head.length),
        (OK, Answer::Fetch) => resembles_rows(bytes),
        (OK, Answer::Unknown) => {
            result::is_ok(payload, head.length, true) || is_prepare_ok(payload, head.length)
        }
        (OK, _) => result::is_ok(payload, head.length, false),
        (EOF, Answer::Unknown) => false,
        (EOF, _) => head.length == EOF_LENGTH && behind.is_empty(),
        (_, Answer::Statistics) => payload.starts_with(b"Uptime"),
        (_, Answer::FieldList) => payload.starts_with(&CATALOG),
        (_, Answer::Stream) => false,
        (LOCAL_INFILE, Answer::Result) => behind.is_empty() && is_text(payload.get(1..).unwrap_or_default()),
        (_, Answer::Unknown) => has_columns(payload, head) && has_definition(behind),
        (_, Answer::Result | Answer::Execute) => {
            has_columns(payload, head) && (has_definition(behind) || resembles_rows(bytes))
        }
        _ => false,
    }
}

/// OK or ERR behind packets of both sides: a login or a local file. The sequence id may be any.
pub(crate) fn ends_exchange(bytes: &[u8]) -> bool {
    let Some(head) = Header::read(bytes).filter(|h| h.whole() == bytes.len()) else { return false };
    match bytes.get(HEADER..) {
        Some(payload @ [ERR, ..]) => ServerError::read(payload).is_some_and(|e| e.is_sure()),
        Some(payload) => result::is_ok(payload, head.length, false),
        None => false,
    }
}

/// A column count, and perhaps the byte that says whether definitions follow.
fn has_columns(payload: &[u8], head: Header) -> bool {
    let mut reader = Reader::new(payload);
    let fits = lenenc(&mut reader).is_some_and(|count| (1..=4096).contains(&count));
    let follows = reader.rest();
    fits && (head.length == reader.position() || matches!(follows, [0 | 1]) && head.length == payload.len())
}

/// The definition that is sent along with the count.
fn has_definition(behind: &[u8]) -> bool {
    Header::read(behind).is_some_and(|h| h.sequence == FIRST + 1)
        && behind.get(HEADER..).is_some_and(|b| b.starts_with(&CATALOG))
}

/// `COM_STMT_PREPARE_OK`: fixed fields, a filler of zero, few warnings.
pub(crate) fn is_prepare_ok(payload: &[u8], length: usize) -> bool {
    let fixed = matches!(payload, [OK, .., _] if payload.len() >= 12);
    (12..=13).contains(&length)
        && fixed
        && payload.get(9) == Some(&0)
        && payload.get(11) == Some(&0)
        && payload.get(1..5) != Some(&[0; 4])
}

/// Packets with ascending sequence ids up to the end, at least three or up to an EOF.
fn resembles_rows(bytes: &[u8]) -> bool {
    let mut steps = usize::MAX;
    chain(bytes, &mut steps)
}

/// Where rows go on in the middle of a result set.
pub(crate) fn rows(bytes: &[u8]) -> Option<usize> {
    // All chains together may take as many steps as there are bytes.
    let mut steps = bytes.len();
    (0..bytes.len().min(SEARCH))
        .find(|at| steps > 0 && chain(bytes.get(*at..).unwrap_or_default(), &mut steps))
}

fn chain(bytes: &[u8], steps: &mut usize) -> bool {
    let Some(mut head) = Header::read(bytes) else { return false };
    let (mut at, mut packets) = (0, 0);
    loop {
        let Some(left) = steps.checked_sub(1) else { return false };
        *steps = left;
        let rest = bytes.get(at..).unwrap_or_default();
        match Header::read(rest) {
            Some(next) if next.length != 0 && (at == 0 || next.sequence == head.sequence.wrapping_add(1)) => {
                head = next;
            }
            Some(_) => return false,
            // Nothing, or less than a header.
            None => return packets >= 3,
        }
        at += head.whole();
        packets += 1;
        if at == bytes.len() {
            let is_eof = rest.get(HEADER) == Some(&EOF) && matches!(head.length, EOF_LENGTH | 7..=32);
            return is_eof || packets >= 3;
        }
        if at > bytes.len() {
            return packets > 3;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_look_alikes() {
        for whole in [
            b"\x01\0\0\0\x0e".as_slice(),
            b"\x09\0\0\0\x03SELECT 1",
            b"\x05\0\0\0\x19\x01\0\0\0",
            b"\x05\0\0\0\x19\x01\0\0\0\x01\0\0\0\x01",
            b"\x0a\0\0\0\x17\x01\0\0\0\0\x01\0\0\0",
            b"\xff\xff\xff\0\x03INSERT INTO a VALUES",
        ] {
            assert!(is_command(whole), "{whole:x?}");
        }
        for other in [
            b"".as_slice(),
            b"\x01\0\0\x01\x0e",
            b"\x01\0\0\0\x0e\x07",
            b"\x01\0\0\0\x0e\x07\0\0\x01\0",
            b"\x02\0\0\0\x0e",
            b"\x09\0\0\0\x03SEL\0CT 1",
            b"\x0a\0\0\0\x17\x01\0\0\0\0\x02\0\0\0",
            b"\0\0\0\0\x03",
        ] {
            assert!(!is_command(other), "{other:x?}");
        }
    }

    #[test]
    fn rows_are_found_behind_the_end_of_a_lost_one() {
        let mut bytes = b"the end of a row".to_vec();
        for sequence in 250..=255 {
            bytes.extend([3, 0, 0, sequence, 2, b'a', b'b']);
        }
        assert_eq!(rows(&bytes), Some(16));
        bytes.extend([5, 0, 0, 0, 0xfe, 0, 0, 2, 0]);
        assert_eq!(rows(&bytes), Some(16));
        assert_eq!(rows(b"xx\x05\0\0\x09\xfe\0\0\x02\0"), Some(2));
        assert_eq!(rows(b"nothing that looks like rows"), None);
        assert_eq!(rows(&[]), None);
    }

    #[test]
    fn a_search_takes_linear_time() {
        let bytes: Vec<u8> =
            (0..200_000_u32).flat_map(|n| [1, 0, 0, n as u8, 0]).chain([9, 9, 9, 9, 9]).collect();
        let start = std::time::Instant::now();
        assert_eq!(rows(&bytes), None);
        assert!(start.elapsed().as_millis() < 500);
    }
}
