//! HTTP/2 messages as plugins expect them: a HEADERS frame and a DATA frame (RFC 9113, 6.1 and 6.2). The fields were decoded before, so
//! that they are written without compression (RFC 7541, 6.2.2); any decoder reads that, whatever came before it.

use weir_pipeline::parse::outcome::FieldName;

use super::http::fields;
use super::view::View;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// Length, type, flags and stream of a frame.
const FRAME_HEAD: usize = 9;
/// Literal field without indexing, new name.
const LITERAL: u8 = 0;

/// `is_grpc`: the body is one message and gets its prefix back.
pub(super) fn message(view: &View<'_>, is_grpc: bool, payload: &mut Vec<u8>) {
    let stream = view.number(FieldName::RequestId).map_or(1, |id| id as u32 & 0x7fff_ffff);
    let (head, body) = (view.head(), view.body());
    if !head.is_empty() {
        let start = begin(payload, HEADERS, END_HEADERS, stream);
        for (name, value) in fields(head) {
            payload.push(LITERAL);
            put_string(payload, name);
            put_string(payload, value);
        }
        end(payload, start);
    }
    if !body.is_empty() {
        let flags = if view.subject.cut { 0 } else { END_STREAM };
        let start = begin(payload, DATA, flags, stream);
        if is_grpc {
            payload.push(0);
            payload.extend_from_slice(&(body.len() as u32).to_be_bytes());
        }
        payload.extend_from_slice(body);
        end(payload, start);
    }
}

/// Writes the head of a frame, its length still 0; gives where it stands.
fn begin(payload: &mut Vec<u8>, kind: u8, flags: u8, stream: u32) -> usize {
    let start = payload.len();
    payload.extend_from_slice(&[0, 0, 0, kind, flags]);
    payload.extend_from_slice(&stream.to_be_bytes());
    start
}

/// Heads and bodies are below the 16 MiB that the length can say.
fn end(payload: &mut [u8], start: usize) {
    let length = (payload.len() - start).saturating_sub(FRAME_HEAD) as u32;
    let [_, bytes @ ..] = length.to_be_bytes();
    if let Some(place) = payload.get_mut(start..start + bytes.len()) {
        place.copy_from_slice(&bytes);
    }
}

/// Length with a prefix of seven bits (RFC 7541, 5.1), bytes as they are.
fn put_string(payload: &mut Vec<u8>, text: &[u8]) {
    const PREFIX: usize = 127;
    match text.len().checked_sub(PREFIX) {
        None => payload.push(text.len() as u8),
        Some(mut rest) => {
            payload.push(PREFIX as u8);
            while rest >= 128 {
                payload.push(rest as u8 | 128);
                rest >>= 7;
            }
            payload.push(rest as u8);
        }
    }
    payload.extend_from_slice(text);
}
