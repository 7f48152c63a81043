//! Frames and header blocks by hand.

use super::{CLIENT, SERVER};
use crate::frame::{self, PREFACE};
use weir_plugin_sdk::prelude::*;

/// A conversation in segments.
pub(super) type Script = Vec<(Direction, Vec<u8>)>;

pub(super) const GRPC: (&str, &str) = ("content-type", "application/grpc");

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// One frame.
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

pub(super) fn settings() -> Vec<u8> {
    frame(frame::SETTINGS, 0, 0, b"\0\x03\0\0\0\x64")
}

pub(super) fn data(stream: u32, payload: &[u8], end: bool) -> Vec<u8> {
    frame(frame::DATA, u8::from(end) * END_STREAM, stream, payload)
}

/// One direction's header blocks: known fields are referred to.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    table: Vec<(String, String)>,
}

impl Encoder {
    pub(super) fn block(&mut self, fields: &[(&str, &str)]) -> Vec<u8> {
        let mut block = Vec::new();
        for (name, value) in fields {
            let fixed = match (*name, *value) {
                (":method", "GET") => Some(2),
                (":method", "POST") => Some(3),
                (":scheme", "http") => Some(6),
                (":status", "200") => Some(8),
                (":status", "404") => Some(13),
                _ => None,
            };
            let field = ((*name).to_owned(), (*value).to_owned());
            let age = self.table.iter().rev().position(|known| *known == field).map(|age| 62 + age as u8);
            if let Some(index) = fixed.or(age) {
                block.push(0x80 | index);
                continue;
            }
            block.push(0x40);
            for text in [name, value] {
                assert!(text.len() < 127);
                block.push(text.len() as u8);
                block.extend_from_slice(text.as_bytes());
            }
            self.table.push(field);
        }
        block
    }

    pub(super) fn headers(&mut self, stream: u32, fields: &[(&str, &str)], end: bool) -> Vec<u8> {
        frame(frame::HEADERS, END_HEADERS | (u8::from(end) * END_STREAM), stream, &self.block(fields))
    }
}

/// A request without a body.
pub(super) fn get(client: &mut Encoder, stream: u32, path: &str) -> Vec<u8> {
    let fields = [(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", "a.test")];
    client.headers(stream, &fields, true)
}

/// A response with a body.
pub(super) fn ok(server: &mut Encoder, stream: u32, body: &[u8]) -> Vec<u8> {
    [server.headers(stream, &[(":status", "200"), ("x", "y")], false), data(stream, body, true)].concat()
}

/// Preface and settings of both sides.
pub(super) fn opening() -> Script {
    vec![(CLIENT, [PREFACE, &settings()].concat()), (SERVER, settings())]
}

/// A gRPC request's head.
pub(super) fn call(client: &mut Encoder, stream: u32, path: &str, end: bool) -> Vec<u8> {
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "a.test"),
        ("te", "trailers"),
        GRPC,
    ];
    client.headers(stream, &fields, end)
}
