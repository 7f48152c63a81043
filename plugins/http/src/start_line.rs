//! Takes: the first line of a message, whole or not. Gives: its parts, and whether it can be HTTP/1 at all.
//!
//! Source: RFC 9112 section 3 (request line) and 4 (status line), RFC 9110 section 9.1 (a method is a token) and 15.

use crate::lines::is_visible;

/// Methods of the IANA registry, WebDAV's and UPnP's among them, and what caches use (`PURGE`, `BAN`).
pub(crate) const METHODS: [&str; 47] = [
    "GET",
    "POST",
    "PUT",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "PATCH",
    "CONNECT",
    "TRACE",
    "ACL",
    "BAN",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "COPY",
    "LABEL",
    "LINK",
    "LOCK",
    "M-SEARCH",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "NOTIFY",
    "ORDERPATCH",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "SOURCE",
    "SUBSCRIBE",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UNSUBSCRIBE",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
    "VIEW",
];

/// Longest method that is read: twice the longest of the registry (`UPDATEREDIRECTREF`, 17).
const METHOD_LIMIT: usize = 34;

/// What every HTTP/2 connection with prior knowledge begins with (RFC 9113 section 3.4); its first line looks like a request.
pub(crate) const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const HTTP_1: &[u8; 7] = b"HTTP/1.";

/// As one word: byte by byte the comparison takes ten times as long.
const BLANK_HTTP_1: u64 = u64::from_le_bytes(*b" HTTP/1.");

/// `method SP request-target SP HTTP-version`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RequestLine<'a> {
    pub(crate) method: &'a [u8],
    pub(crate) target: &'a [u8],
    /// `1.1` or `1.0`.
    pub(crate) version: &'a [u8],
}

/// `HTTP-version SP status-code SP [ reason-phrase ]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StatusLine<'a> {
    pub(crate) code: u16,
    /// Blanks may stand around it.
    pub(crate) reason: &'a [u8],
    pub(crate) version: &'a [u8],
}

/// Whether bytes can be the beginning of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    No,
    /// So far.
    Partial,
    Yes,
}

/// Reads a request line without its line end. Tolerates what servers tolerate: blanks inside the target and at the end.
#[inline]
pub(crate) fn request_line(line: &[u8]) -> Option<RequestLine<'_>> {
    let (front, protocol) = line.split_last_chunk::<9>()?;
    let [blank_and_protocol @ .., minor] = protocol;
    if u64::from_le_bytes(*blank_and_protocol) != BLANK_HTTP_1 || !minor.is_ascii_digit() {
        let trimmed = line.trim_ascii_end();
        return if trimmed.len() < line.len() { request_line(trimmed) } else { None };
    }
    let version = line.get(line.len() - 3..)?;
    let (method, target) = front.split_at_checked(method_length(front)?)?;
    let target = trim_target(target);
    (!target.is_empty()).then_some(RequestLine { method, target, version })
}

/// Without the blanks around it; nearly always that is one.
#[inline]
fn trim_target(target: &[u8]) -> &[u8] {
    match target {
        [b' ', target @ ..] if is_visible(target.first()) && is_visible(target.last()) => target,
        _ => target.trim_ascii(),
    }
}

/// Length of the token in front of the first blank. The most common ones are compared as words.
#[inline]
fn method_length(line: &[u8]) -> Option<usize> {
    const GET: u32 = u32::from_le_bytes(*b"GET ");
    const PUT: u32 = u32::from_le_bytes(*b"PUT ");
    const POST: u32 = u32::from_le_bytes(*b"POST");
    const HEAD: u32 = u32::from_le_bytes(*b"HEAD");
    match line.first_chunk().map(|word| u32::from_le_bytes(*word)) {
        Some(GET | PUT) => Some(3),
        Some(POST | HEAD) if line.get(4) == Some(&b' ') => Some(4),
        _ => token_length(line),
    }
}

#[inline(never)]
fn token_length(line: &[u8]) -> Option<usize> {
    let space = line.iter().take(METHOD_LIMIT + 1).position(|b| *b == b' ')?;
    is_token(line.get(..space)?).then_some(space)
}

/// Reads a status line without its line end. The blank behind the code may be missing (servers do that).
#[inline]
pub(crate) fn status_line(line: &[u8]) -> Option<StatusLine<'_>> {
    let (front, reason) = line.split_first_chunk::<12>()?;
    let [protocol @ .., b'0'..=b'9', b' ', a, b, c] = front else { return None };
    let [a, b, c] = [a, b, c].map(|digit| digit.wrapping_sub(b'0'));
    if protocol != HTTP_1 || !(1..=9).contains(&a) || b > 9 || c > 9 {
        return None;
    }
    let reason = match reason {
        [] => reason,
        [b' ', reason @ ..] => reason,
        _ => return None,
    };
    let code = u16::from(a) * 100 + u16::from(b) * 10 + u16::from(c);
    Some(StatusLine { code, reason, version: line.get(5..8)? })
}

/// A request line that is not whole may begin here, where a request is expected: a token, then printable bytes. Only the first
/// ones are looked at, so that a target that comes byte by byte is not read again each time.
pub(crate) fn request_may_begin(bytes: &[u8]) -> bool {
    let reach = bytes.get(..2 * METHOD_LIMIT).unwrap_or(bytes);
    let method = reach.iter().take_while(|b| is_token_character(**b)).count();
    let (_, behind) = reach.split_at(method);
    match behind {
        [] => method <= METHOD_LIMIT,
        [b' ', target @ ..] => method > 0 && target.iter().all(|b| matches!(b, b'\r' | b' '..=b'~' | 0x80..)),
        _ => false,
    }
}

/// A status line that is not whole may begin here, where a response is expected.
pub(crate) fn response_may_begin(bytes: &[u8]) -> bool {
    bytes.iter().zip(HTTP_1).all(|(byte, want)| byte == want)
}

/// Can `bytes` begin a request? Strict: one blank at each place, a target of a known form, version 1.0 or 1.1.
pub(crate) fn request_opening(bytes: &[u8]) -> Opening {
    let reach = bytes.get(..METHOD_LIMIT + 1).unwrap_or(bytes);
    let Some(space) = reach.iter().position(|b| *b == b' ') else {
        let fits = reach.len() <= METHOD_LIMIT && reach.iter().all(|b| is_method_character(*b));
        return if fits { Opening::Partial } else { Opening::No };
    };
    let (method, rest) = bytes.split_at(space);
    if method.len() < 3 || !method.iter().all(|b| is_method_character(*b)) {
        return Opening::No;
    }
    let rest = rest.get(1..).unwrap_or_default();
    let end = rest.iter().position(|b| matches!(b, 0..=b' ' | 0x7f));
    let (target, behind) = rest.split_at(end.unwrap_or(rest.len()));
    match (target_opening(method, target), behind.split_first()) {
        (Opening::No, _) => Opening::No,
        (_, None) => Opening::Partial,
        (Opening::Partial, Some(_)) => Opening::No,
        (Opening::Yes, Some((b' ', version))) => version_opening(version),
        (Opening::Yes, Some(_)) => Opening::No,
    }
}

/// Can `bytes` begin a response?
pub(crate) fn response_opening(bytes: &[u8]) -> Opening {
    if let Some(end) = memchr::memchr(b'\n', bytes.get(..RESPONSE_LINE_LIMIT).unwrap_or(bytes)) {
        let line = bytes.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let strict = line.get(7).is_some_and(|minor| matches!(minor, b'0' | b'1'));
        return if strict && status_line(line).is_some() { Opening::Yes } else { Opening::No };
    }
    let pattern = b"HTTP/1.0 000 ";
    let fits = bytes.iter().zip(pattern).enumerate().all(|(at, (byte, want))| match at {
        7 => matches!(byte, b'0' | b'1'),
        9 => matches!(byte, b'1'..=b'9'),
        10 | 11 => byte.is_ascii_digit(),
        12 => matches!(byte, b' ' | b'\r'),
        _ => byte == want,
    });
    if fits && bytes.len() < RESPONSE_LINE_LIMIT { Opening::Partial } else { Opening::No }
}

/// Longest status line that `check` and a resynchronisation wait for: reason phrases are a few words.
const RESPONSE_LINE_LIMIT: usize = 512;

/// The four forms of RFC 9112 section 3.2.
fn target_opening(method: &[u8], target: &[u8]) -> Opening {
    if method == b"CONNECT" {
        let host = |b: &u8| b.is_ascii_alphanumeric() || b"-._~:[]%!$&'()*+,;=".contains(b);
        let port = target.iter().rposition(|b| *b == b':').and_then(|at| target.get(at + 1..));
        let has_port = port.is_some_and(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit));
        return match (target.iter().all(host), has_port) {
            (false, _) => Opening::No,
            (true, false) => Opening::Partial,
            (true, true) => Opening::Yes,
        };
    }
    match target {
        [] => Opening::Partial,
        [b'/', ..] | b"*" => Opening::Yes,
        _ => {
            ["http://", "https://", "ws://", "wss://"]
                .iter()
                .map(|scheme| match target.split_at_checked(scheme.len()) {
                    Some((front, host)) if front.eq_ignore_ascii_case(scheme.as_bytes()) => {
                        if host.is_empty() { Opening::Partial } else { Opening::Yes }
                    }
                    None if target.eq_ignore_ascii_case(&scheme.as_bytes()[..target.len()]) => {
                        Opening::Partial
                    }
                    _ => Opening::No,
                })
                .max_by_key(|opening| *opening as u8)
                .unwrap_or(Opening::No)
        }
    }
}

/// `HTTP/1.1` and a line end, or the beginning of that.
fn version_opening(bytes: &[u8]) -> Opening {
    for version in [b"HTTP/1.1".as_slice(), b"HTTP/1.0"] {
        match bytes.strip_prefix(version) {
            Some([] | [b'\r']) => return Opening::Partial,
            Some([b'\n', ..] | [b'\r', b'\n', ..]) => return Opening::Yes,
            Some(_) => return Opening::No,
            None if version.starts_with(bytes) => return Opening::Partial,
            None => {}
        }
    }
    Opening::No
}

fn is_method_character(byte: u8) -> bool {
    byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_')
}

/// RFC 9110 section 5.6.2.
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|b| is_token_character(*b))
}

pub(crate) fn is_token_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}
