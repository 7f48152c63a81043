//! Takes: bytes of which nobody knows where a frame begins. Gives: whether one begins at their front, beyond doubt.
//!
//! A frame of fixed length has 40 bits that must be right, a header block has to be decoded; and what stands behind must be a frame too.

use weir_plugin_sdk::prelude::*;

use crate::frame::{self, FrameHeader, HEADER, PREFACE};
use crate::head::Head;
use crate::hpack::{Decoder, HeaderList, Stop};

/// Frames that are looked at: more only cost time.
const FRAMES_LIMIT: usize = 8;

/// Error codes and settings above this are nobody's (RFC 9113 section 7, and the registries of HTTP/2 settings and errors).
const CODE_LIMIT: u32 = 0x20;

/// What begins at the front of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begins {
    No,
    /// A frame may, with more bytes.
    Maybe,
    /// A frame does. Who sent it, where that shows.
    Yes(Option<Direction>),
}

/// Looks at the front of `bytes`.
pub(crate) fn begins(bytes: &[u8]) -> Begins {
    if bytes.first() == Some(&b'P') {
        return preface(bytes);
    }
    let (mut rest, mut sure, mut speaker) = (bytes, false, None);
    for _ in 0..FRAMES_LIMIT {
        let Some(header) = FrameHeader::read(rest) else {
            let may_begin = rest.first().is_none_or(|high| *high == 0);
            return if may_begin { answer(sure, speaker, !rest.is_empty()) } else { Begins::No };
        };
        if !header.is_strict() {
            return Begins::No;
        }
        let payload = rest.get(HEADER..).unwrap_or_default();
        match of_frame(header, payload) {
            Frame::Bad => return Begins::No,
            // The one behind it is found by itself.
            Frame::Weak if !sure => return Begins::No,
            Frame::Weak => {}
            Frame::Cut => return answer(sure, speaker, true),
            Frame::Sure(from) => {
                sure = true;
                speaker = speaker.or(from);
            }
        }
        if rest.len() < header.total() {
            return answer(sure, speaker, false);
        }
        rest = rest.get(header.total()..).unwrap_or_default();
    }
    answer(sure, speaker, false)
}

fn answer(sure: bool, speaker: Option<Direction>, more_would_help: bool) -> Begins {
    match (sure, more_would_help) {
        (true, _) => Begins::Yes(speaker),
        (false, true) => Begins::Maybe,
        (false, false) => Begins::No,
    }
}

fn preface(bytes: &[u8]) -> Begins {
    if bytes.starts_with(PREFACE) {
        Begins::Yes(Some(Direction::ClientToServer))
    } else if PREFACE.starts_with(bytes) {
        Begins::Maybe
    } else {
        Begins::No
    }
}

/// What a frame proves.
enum Frame {
    Bad,
    /// It is not whole.
    Cut,
    /// It may as well be something else.
    Weak,
    Sure(Option<Direction>),
}

fn of_frame(header: FrameHeader, payload: &[u8]) -> Frame {
    let can_prove = match header.kind {
        frame::HEADERS => header.ends_headers(),
        // Blocks of these can not be read alone, and a body may hold anything.
        kind => !matches!(kind, frame::DATA | frame::PUSH_PROMISE | frame::CONTINUATION),
    };
    if !can_prove {
        return Frame::Weak;
    }
    let Some(payload) = payload.get(..header.length as usize) else { return Frame::Cut };
    let word = |at: usize| {
        payload.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u32::from_be_bytes(*word))
    };
    let good = match header.kind {
        frame::HEADERS => return of_block(header, payload),
        frame::SETTINGS => payload.as_chunks::<6>().0.iter().all(is_setting),
        frame::RST_STREAM => word(0) < CODE_LIMIT,
        frame::WINDOW_UPDATE => (1..=0x7fff_ffff).contains(&word(0)),
        frame::GOAWAY => word(0) <= 0x7fff_ffff && word(4) < CODE_LIMIT,
        _ => true,
    };
    if good { Frame::Sure(None) } else { Frame::Bad }
}

/// Known settings have values that they may have (RFC 9113 section 6.5.2); clients add unknown ones on purpose (RFC 8701's way),
/// all of the form 0x?a?a.
pub(crate) fn is_setting(setting: &[u8; 6]) -> bool {
    let [high, low, a, b, c, d] = *setting;
    let value = u32::from_be_bytes([a, b, c, d]);
    match u16::from_be_bytes([high, low]) {
        2 | 8 | 9 => value <= 1,
        4 => value <= 0x7fff_ffff,
        5 => (16_384..=0xff_ffff).contains(&value),
        1 | 3 | 6 => true,
        id => id & 0x0f0f == 0x0a0a || (id != 0 && u32::from(id) < CODE_LIMIT) || id >> 8 == 0xfe,
    }
}

/// A header block that decodes, without a field that HTTP forbids, and with at least one that is known.
fn of_block(header: FrameHeader, payload: &[u8]) -> Frame {
    let Some((fragment, _)) = header.fragment(payload) else { return Frame::Bad };
    let mut list = HeaderList::take();
    let read = Decoder::new(false).decode(fragment, &mut list);
    let head = Head::read(&list, None);
    let proof = match read {
        Err(_) => Frame::Bad,
        Ok(()) if list.is_bad() || (head.is_request() && head.is_response()) => Frame::Bad,
        Ok(()) if head.is_request() => Frame::Sure(Some(Direction::ClientToServer)),
        Ok(()) if head.is_response() => Frame::Sure(Some(Direction::ServerToClient)),
        Ok(()) => Frame::Weak,
    };
    list.give_back();
    proof
}

/// A header block begins here and is cut off: what is there of it shows who sent it.
pub(crate) fn begins_cut(bytes: &[u8]) -> bool {
    let Some(header) = FrameHeader::read(bytes) else { return false };
    let payload = bytes.get(HEADER..).unwrap_or_default();
    if !header.is_strict() || header.kind != frame::HEADERS || !header.ends_headers() {
        return false;
    }
    let Some((fragment, _)) = header.fragment(payload) else { return false };
    let mut list = HeaderList::take();
    let read = Decoder::new(false).decode(fragment, &mut list);
    let head = Head::read(&list, None);
    // Both a method and a scheme, or a code, in front of everything else.
    let shows = head.is_request_beyond_doubt() || (head.is_response() && !head.is_request());
    let good = read != Err(Stop::Bad) && !list.is_bad() && shows && !list.begins_unknown();
    list.give_back();
    good
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: Option<Direction> = Some(Direction::ClientToServer);
    const SERVER: Option<Direction> = Some(Direction::ServerToClient);
    const UPDATE: &[u8] = b"\0\0\x04\x08\0\0\0\0\0\0\0\x10\0";

    #[test]
    fn what_begins() {
        for (bytes, want) in [
            (PREFACE, Begins::Yes(CLIENT)),
            (b"PRI * HT", Begins::Maybe),
            (b"PRIVMSG ", Begins::No),
            (UPDATE, Begins::Yes(None)),
            (b"\0\0\x04\x08\0\0\0\0\0\0\0\0\0", Begins::No),
            (b"\0\0\x04\x08\0\0\0\0", Begins::Maybe),
            (b"\0\0\x03\x01\x05\0\0\0\x01\x82\x86\x84", Begins::Yes(CLIENT)),
            (b"\0\0\x02\x01\x05\0\0\0\x01\x88\xbe", Begins::Yes(SERVER)),
            (b"\0\0\x01\x01\x05\0\0\0\x01\xbe", Begins::No),
            (b"\0\0\x02\x01\x05\0\0\0\x01\x88\x82", Begins::No),
            (b"\0\0\x02\x01\x05\0\0\0\x01\x88", Begins::Maybe),
            (b"\0\0\x03\0\x01\0\0\0\x01abc", Begins::No),
            (b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08", Begins::Yes(None)),
            (b"\0\0\x04\x03\0\0\0\0\x01\0\0\x01\x08", Begins::No),
            (b"", Begins::No),
        ] {
            assert_eq!(begins(bytes), want, "{bytes:x?}");
        }
    }

    #[test]
    fn what_stands_behind_counts() {
        assert_eq!(begins(&[UPDATE, b"\x01\x02\x03\x04\x05\x06\x07\x08\x09"].concat()), Begins::No);
        assert_eq!(begins(&[UPDATE, b"abc"].concat()), Begins::No);
        assert_eq!(begins(&[UPDATE, UPDATE, b"\0\0"].concat()), Begins::Yes(None));
        assert_eq!(
            begins(&[UPDATE, b"\0\0\x03\x01\x05\0\0\0\x01\x82\x86\x84"].concat()),
            Begins::Yes(CLIENT)
        );
    }

    #[test]
    fn settings() {
        assert!(
            is_setting(&[0, 3, 0, 0, 0, 100])
                && is_setting(&[0xfe, 3, 0, 0, 0, 1])
                && is_setting(&[0x1a, 0x2a, 9, 9, 9, 9])
        );
        assert!(
            !is_setting(&[0, 2, 0, 0, 0, 2])
                && !is_setting(&[0, 5, 0, 0, 0, 100])
                && !is_setting(&[0x12, 0x34, 0, 0, 0, 1])
        );
    }
}
