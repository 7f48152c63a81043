//! What hooks of an HTTP/2 server or client tell: its streams, without the bytes of the connection.
//!
//! In such a record `socket` has the bit [`crate::TLS`], and [`crate::Record::sequence`] is the number of the stream.
//!
//! | event | `acknowledgment` | payload |
//! |---|---|---|
//! | [`crate::Event::RequestField`], [`crate::Event::ResponseField`] | [`FieldPlace::word`] | two numbers of two bytes in the machine's order: bytes of the name, of the value; the name, in [`FIELD_VALUE_AT`] less four bytes; the value |
//! | [`crate::Event::RequestFields`] | how many fields were told just before | none |
//! | [`crate::Event::ResponseStatus`] | the status | none |
//! | [`crate::Event::RequestData`], [`crate::Event::ResponseData`] | bytes of a body | none |
//! | [`crate::Event::ResetSent`], [`crate::Event::ResetReceived`] | the code (RFC 9113, 7) | none |
//! | [`crate::Event::StreamEnded`] | 0 | none |

/// Fields of a header that are told: the first ones, those of HTTP/2 itself among them. Browsers and proxies
/// send up to thirty. One less than a power of two.
pub const FIELDS: u32 = 31;

/// Bytes of a field's name that are told: no registered name is as long. One less than a power of two.
pub const FIELD_NAME: usize = 63;

/// Where the value begins in the payload.
pub const FIELD_VALUE_AT: usize = 4 + FIELD_NAME + 1;

/// Bytes of a value that are told: paths are seldom longer, and each field takes so much of the ring. One less than a power of two.
pub const FIELD_VALUE: usize = 511;

/// Bit of [`crate::Record::flags`]: nothing follows in this direction of the stream.
pub const ENDS_STREAM: u8 = 2;

/// Bit of [`crate::Record::flags`]: the client tells it, so this end is where requests come from.
pub const OF_CLIENT: u8 = 4;

/// Which field of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldPlace {
    /// From 0 on.
    pub index: u16,
    /// Of those that are told. 0: nobody knows yet; the field has no stream yet either, and [`crate::Event::RequestFields`] has both.
    pub number: u16,
}

impl FieldPlace {
    /// One word.
    #[must_use]
    #[inline(always)]
    pub const fn word(self) -> u32 {
        self.index as u32 | (self.number as u32) << 16
    }

    /// From that word.
    #[must_use]
    pub const fn from_word(word: u32) -> Self {
        Self { index: word as u16, number: (word >> 16) as u16 }
    }
}
