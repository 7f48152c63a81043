//! Takes: `Content-Length` and `Transfer-Encoding` of a head. Gives: where the body ends.
//!
//! Source: RFC 9112 section 6 (message body) and 6.3 (its length, in this order of rules).

/// How the body of a message ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// With the chunk of size 0 and the trailer section.
    Chunked,
    /// After so many bytes; 0: there is none.
    Length(u64),
    /// With the connection.
    UntilClose,
    /// The head contradicts itself: nobody can tell.
    Unknown,
}

/// What the two fields of a head say, put together line by line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Framing {
    length: Length,
    coding: Coding,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Length {
    #[default]
    Absent,
    Bytes(u64),
    /// Not a number, too large a number, or two different ones.
    Bad,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Coding {
    #[default]
    Absent,
    /// `chunked` is the last one.
    Chunked,
    /// Another one is the last.
    Other,
}

impl Framing {
    /// A `Content-Length` line. A list of equal numbers counts as one (RFC 9110 section 8.6).
    #[inline]
    pub(crate) fn content_length(&mut self, value: &[u8]) {
        match (self.length, decimal(value)) {
            (Length::Absent, Some(bytes)) => self.length = Length::Bytes(bytes),
            _ => self.content_lengths(value),
        }
    }

    #[inline(never)]
    fn content_lengths(&mut self, value: &[u8]) {
        for number in value.split(|b| *b == b',') {
            self.length = match (decimal(number.trim_ascii()), self.length) {
                (Some(bytes), Length::Absent) => Length::Bytes(bytes),
                (Some(bytes), Length::Bytes(known)) if bytes == known => Length::Bytes(bytes),
                _ => Length::Bad,
            };
        }
    }

    /// A `Transfer-Encoding` line: only the last coding matters, and `identity` (RFC 2616) is none.
    #[inline(never)]
    pub(crate) fn transfer_encoding(&mut self, value: &[u8]) {
        let last = value.rsplit(|b| *b == b',').map(<[u8]>::trim_ascii).find(|coding| !coding.is_empty());
        self.coding = match last {
            Some(coding) if coding.eq_ignore_ascii_case(b"chunked") => Coding::Chunked,
            Some(coding) if coding.eq_ignore_ascii_case(b"identity") => self.coding,
            Some(_) => Coding::Other,
            None => self.coding,
        };
    }

    /// Of a request. `Transfer-Encoding` overrides `Content-Length`; a coding that does not end with `chunked` leaves a
    /// request without an end, servers refuse it.
    pub(crate) fn of_request(self) -> Body {
        match (self.coding, self.length) {
            (Coding::Chunked, _) => Body::Chunked,
            (Coding::Other, _) | (Coding::Absent, Length::Bad) => Body::Unknown,
            (Coding::Absent, Length::Absent) => Body::Length(0),
            (Coding::Absent, Length::Bytes(bytes)) => Body::Length(bytes),
        }
    }

    /// Of a response with this code, where the request's method does not forbid a body.
    pub(crate) fn of_response(self, code: u16) -> Body {
        if matches!(code, 100..=199 | 204 | 304) {
            return Body::Length(0);
        }
        match (self.coding, self.length) {
            (Coding::Chunked, _) => Body::Chunked,
            (Coding::Absent, Length::Bytes(bytes)) => Body::Length(bytes),
            (Coding::Absent, Length::Bad) => Body::Unknown,
            (Coding::Other, _) | (Coding::Absent, Length::Absent) => Body::UntilClose,
        }
    }
}

/// Digits only: no sign, no blank inside. At most 18 digits without leading zeros: no body has more bytes, and positions must not
/// wrap.
fn decimal(digits: &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for digit in digits {
        let value = digit.wrapping_sub(b'0');
        if value > 9 || number >= LENGTH_LIMIT / 10 {
            return None;
        }
        number = number * 10 + u64::from(value);
    }
    (!digits.is_empty()).then_some(number)
}

/// Lengths are below this.
const LENGTH_LIMIT: u64 = 1_000_000_000_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn framing(lengths: &[&str], codings: &[&str]) -> Framing {
        let mut framing = Framing::default();
        lengths.iter().for_each(|value| framing.content_length(value.as_bytes()));
        codings.iter().for_each(|value| framing.transfer_encoding(value.as_bytes()));
        framing
    }

    #[test]
    fn lengths() {
        for (values, body) in [
            (vec![], Body::Length(0)),
            (vec!["0"], Body::Length(0)),
            (vec!["42"], Body::Length(42)),
            (vec!["42", "42"], Body::Length(42)),
            (vec!["42, 42"], Body::Length(42)),
            (vec!["042"], Body::Length(42)),
            (vec!["999999999999999999"], Body::Length(LENGTH_LIMIT - 1)),
            (vec!["0000000000000000000000000000042"], Body::Length(42)),
            (vec!["42", "43"], Body::Unknown),
            (vec!["42,43"], Body::Unknown),
            (vec!["43", "x", "43"], Body::Unknown),
            (vec![""], Body::Unknown),
            (vec!["+42"], Body::Unknown),
            (vec!["-1"], Body::Unknown),
            (vec!["4 2"], Body::Unknown),
            (vec!["0x10"], Body::Unknown),
            (vec!["1000000000000000000"], Body::Unknown),
            (vec!["99999999999999999999999999"], Body::Unknown),
        ] {
            assert_eq!(framing(&values, &[]).of_request(), body, "{values:?}");
            let response = if values.is_empty() { Body::UntilClose } else { body };
            assert_eq!(framing(&values, &[]).of_response(200), response, "{values:?}");
        }
    }

    #[test]
    fn codings_override_lengths() {
        for (values, request, response) in [
            (vec!["chunked"], Body::Chunked, Body::Chunked),
            (vec!["gzip, Chunked"], Body::Chunked, Body::Chunked),
            (vec!["gzip", "chunked"], Body::Chunked, Body::Chunked),
            (vec!["chunked,"], Body::Chunked, Body::Chunked),
            (vec!["\r\n chunked"], Body::Chunked, Body::Chunked),
            (vec!["identity"], Body::Length(7), Body::Length(7)),
            (vec!["chunked, identity"], Body::Length(7), Body::Length(7)),
            (vec!["chunked", "gzip"], Body::Unknown, Body::UntilClose),
            (vec!["xchunked"], Body::Unknown, Body::UntilClose),
            (vec!["chunked;q=1"], Body::Unknown, Body::UntilClose),
            (vec!["\u{b}chunked"], Body::Unknown, Body::UntilClose),
        ] {
            let framing = framing(&["7"], &values);
            assert_eq!(framing.of_request(), request, "{values:?}");
            assert_eq!(framing.of_response(200), response, "{values:?}");
        }
    }

    #[test]
    fn codes_without_body() {
        for code in [101, 103, 204, 304] {
            assert_eq!(framing(&["7"], &["chunked"]).of_response(code), Body::Length(0));
        }
        assert_eq!(framing(&["7"], &[]).of_response(205), Body::Length(7));
    }
}
