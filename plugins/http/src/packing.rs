//! Takes: a head. Gives: how its body is packed. Asked only where a hook wants bodies.
//!
//! Source: RFC 9110 section 8.4 (Content-Encoding), RFC 9112 section 7 (transfer codings).

use weir_plugin_sdk::message::Encoding;

use crate::lines::{Lines, value_of};
use crate::names::Names;

const NAMES: Names = Names::of(&[b"content-encoding", b"transfer-encoding"]);

/// `None`: in a way that the host can not undo (several codings, or one that it does not know). Such a body is stepped over.
pub(crate) fn packing(head: &[u8]) -> Option<Encoding> {
    let mut packing = Some(Encoding::Identity);
    let mut lines = Lines::new(head);
    lines.first()?;
    lines.fields(&NAMES, |line| {
        let codings = value_of(line, b"content-encoding").or_else(|| value_of(line, b"transfer-encoding"));
        for coding in codings.into_iter().flat_map(|value| value.split(|b| *b == b',')) {
            packing = match (packing, known(coding.trim_ascii())) {
                (before, Some(Encoding::Identity)) => before,
                (Some(Encoding::Identity), coding) => coding,
                _ => None,
            };
        }
    });
    packing
}

fn known(coding: &[u8]) -> Option<Encoding> {
    const NAMES: [(&[u8], Encoding); 8] = [
        (b"gzip", Encoding::Gzip),
        (b"chunked", Encoding::Identity),
        (b"br", Encoding::Brotli),
        (b"deflate", Encoding::Deflate),
        (b"zstd", Encoding::Zstd),
        (b"identity", Encoding::Identity),
        (b"", Encoding::Identity),
        (b"x-gzip", Encoding::Gzip),
    ];
    NAMES.iter().find(|(name, _)| coding.eq_ignore_ascii_case(name)).map(|(_, encoding)| *encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings() {
        for (fields, expected) in [
            ("", Some(Encoding::Identity)),
            ("Content-Encoding: gzip\r\n", Some(Encoding::Gzip)),
            ("content-encoding:X-GZIP\r\n", Some(Encoding::Gzip)),
            ("Content-Encoding: deflate\r\n", Some(Encoding::Deflate)),
            ("Content-Encoding: br, identity,\r\n", Some(Encoding::Brotli)),
            ("Content-Encoding: zstd\r\nTransfer-Encoding: chunked\r\n", Some(Encoding::Zstd)),
            ("Transfer-Encoding: gzip, chunked\r\n", Some(Encoding::Gzip)),
            ("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", Some(Encoding::Gzip)),
            ("Transfer-Encoding: gzip, chunked\r\nContent-Encoding: gzip\r\n", None),
            ("Content-Encoding: gzip, br\r\n", None),
            ("Content-Encoding: compress\r\n", None),
            ("X-Content-Encoding: gzip\r\nContent-Type: gzip\r\n", Some(Encoding::Identity)),
        ] {
            let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
            assert_eq!(packing(head.as_bytes()), expected, "{fields}");
        }
    }
}
