//! Real conversations and made-up ones through the whole parser.

mod captured;
mod datagrams;
mod generated;
mod streams;
mod whose;

use weir_plugin_sdk::prelude::*;
use weir_plugin_sdk::testing::{Harness, Message};

use crate::Dns;

const CLIENT: Direction = Direction::ClientToServer;
const SERVER: Direction = Direction::ServerToClient;

const RESPONSE: u16 = 0x8180;

/// A message that is put together by hand; the name of its question is at 12.
#[derive(Clone)]
struct Draft(Vec<u8>);

impl Draft {
    fn query(id: u16, name: &str, kind: u16) -> Self {
        Self::new(id, 0x0100, name, kind)
    }

    fn new(id: u16, flags: u16, name: &str, kind: u16) -> Self {
        let mut bytes = Self::bare(id, flags).0;
        bytes[5] = 1;
        bytes.extend(wire(name));
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 1]);
        Self(bytes)
    }

    fn bare(id: u16, flags: u16) -> Self {
        let mut bytes = id.to_be_bytes().to_vec();
        bytes.extend(flags.to_be_bytes());
        bytes.extend([0; 8]);
        Self(bytes)
    }

    /// A record of the question's name; `section`: 1 answer, 2 authority, 3 additional.
    fn record(mut self, section: usize, kind: u16, ttl: u32, data: &[u8]) -> Self {
        self.0[5 + 2 * section] += 1;
        self.0.extend([0xc0, 12]);
        self.0.extend(kind.to_be_bytes());
        self.0.extend([0, 1]);
        self.0.extend(ttl.to_be_bytes());
        self.0.extend((data.len() as u16).to_be_bytes());
        self.0.extend(data);
        self
    }

    fn answer(self, kind: u16, data: &[u8]) -> Self {
        self.record(1, kind, 60, data)
    }

    /// With the two bytes of TCP before it.
    fn framed(&self) -> Vec<u8> {
        let mut bytes = (self.0.len() as u16).to_be_bytes().to_vec();
        bytes.extend(&self.0);
        bytes
    }
}

fn wire(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        bytes.push(label.len() as u8);
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    bytes
}

/// `? A www.example.com 7`, `! 0 10.0.0.1`, `! 3 NXDOMAIN`; a one-way message has `#` before it.
fn line(message: &Message) -> String {
    let mark = match message.kind {
        Kind::Request => "?",
        Kind::Response => "!",
        Kind::OneWay => "#",
    };
    let fields = [
        Field::RequestType,
        Field::RequestDomain,
        Field::RequestId,
        Field::ResponseCode,
        Field::ResponseException,
        Field::ResponseResult,
    ];
    let texts: String =
        fields.iter().filter_map(|f| message.text(*f)).map(|text| format!(" {text}")).collect();
    assert_eq!(message.text(Field::RequestDomain), message.text(Field::RequestResource));
    format!("{mark}{texts}")
}

fn lines(messages: &[Message]) -> Vec<String> {
    messages.iter().map(line).collect()
}

/// Tells each datagram of one pair of endpoints.
fn datagrams(script: &[(Direction, &Draft)]) -> Harness<Dns> {
    script.iter().fold(Harness::udp(), |harness, (direction, draft)| harness.send(*direction, &draft.0))
}
