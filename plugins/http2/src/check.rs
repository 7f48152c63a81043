//! Takes: bytes of a connection that nobody claimed. Gives: whether they are HTTP/2's, and who sent them.
//!
//! Strict: frames are mostly zeros, and so is much else. A connection is claimed for the client's preface, for the settings that a
//! server begins with, and in the middle for frames with a header block that shows who sent it.

use weir_plugin_sdk::parser::Sender;
use weir_plugin_sdk::prelude::*;

use crate::frame::{self, FrameHeader, HEADER};
use crate::resync::{Begins, begins};

/// What the host tests before it asks. The type of a frame alone is one byte, which would ask for every second binary protocol;
/// with the flags and the highest bytes of the stream's number it is three to six.
pub(crate) fn signatures() -> [Signature; 2] {
    let fronts =
        [b"PRI * HTTP/2.0".as_slice(), &[0, 0, 4, frame::WINDOW_UPDATE, 0], &[0, 0, 4, frame::RST_STREAM, 0]];
    // HEADERS with END_HEADERS and any of END_STREAM, PADDED, PRIORITY.
    let headers =
        [0x04, 0x05, 0x0c, 0x0d, 0x24, 0x25, 0x2c, 0x2d].map(|flags| vec![frame::HEADERS, flags, 0]);
    let of_connection = [(frame::SETTINGS, 0), (frame::SETTINGS, 1), (frame::PING, 0), (frame::PING, 1)]
        .map(|(kind, flags)| vec![kind, flags, 0, 0, 0, 0]);
    [Signature::tcp().any_of(fronts), Signature::tcp().at(3).any_of(headers).any_of(of_connection)]
}

/// Whose bytes are these?
pub(crate) fn check(payload: &[u8], probe: &Probe) -> Verdict {
    if probe.transport != Transport::Tcp {
        return Verdict::No;
    }
    match begins(payload) {
        Begins::No => Verdict::No,
        Begins::Maybe => Verdict::NeedMore,
        Begins::Yes(Some(Direction::ClientToServer)) => Verdict::ClientSpeaks,
        Begins::Yes(Some(Direction::ServerToClient)) => Verdict::ServerSpeaks,
        Begins::Yes(None) => by_settings(payload, probe),
    }
}

/// Frames that both sides send. A server begins with its settings, a client never does without the preface (RFC 9113 section 3.4).
fn by_settings(payload: &[u8], probe: &Probe) -> Verdict {
    let is_settings = FrameHeader::read(payload).is_some_and(|header| {
        let payload = payload.get(HEADER..).unwrap_or_default();
        header.kind == frame::SETTINGS && !header.is_ack() && payload.len() >= header.length as usize
    });
    match probe.sender {
        Some(Sender::Server) if is_settings => Verdict::ServerSpeaks,
        _ => Verdict::NeedMore,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Http2;
    use crate::frame::PREFACE;
    use weir_plugin_sdk::testing;

    const SETTINGS: &[u8] = b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64";
    const REQUEST: &[u8] = b"\0\0\x03\x01\x05\0\0\0\x01\x82\x86\x84";

    fn verdict(sender: Option<Sender>, bytes: &[u8]) -> Verdict {
        testing::check::<Http2>(Transport::Tcp, sender, bytes)
    }

    fn is_signed(bytes: &[u8]) -> bool {
        signatures().iter().any(|signature| {
            let rest = bytes.get(signature.offset as usize..).unwrap_or_default();
            signature.any_of.iter().any(|front| rest.starts_with(front))
        })
    }

    #[test]
    fn both_sides() {
        for (sender, bytes, want) in [
            (None, PREFACE, Verdict::ClientSpeaks),
            (Some(Sender::Client), &[PREFACE, SETTINGS].concat(), Verdict::ClientSpeaks),
            (Some(Sender::Server), SETTINGS, Verdict::ServerSpeaks),
            (None, SETTINGS, Verdict::NeedMore),
            (Some(Sender::Client), SETTINGS, Verdict::NeedMore),
            (None, &[SETTINGS, REQUEST].concat(), Verdict::ClientSpeaks),
            (None, REQUEST, Verdict::ClientSpeaks),
            (None, b"\0\0\x01\x01\x04\0\0\0\x01\x88", Verdict::ServerSpeaks),
        ] {
            assert_eq!(verdict(sender, bytes), want, "{bytes:x?}");
            assert!(is_signed(bytes), "{bytes:x?}");
        }
        for end in 1..PREFACE.len() {
            assert_eq!(verdict(None, &PREFACE[..end]), Verdict::NeedMore);
        }
    }

    #[test]
    fn others() {
        for bytes in [
            b"PRI * HTTP/1.1\r\n\r\n\r\n\r\n".as_slice(),
            b"GET / HTTP/1.1\r\n\r\n",
            &[0; 64],
            // Lengths of four bytes, as Kafka and others have them.
            b"\0\0\0\x2a\0\x12\0\x03\0\0\0\x01\0\x0aweir-test\0\0",
            b"\0\0\x04\x08\0\0\0\0\0\0\0\x10\0garbage behind it",
            // MySQL: one column, then its definition.
            b"\x01\0\0\x01\x05\x2e\0\0\x02\x03def",
            b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
            b"\0\0\x05\x01\x05\0\0\0\x01\x82\x86\x84\0\0",
        ] {
            assert_eq!(verdict(None, bytes), Verdict::No, "{bytes:x?}");
        }
        assert_eq!(testing::check::<Http2>(Transport::Udp, None, PREFACE), Verdict::No);
    }

    #[test]
    fn signatures_keep_to_the_limits() {
        for signature in signatures() {
            assert!(
                signature.ports.is_empty()
                    && signature.any_of.iter().all(|front| (3..=16).contains(&front.len()))
            );
        }
    }
}
