//! What gRPC says on top of HTTP/2 ("gRPC over HTTP2", in grpc/grpc's doc folder): status codes, messages, framing.

use weir_plugin_sdk::prelude::*;

/// Bytes in front of each message: a flag and the length.
pub(crate) const PREFIX: usize = 5;

/// The name of a status code; the number of an unknown one.
pub(crate) fn name(code: u32) -> &'static str {
    const NAMES: [&str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    NAMES.get(code as usize).copied().unwrap_or("unknown status")
}

/// Whose fault a status is; contract of the product.
pub(crate) fn status_of(code: u32) -> Status {
    match code {
        0 => Status::Ok,
        3 | 5 | 6 | 7 | 9 | 11 | 16 => Status::ClientError,
        _ => Status::ServerError,
    }
}

/// `grpc-message`: percent-encoded UTF-8. What is no code stays as it is.
pub(crate) fn decoded(message: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let mut text = Vec::with_capacity(message.len());
    let mut rest = message;
    while let Some((byte, behind)) = rest.split_first() {
        let pair = behind.first_chunk().and_then(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
        match (byte, pair) {
            (b'%', Some(decoded)) => {
                text.push(decoded);
                rest = behind.get(2..).unwrap_or_default();
            }
            _ => {
                text.push(*byte);
                rest = behind;
            }
        }
    }
    text
}

/// A message of that length follows, and it may be compressed.
pub(crate) fn prefix(bytes: [u8; PREFIX]) -> Option<(bool, u32)> {
    let [flag @ 0..=1, a, b, c, d] = bytes else { return None };
    Some((flag == 1, u32::from_be_bytes([a, b, c, d])))
}

/// The payload of a DATA frame begins with these bytes and holds exactly one message: a body that is no gRPC does not look like this.
pub(crate) fn is_message(payload: &[u8], length: u32) -> bool {
    let message = payload.first_chunk().and_then(|bytes| prefix(*bytes));
    message.is_some_and(|(_, message)| u64::from(message) + PREFIX as u64 == u64::from(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_decoded() {
        for (sent, text) in [
            ("", ""),
            ("plain text", "plain text"),
            ("a%20b", "a b"),
            ("50%25 off", "50% off"),
            ("%e5%86%85", "内"),
            ("100%", "100%"),
            ("100%2", "100%2"),
            ("%zz%41", "%zzA"),
        ] {
            assert_eq!(decoded(sent.as_bytes()), text.as_bytes(), "{sent}");
        }
    }

    #[test]
    fn statuses() {
        let client: Vec<u32> = (0..40).filter(|code| status_of(*code) == Status::ClientError).collect();
        assert_eq!(client, [3, 5, 6, 7, 9, 11, 16]);
        assert_eq!(
            (name(5), name(13), name(16), name(17)),
            ("NOT_FOUND", "INTERNAL", "UNAUTHENTICATED", "unknown status")
        );
    }

    #[test]
    fn messages_are_recognised() {
        assert!(is_message(b"\0\0\0\0\x03abc", 8));
        assert!(is_message(b"\x01\0\0\x01\0", 261));
        for (bytes, length) in [
            (b"{\"a\":1}".as_slice(), 7),
            (b"\0\0\0\0\x03abcd", 9),
            (b"\x02\0\0\0\x03abc", 8),
            (b"\0\0\0", 3),
        ] {
            assert!(!is_message(bytes, length));
        }
    }
}
