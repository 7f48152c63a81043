//! Takes: a value of the header `traceparent`. Gives: trace id and span id, as pieces of it.
//!
//! Source: W3C Trace Context, section 3.2 (`traceparent` header field values) and 4 (versions to come).

/// Length of a value of version `00`: 2 + 32 + 16 + 2 digits and three dashes.
const LENGTH: usize = 55;

/// Trace id (32 digits) and span id (16 digits) of a `traceparent`: its second and third part.
///
/// `None` when a length is wrong, a digit is not one of `0-9a-f`, an id is all zeros, or the version is `ff`. Versions above
/// `00` may have more parts behind the flags.
#[must_use]
pub fn traceparent(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let value = value.trim_ascii();
    if value.len() < LENGTH {
        return None;
    }
    let (version, rest) = part(value, 2)?;
    let (trace, rest) = part(rest, 32)?;
    let (span, rest) = part(rest, 16)?;
    let (flags, more) = rest.split_at_checked(2)?;
    let longer = !more.is_empty();
    let bad_end = longer && (version == b"00" || more[0] != b'-');
    if bad_end || version == b"ff" || !is_lower_hex(version) || !is_lower_hex(flags) {
        return None;
    }
    (is_id(trace) && is_id(span)).then_some((trace, span))
}

/// The next `length` bytes and what follows the dash behind them.
fn part(value: &[u8], length: usize) -> Option<(&[u8], &[u8])> {
    let (part, rest) = value.split_at_checked(length)?;
    Some((part, rest.strip_prefix(b"-")?))
}

/// Digits, and not all of them zero (section 3.2.2.3 and 3.2.2.4: such an id is invalid).
fn is_id(id: &[u8]) -> bool {
    is_lower_hex(id) && id.iter().fold(0, |bits, digit| bits | (digit ^ b'0')) != 0
}

/// Looks at all digits, so that many are compared in one step.
fn is_lower_hex(text: &[u8]) -> bool {
    text.iter().fold(true, |fits, digit| fits & matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::traceparent;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    fn read(value: &str) -> Option<(&str, &str)> {
        let text = |id| std::str::from_utf8(id).unwrap();
        traceparent(value.as_bytes()).map(|(trace, span)| (text(trace), text(span)))
    }

    #[test]
    fn examples_of_the_specification() {
        assert_eq!(read(&format!("00-{TRACE}-{SPAN}-01")), Some((TRACE, SPAN)));
        assert_eq!(read(&format!("00-{TRACE}-{SPAN}-00")), Some((TRACE, SPAN)));
        assert_eq!(read(&format!(" 00-{TRACE}-{SPAN}-01\t")), Some((TRACE, SPAN)));
    }

    #[test]
    fn versions_to_come_may_be_longer() {
        assert_eq!(read(&format!("cc-{TRACE}-{SPAN}-01-what-the-future-brings")), Some((TRACE, SPAN)));
        assert_eq!(read(&format!("cc-{TRACE}-{SPAN}-01")), Some((TRACE, SPAN)));
        assert_eq!(read(&format!("cc-{TRACE}-{SPAN}-01.no-dash")), None);
        assert_eq!(read(&format!("00-{TRACE}-{SPAN}-01-")), None, "version 00 ends at the flags");
    }

    #[test]
    fn what_is_invalid_is_none() {
        for bad in [
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("0-{TRACE}-{SPAN}-011"),
            format!("00-{}-{SPAN}-01", "0".repeat(32)),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{}g-{SPAN}-01", &TRACE[1..]),
            format!("00-{TRACE}-{SPAN}-0x"),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{TRACE}x{SPAN}-01"),
            format!("00-{}-{SPAN}0-01", &TRACE[1..]),
            format!("00-{TRACE}-{SPAN}"),
            "-".repeat(55),
            String::new(),
        ] {
            assert_eq!(read(&bad), None, "{bad}");
        }
    }
}
