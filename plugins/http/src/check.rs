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
        (0, Some(_)) => Verdict::No,
        (_, Some(b':' | b' ' | b'\t')) => verdict,
        (_, Some(_)) => Verdict::No,
    }
}
