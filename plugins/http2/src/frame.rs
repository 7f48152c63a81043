//! Takes: nine bytes. Gives: the header of a frame (RFC 9113 section 4.1), and whether it can be one.

/// Bytes of a frame's header.
pub(crate) const HEADER: usize = 9;

/// What a client sends first (RFC 9113 section 3.4).
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

const ACK: u8 = 0x1;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const HAS_PRIORITY: u8 = 0x20;

/// Frame types that this parser does not know are believed up to the size that every peer accepts (RFC 9113 section 4.2).
const UNKNOWN_LIMIT: u32 = 16_384;

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    /// Of the payload.
    pub(crate) length: u32,
    pub(crate) kind: u8,
    flags: u8,
    pub(crate) stream: u32,
    reserved: bool,
}

impl FrameHeader {
    /// `None`: too few bytes.
    #[inline]
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let &[a, b, c, kind, flags, d, e, f, g] = bytes.first_chunk::<HEADER>()?;
        let word = u32::from_be_bytes([d, e, f, g]);
        let length = u32::from_be_bytes([0, a, b, c]);
        Some(Self { length, kind, flags, stream: word & 0x7fff_ffff, reserved: word >> 31 != 0 })
    }

    /// Bytes of the whole frame.
    pub(crate) fn total(self) -> usize {
        HEADER + self.length as usize
    }

    pub(crate) fn ends_stream(self) -> bool {
        matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0
    }

    pub(crate) fn ends_headers(self) -> bool {
        self.flags & END_HEADERS != 0
    }

    pub(crate) fn is_padded(self) -> bool {
        matches!(self.kind, DATA | HEADERS | PUSH_PROMISE) && self.flags & PADDED != 0
    }

    pub(crate) fn is_ack(self) -> bool {
        self.flags & ACK != 0
    }

    /// Length and stream are what RFC 9113 section 6 demands of the type.
    #[inline]
    pub(crate) fn is_possible(self) -> bool {
        let of_stream = self.stream != 0;
        match self.kind {
            DATA | HEADERS | CONTINUATION => of_stream,
            PRIORITY => of_stream && self.length == 5,
            RST_STREAM => of_stream && self.length == 4,
            SETTINGS => !of_stream && self.length.is_multiple_of(6) && (!self.is_ack() || self.length == 0),
            PUSH_PROMISE => of_stream && self.length >= 4,
            PING => !of_stream && self.length == 8,
            GOAWAY => !of_stream && self.length >= 8,
            WINDOW_UPDATE => self.length == 4,
            _ => self.length <= UNKNOWN_LIMIT,
        }
    }

    /// The same where nobody knows that a frame begins here: a known type, no bit set that has no meaning, the usual lengths.
    pub(crate) fn is_strict(self) -> bool {
        let (flags, limit) = match self.kind {
            DATA => (END_STREAM | PADDED, u32::MAX),
            HEADERS => (END_STREAM | END_HEADERS | PADDED | HAS_PRIORITY, UNKNOWN_LIMIT),
            SETTINGS => (ACK, 6 * 32),
            PUSH_PROMISE => (END_HEADERS | PADDED, UNKNOWN_LIMIT),
            PING => (ACK, 8),
            CONTINUATION => (END_HEADERS, UNKNOWN_LIMIT),
            PRIORITY | RST_STREAM | WINDOW_UPDATE => (0, UNKNOWN_LIMIT),
            GOAWAY => (0, 1024),
            _ => return false,
        };
        self.is_possible() && !self.reserved && self.flags & !flags == 0 && self.length <= limit
    }

    /// What a HEADERS, PUSH_PROMISE or CONTINUATION frame holds of the header block, and the promised stream. `payload` may be
    /// cut off at its end. `None`: padding or a fixed part does not fit into the frame.
    pub(crate) fn fragment(self, payload: &[u8]) -> Option<(&[u8], Option<u32>)> {
        let mut rest = payload;
        let mut length = self.length as usize;
        let mut skip = |rest: &mut &[u8], bytes: usize| {
            length = length.checked_sub(bytes)?;
            *rest = rest.get(bytes..).unwrap_or_default();
            Some(())
        };
        let mut padding = 0;
        if self.is_padded() {
            padding = usize::from(rest.first().copied().unwrap_or_default());
            skip(&mut rest, 1)?;
        }
        if self.kind == HEADERS && self.flags & HAS_PRIORITY != 0 {
            skip(&mut rest, 5)?;
        }
        let mut promised = None;
        if self.kind == PUSH_PROMISE {
            promised = rest.first_chunk().map(|id| u32::from_be_bytes(*id) & 0x7fff_ffff);
            skip(&mut rest, 4)?;
        }
        let length = length.checked_sub(padding)?;
        Some((rest.get(..length).unwrap_or(rest), promised))
    }
}

/// The name of an error code (RFC 9113 section 7).
pub(crate) fn error_name(code: u32) -> &'static str {
    const NAMES: [&str; 14] = [
        "NO_ERROR",
        "PROTOCOL_ERROR",
        "INTERNAL_ERROR",
        "FLOW_CONTROL_ERROR",
        "SETTINGS_TIMEOUT",
        "STREAM_CLOSED",
        "FRAME_SIZE_ERROR",
        "REFUSED_STREAM",
        "CANCEL",
        "COMPRESSION_ERROR",
        "CONNECT_ERROR",
        "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY",
        "HTTP_1_1_REQUIRED",
    ];
    NAMES.get(code as usize).copied().unwrap_or("unknown error")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &[u8; 9]) -> FrameHeader {
        FrameHeader::read(text).unwrap()
    }

    #[test]
    fn possible_and_strict() {
        for (bytes, possible, strict) in [
            (b"\0\0\x0c\x04\0\0\0\0\0", true, true),
            (b"\0\0\x0b\x04\0\0\0\0\0", false, false),
            (b"\0\0\x06\x04\x01\0\0\0\0", false, false),
            (b"\0\0\0\x04\x01\0\0\0\0", true, true),
            (b"\0\0\0\x04\0\0\0\0\x01", false, false),
            (b"\0\0\x04\x08\0\0\0\0\0", true, true),
            (b"\0\0\x04\x08\x01\0\0\0\0", true, false),
            (b"\0\0\x05\x08\0\0\0\0\0", false, false),
            (b"\0\0\x08\x06\0\0\0\0\x01", false, false),
            (b"\0\0\x10\x01\x05\0\0\0\0", false, false),
            (b"\0\0\x10\x01\x05\0\0\0\x03", true, true),
            (b"\0\0\x10\x01\x05\x80\0\0\x03", true, false),
            (b"\x01\0\x10\0\0\0\0\0\x03", true, true),
            (b"\0\0\x10\x10\0\0\0\0\0", true, false),
            (b"\0\xff\x10\x10\0\0\0\0\0", false, false),
        ] {
            assert_eq!(
                (header(bytes).is_possible(), header(bytes).is_strict()),
                (possible, strict),
                "{bytes:x?}"
            );
        }
    }

    #[test]
    fn fragments() {
        let cut = |bytes: &[u8]| {
            FrameHeader::read(bytes).unwrap().fragment(&bytes[9..]).map(|(f, id)| (f.to_vec(), id))
        };
        assert_eq!(cut(b"\0\0\x02\x01\x04\0\0\0\x01ab"), Some((b"ab".to_vec(), None)));
        assert_eq!(cut(b"\0\0\x0a\x01\x2c\0\0\0\x01\x02.....ab.."), Some((b"ab".to_vec(), None)));
        assert_eq!(cut(b"\0\0\x0a\x01\x2c\0\0\0\x01\x05.....ab.."), None, "more padding than payload");
        assert_eq!(cut(b"\0\0\x0a\x01\x2c\0\0\0\x01\x02.....a"), Some((b"a".to_vec(), None)), "cut off");
        assert_eq!(cut(b"\0\0\x06\x05\x04\0\0\0\x01\x80\0\0\x02ab"), Some((b"ab".to_vec(), Some(2))));
        assert_eq!(cut(b"\0\0\x03\x01\x20\0\0\0\x01..."), None, "no room for the priority");
    }
}
