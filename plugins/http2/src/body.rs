//! Takes: the payload of DATA frames that some hook wants. Gives: pieces of it: one payload a message of HTTP/2, one for each message
//! of a gRPC stream.

use weir_plugin_sdk::message::MessageBuilder;
use weir_plugin_sdk::prelude::*;

use crate::grpc;

/// How much of a body was handed on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Body {
    /// How it is packed; of gRPC only messages that say so.
    pub(crate) encoding: Encoding,
    /// It can not be followed: bytes of it were lost, or it is packed in a way that nobody unpacks.
    pub(crate) is_broken: bool,
    /// Bytes of the present payload that were handed on.
    given: u32,
    /// gRPC: the prefix of the next message as far as it is here.
    prefix: [u8; grpc::PREFIX],
    prefix_length: u8,
    /// gRPC: the message is packed.
    is_packed: bool,
    /// gRPC: bytes of the message that are still to come.
    left: u32,
}

/// A piece that a hook wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    bytes: &'a [u8],
    encoding: Encoding,
    is_last: bool,
}

impl Piece<'_> {
    pub(crate) fn tell(&self, message: &mut MessageBuilder<'_>) {
        if self.is_last {
            message.last_of_body(self.bytes, self.encoding);
        } else {
            message.body(self.bytes, self.encoding);
        }
    }
}

impl Body {
    /// The words of `content-encoding` or `grpc-encoding`. Several codings one over the other are not unpacked by anybody.
    pub(crate) fn set_encoding(&mut self, word: &[u8]) {
        let known = match word.trim_ascii() {
            word if word.eq_ignore_ascii_case(b"gzip") || word.eq_ignore_ascii_case(b"x-gzip") => {
                Encoding::Gzip
            }
            word if word.eq_ignore_ascii_case(b"deflate") => Encoding::Deflate,
            word if word.eq_ignore_ascii_case(b"br") => Encoding::Brotli,
            word if word.eq_ignore_ascii_case(b"zstd") => Encoding::Zstd,
            word if word.is_empty() || word.eq_ignore_ascii_case(b"identity") => Encoding::Identity,
            _ => {
                self.is_broken = true;
                Encoding::Identity
            }
        };
        self.encoding = known;
    }

    /// The next bytes of an HTTP body: the piece to hand on, if any, and how many bytes of those to come nobody wants (of the
    /// frame's `left`).
    pub(crate) fn http<'a>(&mut self, bytes: &'a [u8], limit: u32) -> Option<Piece<'a>> {
        let bytes = self.wanted(bytes, limit);
        (!bytes.is_empty()).then_some(Piece { bytes, encoding: self.encoding, is_last: false })
    }

    /// The next bytes of a gRPC stream: how many were used, and the piece to hand on. Called until all are used.
    pub(crate) fn grpc<'a>(&mut self, bytes: &'a [u8], limit: u32) -> (usize, Option<Piece<'a>>) {
        if usize::from(self.prefix_length) < grpc::PREFIX {
            return self.read_prefix(bytes);
        }
        let used = bytes.len().min(self.left as usize);
        self.left -= used as u32;
        let bytes = self.wanted(bytes.get(..used).unwrap_or_default(), limit);
        let encoding = if self.is_packed { self.encoding } else { Encoding::Identity };
        let is_last = self.left == 0;
        if is_last {
            self.prefix_length = 0;
            self.given = 0;
        }
        (used, (is_last || !bytes.is_empty()).then_some(Piece { bytes, encoding, is_last }))
    }

    /// Nobody wants the next bytes; so many that they can be stepped over.
    pub(crate) fn unwanted(&self, is_grpc: bool, limit: u32) -> u32 {
        match (self.given >= limit, is_grpc) {
            (true, false) => u32::MAX,
            // The last byte is looked at, so that its end is told.
            (true, true) => self.left.saturating_sub(1),
            (false, _) => 0,
        }
    }

    /// So many bytes were stepped over.
    pub(crate) fn skip(&mut self, bytes: u32) {
        self.left = self.left.saturating_sub(bytes);
    }

    fn wanted<'a>(&mut self, bytes: &'a [u8], limit: u32) -> &'a [u8] {
        let room = limit.saturating_sub(self.given) as usize;
        let wanted = bytes.get(..bytes.len().min(room)).unwrap_or_default();
        self.given += wanted.len() as u32;
        wanted
    }

    fn read_prefix<'a>(&mut self, bytes: &'a [u8]) -> (usize, Option<Piece<'a>>) {
        let free = self.prefix.iter_mut().skip(usize::from(self.prefix_length));
        let used = free.zip(bytes).map(|(to, from)| *to = *from).count();
        self.prefix_length += used as u8;
        if usize::from(self.prefix_length) < grpc::PREFIX {
            return (used, None);
        }
        match grpc::prefix(self.prefix) {
            Some((is_packed, length)) => {
                self.is_packed = is_packed;
                self.left = length;
            }
            None => self.is_broken = true,
        }
        if self.left > 0 || self.is_broken {
            return (used, None);
        }
        self.prefix_length = 0;
        (used, Some(Piece { bytes: &[], encoding: Encoding::Identity, is_last: true }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(stream: &[u8], limit: u32, cut: usize) -> Vec<(Vec<u8>, Encoding)> {
        let mut body = Body::default();
        body.set_encoding(b"gzip");
        let (mut told, mut open) = (Vec::new(), Vec::new());
        for mut bytes in stream.chunks(cut) {
            while !bytes.is_empty() && !body.is_broken {
                let (used, piece) = body.grpc(bytes, limit);
                bytes = &bytes[used..];
                if let Some(piece) = piece {
                    open.extend_from_slice(piece.bytes);
                    if piece.is_last {
                        told.push((std::mem::take(&mut open), piece.encoding));
                    }
                }
            }
        }
        told
    }

    #[test]
    fn one_payload_for_each_message() {
        let stream = b"\0\0\0\0\x03abc\x01\0\0\0\x02zz\0\0\0\0\0\0\0\0\0\x01q";
        let want = |limit: usize| {
            [
                ("abc", Encoding::Identity),
                ("zz", Encoding::Gzip),
                ("", Encoding::Identity),
                ("q", Encoding::Identity),
            ]
            .map(|(text, encoding)| (text.as_bytes()[..text.len().min(limit)].to_vec(), encoding))
        };
        for cut in 1..=stream.len() {
            assert_eq!(messages(stream, 100, cut), want(100), "{cut} bytes at a time");
            assert_eq!(messages(stream, 1, cut), want(1), "{cut} bytes at a time, one wanted");
        }
        assert_eq!(messages(b"\x02\0\0\0\x01q\0\0\0\0\x01q", 9, 3), [], "no flag of gRPC");
    }

    #[test]
    fn an_http_body_up_to_the_limit() {
        let mut body = Body::default();
        let mut told = Vec::new();
        for bytes in b"0123456789".chunks(3) {
            told.extend(body.http(bytes, 7).map(|piece| piece.bytes.to_vec()));
        }
        assert_eq!(told, [b"012".to_vec(), b"345".to_vec(), b"6".to_vec()]);
        assert_eq!(body.unwanted(false, 7), u32::MAX);
    }
}
