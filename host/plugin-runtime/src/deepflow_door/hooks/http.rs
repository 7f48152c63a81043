//! What `on_http_req` and `on_http_resp` are told: a few fields, and the message as it would stand in a packet.
//!
//! Bodies reach hooks unpacked, so a head that says otherwise would mislead the plugin: its lines about packing are left out and the
//! length is that of the body here.

use weir_pipeline::hooks::hook::Status;
use weir_pipeline::parse::outcome::FieldName;

use super::super::records::ResponseStatus;
use super::frames;
use super::view::View;

/// DeepFlow's numbers of protocols.
const HTTP1: u8 = 20;
const HTTP2: u8 = 21;
const GRPC: u8 = 41;
const TRIPLE: u8 = 49;

/// Number of a protocol; 0: none that these hooks know.
pub(super) fn number(protocol: &[u8]) -> u8 {
    match protocol {
        b"HTTP" => HTTP1,
        b"HTTP2" => HTTP2,
        b"gRPC" => GRPC,
        b"Triple" => TRIPLE,
        _ => 0,
    }
}

/// As the original counts them.
pub(super) fn status(status: Status) -> ResponseStatus {
    match status {
        Status::Ok => ResponseStatus::Ok,
        Status::Timeout => ResponseStatus::Timeout,
        Status::ServerError => ResponseStatus::ServerError,
        Status::ClientError => ResponseStatus::ClientError,
        Status::Unknown => ResponseStatus::Unknown,
    }
}

/// Four texts; a head names the path and the host of HTTP/2.
pub(super) fn request(view: &View<'_>, info: &mut Vec<u8>, payload: &mut Vec<u8>) {
    let [mut agent, mut referer, mut path, mut host] = [&[][..]; 4];
    for (name, value) in fields(view.head()) {
        let known = match name.len() {
            10 if name.eq_ignore_ascii_case(b"user-agent") => &mut agent,
            7 if name.eq_ignore_ascii_case(b"referer") => &mut referer,
            5 if name == b":path" => &mut path,
            10 if name == b":authority" => &mut host,
            _ => continue,
        };
        if known.is_empty() {
            *known = value;
        }
    }
    if path.is_empty() {
        path = view.text(FieldName::RequestResource);
    }
    if host.is_empty() {
        host = view.text(FieldName::RequestDomain);
    }
    for text in [path, host, agent, referer] {
        put_text(info, text);
    }
    let line = [view.text(FieldName::RequestType), b" ", path, b" HTTP/", version(view)];
    message(view, &line, payload);
}

/// The code, the status and the endpoint of the request.
pub(super) fn response(view: &View<'_>, info: &mut Vec<u8>, payload: &mut Vec<u8>) {
    let code = view.number(FieldName::ResponseCode).and_then(|code| u16::try_from(code).ok());
    let head_status = || fields(view.head()).find(|(name, _)| *name == b":status").map(|(_, value)| value);
    let code = code.or_else(|| str::from_utf8(head_status()?).ok()?.parse().ok()).unwrap_or(0);
    info.extend_from_slice(&code.to_be_bytes());
    info.push(status(view.subject.status).raw());
    put_text(info, view.text(FieldName::Endpoint));
    let digits = [code / 100 % 10, code / 10 % 10, code % 10].map(|digit| b'0' + digit as u8);
    message(
        view,
        &[b"HTTP/", version(view), b" ", &digits, b" ", view.text(FieldName::ResponseException)],
        payload,
    );
}

fn version<'a>(view: &View<'a>) -> &'a [u8] {
    match view.text(FieldName::Version) {
        [] => b"1.1",
        version => version,
    }
}

fn message(view: &View<'_>, start_line: &[&[u8]], payload: &mut Vec<u8>) {
    match number(view.protocol()) {
        HTTP1 | 0 => plain(view, start_line, payload),
        number => frames::message(view, number != HTTP2, payload),
    }
}

/// HTTP/1: start line, head, body (RFC 9112, 2.1).
fn plain(view: &View<'_>, start_line: &[&[u8]], payload: &mut Vec<u8>) {
    let (head, body) = (view.head(), view.body());
    for part in start_line {
        payload.extend_from_slice(part);
    }
    payload.extend_from_slice(b"\r\n");
    let is_packed = |name: &[u8]| {
        name.eq_ignore_ascii_case(b"content-encoding") || name.eq_ignore_ascii_case(b"transfer-encoding")
    };
    if fields(head).any(|(name, _)| is_packed(name)) {
        let others = |name: &[u8]| !is_packed(name) && !name.eq_ignore_ascii_case(b"content-length");
        for (name, value) in fields(head).filter(|(name, _)| others(name)) {
            payload.extend_from_slice(name);
            payload.extend_from_slice(b": ");
            payload.extend_from_slice(value);
            payload.extend_from_slice(b"\r\n");
        }
        payload.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
    } else {
        payload.extend_from_slice(head);
    }
    payload.extend_from_slice(b"\r\n");
    payload.extend_from_slice(body);
}

/// Names and values of a head's lines. Names of HTTP/2 may begin with a colon.
pub(super) fn fields(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    head.split(|byte| *byte == b'\n').filter_map(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let colon = line.iter().skip(1).position(|byte| *byte == b':')? + 1;
        let (name, value) = line.split_at_checked(colon)?;
        Some((name, value.get(1..)?.trim_ascii()))
    })
}

/// A text with its length before it; one that is longer than its length can say is cut.
fn put_text(info: &mut Vec<u8>, text: &[u8]) {
    let text = crate::guest::cut(text, usize::from(u16::MAX));
    info.extend_from_slice(&(text.len() as u16).to_be_bytes());
    info.extend_from_slice(text);
}
