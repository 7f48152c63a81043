//! Takes: what stands behind `COM_QUERY`. Gives: where the SQL begins, and a trace context among the query attributes
//! ("COM_QUERY", `CLIENT_QUERY_ATTRIBUTES`).

use weir_plugin_sdk::prelude::*;
use weir_plugin_sdk::trace_context::traceparent;

use crate::packet::{lenenc, lenenc_text};

/// Attributes of one query that are walked through; drivers send a handful.
const ATTRIBUTES: usize = 64;

/// The text of a query and what was sent along with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<'a> {
    pub(crate) sql: &'a [u8],
    /// Trace id and span id of an attribute `traceparent`.
    pub(crate) trace: Option<(&'a [u8], &'a [u8])>,
}

/// `agreed`: whether both sides speak of attributes; `None` when the handshake was not seen.
pub(crate) fn query(argument: &[u8], agreed: Option<bool>) -> Query<'_> {
    let plain = Query { sql: argument, trace: None };
    // No SQL begins with a control character below the tabulator, and nobody sends nine attributes.
    let present = agreed.unwrap_or(argument.first().is_some_and(|count| *count < b'\t'));
    if present { with_attributes(argument).unwrap_or(plain) } else { plain }
}

fn with_attributes(argument: &[u8]) -> Option<Query<'_>> {
    let mut reader = Reader::new(argument);
    let count = usize::try_from(lenenc(&mut reader)?).ok().filter(|count| *count <= ATTRIBUTES)?;
    if lenenc(&mut reader)? != 1 {
        return None; // "parameter_set_count: currently always 1"
    }
    if count == 0 {
        return Some(Query { sql: reader.rest(), trace: None });
    }
    let nulls = reader.take(count.div_ceil(8)).ok()?;
    if reader.u8().ok()? != 1 {
        return None; // "new_params_bind_flag: always 1"
    }
    let mut values = reader;
    for _ in 0..count {
        values.u16_le().ok()?;
        lenenc_text(&mut values)?;
    }
    let mut trace = None;
    for index in 0..count {
        let kind = reader.u16_le().ok()?;
        let name = lenenc_text(&mut reader)?;
        if nulls.get(index / 8)? >> (index % 8) & 1 == 0 {
            let value = value(&mut values, kind as u8)?;
            if name == b"traceparent" {
                trace = traceparent(value);
            }
        }
    }
    Some(Query { sql: values.rest(), trace })
}

/// Takes a value of the binary protocol ("Binary Protocol Value").
fn value<'a>(reader: &mut Reader<'a>, kind: u8) -> Option<&'a [u8]> {
    let length = match kind {
        0x06 => 0,
        0x01 => 1,
        0x02 | 0x0d => 2,
        0x03 | 0x04 | 0x09 => 4,
        0x05 | 0x08 => 8,
        0x07 | 0x0a..=0x0c => usize::from(reader.u8().ok()?),
        _ => return lenenc_text(reader),
    };
    reader.take(length).ok()
}

#[cfg(test)]
mod tests {
    use super::query;

    #[test]
    fn none_one_and_many() {
        assert_eq!(query(b"SELECT 1", Some(false)).sql, b"SELECT 1");
        assert_eq!(query(b"SELECT 1", None).sql, b"SELECT 1");
        assert_eq!(query(b"\0\x01SELECT 1", Some(true)).sql, b"SELECT 1");
        assert_eq!(query(b"\0\x01SELECT 1", None).sql, b"SELECT 1");
        let mut sent = b"\x03\x01\x02\x01".to_vec(); // three, the second one is NULL
        sent.extend(b"\x03\x00\x01n\x0f\x00\x01s\xfe\x00\x0btraceparent");
        sent.extend(7_u32.to_le_bytes());
        sent.extend(b"\x3700-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01SELECT 2");
        for agreed in [Some(true), None] {
            let query = query(&sent, agreed);
            assert_eq!(query.sql, b"SELECT 2");
            assert_eq!(query.trace.unwrap().1, b"c532cb4098ac3dd2");
        }
    }

    #[test]
    fn what_does_not_fit_is_left_as_it_is() {
        for sent in [b"".as_slice(), b"\x01", b"\x01\x01\x00\x01", b"\x01\x02x", b"\x08\x01SELECT"] {
            assert_eq!(query(sent, Some(true)).sql, sent);
        }
    }
}
