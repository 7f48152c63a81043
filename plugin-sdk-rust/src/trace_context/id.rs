//! Takes: a piece of a header's value. Gives: the text of an id, decoded only when it is told.

use super::skywalking::decode;

/// Longest decoded id: SkyWalking's ids (a UUID or a service, a thread, a time) have about 60 bytes, a span number up to 10.
/// Longer ones are not read.
pub const ID_LIMIT: usize = 256;

/// A trace or span id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Id<'a> {
    /// The id stands in the value as it is.
    Text(&'a [u8]),
    /// SkyWalking's trace id.
    Base64(&'a [u8]),
    /// SkyWalking's span id: the segment in base 64, and the number of the span in it.
    Segment(&'a [u8], &'a [u8]),
}

impl<'a> Id<'a> {
    /// The id, when it stands in the value as it is.
    #[must_use]
    pub fn as_slice(self) -> Option<&'a [u8]> {
        match self {
            Self::Text(text) => Some(text),
            Self::Base64(_) | Self::Segment(..) => None,
        }
    }

    /// The id as text: a piece of the value, or decoded into `buffer`.
    #[must_use]
    pub fn text<'b>(self, buffer: &'b mut [u8; ID_LIMIT]) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Self::Text(text) => text,
            Self::Base64(code) => {
                let length = decode(code, buffer).unwrap_or_default();
                buffer.get(..length).unwrap_or_default()
            }
            Self::Segment(code, span) => {
                let length = decode(code, buffer).unwrap_or_default();
                let end = length + 1 + span.len();
                let Some(tail) = buffer.get_mut(length..end) else { return &[] };
                if let Some((dash, number)) = tail.split_first_mut() {
                    *dash = b'-';
                    number.copy_from_slice(span);
                }
                buffer.get(..end).unwrap_or_default()
            }
        }
    }
}

/// What one header tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    pub(super) trace: Option<Id<'a>>,
    pub(super) span: Option<Id<'a>>,
    pub(super) parent: Option<&'a [u8]>,
}

impl<'a> Parts<'a> {
    /// Trace and span, both as they stand in the value.
    pub(super) fn of(trace: &'a [u8], span: &'a [u8]) -> Self {
        Self { trace: Some(Id::Text(trace)), span: Some(Id::Text(span)), parent: None }
    }
}

/// Hexadecimal digits of either case, not all of them zero: what B3 and Jaeger call a valid id.
pub(super) fn is_hex_id(id: &[u8]) -> bool {
    id.iter().all(u8::is_ascii_hexdigit) && id.iter().any(|digit| *digit != b'0')
}
