//! Takes: a value of the header `sw8` or `sw6`. Gives: its ids, still in base 64, and the decoder.
//!
//! Source: SkyWalking cross-process propagation headers protocol v3 (`sw8`) and v2 (`sw6`): parts joined by `-`, which base
//! 64 (RFC 4648 section 4) does not contain: sample flag, trace id, parent's segment id, parent's span number, ...

use super::id::ID_LIMIT;

/// Trace id in base 64, segment id in base 64, number of the span.
pub(super) fn sw(value: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut parts = value.split(|b| *b == b'-');
    let (b"0" | b"1") = parts.next()? else { return None };
    let (trace, segment, span) = (parts.next()?, parts.next()?, parts.next()?);
    // A span number is a 32-bit integer.
    let numbered = (1..=10).contains(&span.len()) && span.iter().all(u8::is_ascii_digit);
    let mut buffer = [0; ID_LIMIT];
    let readable =
        decode(trace, &mut buffer)? > 0 && (1..ID_LIMIT - 10).contains(&decode(segment, &mut buffer)?);
    (numbered && readable).then_some((trace, segment, span))
}

/// Decodes base 64, with or without padding, and says how many bytes came out. `None` for a foreign character, a bad
/// length, or more bytes than `into` has.
pub(super) fn decode(code: &[u8], into: &mut [u8; ID_LIMIT]) -> Option<usize> {
    let code = code.strip_suffix(b"==").or_else(|| code.strip_suffix(b"=")).unwrap_or(code);
    let mut length = 0;
    for group in code.chunks(4) {
        let mut bits = 0_u32;
        for character in group {
            bits = bits << 6 | u32::from(sextet(*character)?);
        }
        let bytes = match group.len() {
            4 => 3,
            3 => 2,
            2 => 1,
            _ => return None,
        };
        bits <<= 6 * (4 - group.len());
        let [_, decoded @ ..] = bits.to_be_bytes();
        into.get_mut(length..length + bytes)?.copy_from_slice(decoded.get(..bytes)?);
        length += bytes;
    }
    Some(length)
}

fn sextet(character: u8) -> Option<u8> {
    Some(match character {
        b'A'..=b'Z' => character - b'A',
        b'a'..=b'z' => character - b'a' + 26,
        b'0'..=b'9' => character - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{ID_LIMIT, decode, sw};

    fn decoded(code: &str) -> Option<Vec<u8>> {
        let mut buffer = [0; ID_LIMIT];
        decode(code.as_bytes(), &mut buffer).map(|length| buffer[..length].to_vec())
    }

    #[test]
    fn vectors_of_rfc_4648() {
        for (code, text) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==", "foob"),
            ("Zm9vYmE=", "fooba"),
            ("Zm9vYmFy", "foobar"),
            ("Zm9vYg", "foob"),
        ] {
            assert_eq!(decoded(code), Some(text.as_bytes().to_vec()), "{code}");
        }
        for bad in ["Z", "Zm9vY", "Zm9v-mFy", "Zm=v", "Zg===", "Zm 9"] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_id_has_a_limit() {
        assert_eq!(decoded(&"AAAA".repeat(ID_LIMIT / 3)).map(|id| id.len()), Some(ID_LIMIT / 3 * 3));
        assert_eq!(decoded(&"AAAA".repeat(ID_LIMIT / 3 + 1)), None);
        let long = "AAAA".repeat(ID_LIMIT / 3);
        assert_eq!(sw(format!("1-AAAA-{long}-1").as_bytes()), None, "no room for the span's number");
    }

    #[test]
    fn the_example_of_the_protocol() {
        let value = "1-TRACEID0-SEGMENT1-3-U0VSVklDRQ==-SU5TVEFOQ0U=-RU5EUE9JTlQ=-aG9zdDo4MA==";
        let parts = (b"TRACEID0".as_slice(), b"SEGMENT1".as_slice(), b"3".as_slice());
        assert_eq!(sw(value.as_bytes()), Some(parts));
        for bad in [
            "",
            "1",
            "1-AAAA",
            "1-AAAA-AAAA",
            "2-AAAA-AAAA-1",
            "1--AAAA-1",
            "1-AAAA--1",
            "1-AAAA-AAAA-",
            "1-AAAA-AAAA-x",
            "1-A*AA-AAAA-1",
            "1-AAAA-AAAA-12345678901",
        ] {
            assert_eq!(sw(bad.as_bytes()), None, "{bad}");
        }
    }
}
