//! Takes: a value of the header `uber-trace-id`. Gives: its ids.
//!
//! Source: Jaeger client libraries, "Propagation Format": `{trace-id}:{span-id}:{parent-span-id}:{flags}`, variable-length
//! hexadecimal numbers; HTTP clients URL-encode the colons.

use super::id::{Parts, is_hex_id};

/// Trace id, span id, parent span id (`0` means none).
pub(super) fn uber_trace_id(value: &[u8]) -> Option<Parts<'_>> {
    let (trace, rest) = part(value)?;
    let (span, rest) = part(rest)?;
    let (parent, flags) = part(rest)?;
    let flags_fit = (1..=2).contains(&flags.len()) && flags.iter().all(u8::is_ascii_hexdigit);
    let fits = trace.len() <= 32 && span.len() <= 16 && parent.len() <= 16 && flags_fit;
    if !fits || !is_hex_id(trace) || !is_hex_id(span) {
        return None;
    }
    Some(Parts { parent: is_hex_id(parent).then_some(parent), ..Parts::of(trace, span) })
}

/// Everything up to a colon, which may be written `%3A`, and what follows it.
fn part(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = value.iter().position(|b| matches!(b, b':' | b'%'))?;
    let (part, rest) = value.split_at_checked(end)?;
    let rest = match rest {
        [b':', rest @ ..] | [b'%', b'3', b'A' | b'a', rest @ ..] => rest,
        _ => return None,
    };
    Some((part, rest))
}

#[cfg(test)]
mod tests {
    use super::{Parts, uber_trace_id};

    #[test]
    fn plain_and_encoded() {
        let (trace, span) = (b"5b2b4e6f71e2c0a7".as_slice(), b"1c0ffee".as_slice());
        assert_eq!(uber_trace_id(b"5b2b4e6f71e2c0a7:1c0ffee:0:1"), Some(Parts::of(trace, span)));
        assert_eq!(uber_trace_id(b"5b2b4e6f71e2c0a7%3A1c0ffee%3a0%3A01"), Some(Parts::of(trace, span)));
        assert_eq!(
            uber_trace_id(b"5b2b4e6f71e2c0a7:1c0ffee:00ab:3"),
            Some(Parts { parent: Some(b"00ab"), ..Parts::of(trace, span) })
        );
    }

    #[test]
    fn nonsense() {
        let long = format!("{}:1:0:1", "a".repeat(33));
        for value in [
            "",
            ":::",
            "1:1:0",
            "0:1:0:1",
            "1:0:0:1",
            "g:1:0:1",
            "1:1:0:",
            "1%3B1:0:1",
            "1:1:0:1:1",
            "%3",
            &long,
        ] {
            assert_eq!(uber_trace_id(value.as_bytes()), None, "{value}");
        }
    }
}
