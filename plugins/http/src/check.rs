//! Takes: bytes of a connection that nobody claimed. Gives: whether they begin an HTTP/1 message.
//!
//! Strict: RTSP, SIP, ICY and HTTP/2 have lines of the same look, Redis and memcached have `GET`; HTTP/0.9 has no version and is
//! not claimed. The verdict does not depend on ports.

use weir_plugin_sdk::prelude::*;

use crate::head::HEAD_LIMIT;
use crate::start_line::{METHODS, Opening, is_token_character, request_opening, response_opening};

/// What the host tests before it asks: a method and a blank, or a status line's protocol.
pub(crate) fn signature() -> Signature {
    let methods = METHODS.iter().map(|method| format!("{method} "));
    let prefixes =
        methods.map(|prefix| prefix.as_bytes().iter().take(PREFIX_LIMIT).copied().collect::<Vec<u8>>());
    Signature::tcp().any_of(prefixes).any_of([b"HTTP/1."])
}

/// Longest alternative of a signature.
const PREFIX_LIMIT: usize = 16;

/// Whose bytes are these?
pub(crate) fn check(payload: &[u8], probe: &Probe) -> Verdict {
    if probe.transport != Transport::Tcp {
        return Verdict::No;
    }
    match (request_opening(payload), response_opening(payload)) {
        (Opening::Yes, _) => second_line(payload, Verdict::ClientSpeaks),
        (_, Opening::Yes) => second_line(payload, Verdict::ServerSpeaks),
        (Opening::No, Opening::No) => Verdict::No,
        _ if payload.len() >= HEAD_LIMIT => Verdict::No,
        _ => Verdict::NeedMore,
    }
}

/// The start line is right; what is there of the next line must be a field line or the end of the head.
fn second_line(payload: &[u8], verdict: Verdict) -> Verdict {
    let behind = memchr::memchr(b'\n', payload).and_then(|end| payload.get(end + 1..)).unwrap_or_default();
    let name = behind.iter().take_while(|b| is_token_character(**b)).count();
    match (name, behind.get(name)) {
        (_, None) | (0, Some(b'\r' | b'\n')) => verdict,
        (1.., Some(b':')) => verdict,
        _ => Verdict::No,
    }
}

#[cfg(test)]
mod tests {
    use weir_plugin_sdk::parser::Sender;
    use weir_plugin_sdk::testing;

    use super::*;

    fn verdict(bytes: impl AsRef<[u8]>) -> Verdict {
        testing::check::<crate::Http>(Transport::Tcp, None, bytes.as_ref())
    }

    fn signed(bytes: &[u8]) -> bool {
        signature().any_of.iter().any(|prefix| bytes.starts_with(prefix))
    }

    #[test]
    fn both_sides() {
        for request in [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n",
            "GET / HTTP/1.1\n",
            "OPTIONS * HTTP/1.1\r\nH",
            "CONNECT a.test:443 HTTP/1.1\r\n",
            "CONNECT [::1]:443 HTTP/1.1\r\n",
            "GET HTTPS://a.test/x HTTP/1.1\r\n",
            "PROPFIND /a HTTP/1.1\r\nDepth: 1\r\n",
            "UPDATEREDIRECTREF /a HTTP/1.1\r\n\r\n",
            "POST /\u{e9}?q HTTP/1.1\r\n",
        ] {
            assert_eq!(verdict(request), Verdict::ClientSpeaks, "{request:?}");
            assert!(signed(request.as_bytes()), "{request:?}");
        }
        for response in
            ["HTTP/1.1 200 OK\r\nA: b", "HTTP/1.0 404\r\n\r\n", "HTTP/1.1 200 \r\n", "HTTP/1.1 200 OK\n\n"]
        {
            assert_eq!(verdict(response), Verdict::ServerSpeaks, "{response:?}");
            assert!(signed(response.as_bytes()), "{response:?}");
        }
    }

    #[test]
    fn a_line_that_comes_in_pieces() {
        for line in [
            "GET /a?b=c HTTP/1.1\r\n",
            "POST http://a.test/ HTTP/1.0\r\n",
            "CONNECT a:1 HTTP/1.1\r\n",
            "HTTP/1.1 200 OK\r\n",
        ] {
            for end in 1..line.len() {
                assert_eq!(verdict(&line[..end]), Verdict::NeedMore, "{:?}", &line[..end]);
            }
        }
        let long = format!("GET /{}", "x".repeat(HEAD_LIMIT));
        assert_eq!(verdict(&long[..HEAD_LIMIT - 1]), Verdict::NeedMore);
        assert_eq!(verdict(&long), Verdict::No);
    }

    #[test]
    fn others() {
        for bytes in [
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "GET /\r\n",
            "GET key\r\n",
            "GET a b c",
            "GET / HTTP/1.2\r\n",
            "GET / HTTP/2.0\r\n",
            "GET / HTTP/0.9\r\n",
            "GET /a b HTTP/1.1\r\n",
            "get / HTTP/1.1\r\n",
            "OPTIONS rtsp://a/b RTSP/1.0\r\n",
            "OPTIONS rtsp://a/b HTTP/1.1\r\n",
            "DESCRIBE rtsp://a/b RTSP/1.0\r\n",
            "REGISTER sip:a SIP/2.0\r\n",
            "OPTIONS sip:a@b SIP/2.0\r\n",
            "SOURCE /mount ICE/1.0\r\n",
            "CONNECT / HTTP/1.1\r\n",
            "CONNECT a.test HTTP/1.1\r\n",
            "GET / HTTP/1.1\r\nno field\x01",
            "GET / HTTP/1.1\r\n\x00",
            "ICY 200 OK\r\n",
            "RTSP/1.0 200 OK\r\n",
            "HTTP/2 200\r\n",
            "HTTP/1.1 OK\r\n",
            "HTTP/1.1 2000 OK\r\n",
            "HTTP/1.1 000 OK\r\n",
            "HTTP/1.1\r\n",
            "PUB a 5\r\nhello\r\n",
            "*1\r\n$4\r\nPING\r\n",
            "\u{16}\u{3}\u{1}",
            "\r\nGET / HTTP/1.1\r\n",
        ] {
            assert_eq!(verdict(bytes), Verdict::No, "{bytes:?}");
        }
        assert_eq!(
            testing::check::<crate::Http>(Transport::Udp, None, b"NOTIFY * HTTP/1.1\r\n"),
            Verdict::No
        );
    }

    /// Who is known to be the client does not matter: the bytes say it.
    #[test]
    fn reverse_connections() {
        let verdict =
            testing::check::<crate::Http>(Transport::Tcp, Some(Sender::Client), b"HTTP/1.1 200 OK\r\n");
        assert_eq!(verdict, Verdict::ServerSpeaks);
    }

    #[test]
    fn signatures_keep_to_the_limit() {
        let signature = signature();
        assert!(signature.ports.is_empty());
        assert!(signature.any_of.iter().all(|prefix| (1..=16).contains(&prefix.len())));
    }
}
