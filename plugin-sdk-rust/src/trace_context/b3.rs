//! Takes: a value of the header `b3`. Gives: its ids.
//!
//! Source: openzipkin/b3-propagation, "Single Header": `{TraceId}-{SpanId}-{SamplingState}-{ParentSpanId}`, where the last
//! two may be missing, or the sampling state may stand alone.

use super::id::{Parts, is_hex_id};

/// Trace id, span id, parent span id.
pub(super) fn single(value: &[u8]) -> Option<Parts<'_>> {
    let mut parts = value.split(|b| *b == b'-');
    let (trace, span) = (trace_id(parts.next()?)?, span_id(parts.next()?)?);
    let parent = match parts.next() {
        None => None,
        Some(b"0" | b"1" | b"d") => parts.next().and_then(span_id),
        Some(_) => return None,
    };
    parts.next().is_none().then_some(Parts { parent, ..Parts::of(trace, span) })
}

/// 64 or 128 bits.
pub(super) fn trace_id(value: &[u8]) -> Option<&[u8]> {
    (matches!(value.len(), 16 | 32) && is_hex_id(value)).then_some(value)
}

/// 64 bits.
pub(super) fn span_id(value: &[u8]) -> Option<&[u8]> {
    (value.len() == 16 && is_hex_id(value)).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::{Parts, single};

    const TRACE: &[u8] = b"80f198ee56343ba864fe8b2a57d3eff7";
    const SPAN: &[u8] = b"e457b5a2e4d86bd1";
    const PARENT: &[u8] = b"05e3ac9a4f6e3b90";

    #[test]
    fn examples_of_the_specification() {
        let full = b"80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90";
        assert_eq!(single(full), Some(Parts { parent: Some(PARENT), ..Parts::of(TRACE, SPAN) }));
        assert_eq!(
            single(b"80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-d"),
            Some(Parts::of(TRACE, SPAN))
        );
        assert_eq!(
            single(b"80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1"),
            Some(Parts::of(TRACE, SPAN))
        );
        assert_eq!(single(b"64fe8b2a57d3eff7-e457b5a2e4d86bd1-0"), Some(Parts::of(&TRACE[16..], SPAN)));
    }

    #[test]
    fn sampling_alone_and_nonsense() {
        let bad: [&[u8]; 9] = [
            b"0",
            b"1",
            b"",
            b"-",
            b"--",
            b"0000000000000000-e457b5a2e4d86bd1",
            b"80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-x",
            b"80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90-1",
            b"80f198ee56343ba864fe8b2a57d3eff-e457b5a2e4d86bd1",
        ];
        for value in bad {
            assert_eq!(single(value), None, "{}", value.escape_ascii());
        }
    }
}
