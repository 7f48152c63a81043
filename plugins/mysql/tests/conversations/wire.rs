//! Packets by hand, and requests with their responses.

use weir_plugin_mysql::MySql;
use weir_plugin_sdk::prelude::*;
use weir_plugin_sdk::testing::{Harness, Message};

pub(crate) const CLIENT: Direction = Direction::ClientToServer;
pub(crate) const SERVER: Direction = Direction::ServerToClient;

pub(crate) const PROTOCOL_41: u32 = 1 << 9;
pub(crate) const COMPRESS: u32 = 1 << 5;
pub(crate) const SSL: u32 = 1 << 11;
pub(crate) const SECURE: u32 = 1 << 15;
pub(crate) const DEPRECATE_EOF: u32 = 1 << 24;
pub(crate) const OPTIONAL_METADATA: u32 = 1 << 25;
pub(crate) const ZSTD: u32 = 1 << 26;
pub(crate) const QUERY_ATTRIBUTES: u32 = 1 << 27;

pub(crate) const OK: &[u8] = &[0, 0, 0, 2, 0, 0, 0];
pub(crate) const EOF: &[u8] = &[0xfe, 0, 0, 2, 0];
/// In place of an EOF packet.
pub(crate) const OK_END: &[u8] = &[0xfe, 0, 0, 2, 0, 0, 0];

pub(crate) fn packet(sequence: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let mut packet = (payload.len() as u32).to_le_bytes()[..3].to_vec();
    packet.push(sequence);
    packet.extend_from_slice(payload);
    packet
}

/// Packets with ascending sequence ids.
pub(crate) fn packets<P: AsRef<[u8]>>(first: u8, payloads: impl IntoIterator<Item = P>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut sequence = first;
    for payload in payloads {
        bytes.extend(packet(sequence, payload));
        sequence = sequence.wrapping_add(1);
    }
    bytes
}

pub(crate) fn command(byte: u8, argument: impl AsRef<[u8]>) -> Vec<u8> {
    packet(0, [&[byte], argument.as_ref()].concat())
}

pub(crate) fn query(sql: &str) -> Vec<u8> {
    command(3, sql)
}

pub(crate) fn error(code: u16, message: &str) -> Vec<u8> {
    [&[0xff], code.to_le_bytes().as_slice(), b"#HY000", message.as_bytes()].concat()
}

pub(crate) fn definition(name: &str) -> Vec<u8> {
    let mut bytes = b"\x03def\0\0\0".to_vec();
    bytes.push(name.len() as u8);
    bytes.extend(name.as_bytes());
    bytes.extend(b"\0\x0c\x21\0\x08\0\0\0\xfd\0\0\0\0\0");
    bytes
}

pub(crate) fn greeting(capabilities: u32) -> Vec<u8> {
    let mut payload = b"\x0a8.4.3\0\x09\0\0\0abcdefgh\0".to_vec();
    payload.extend(&capabilities.to_le_bytes()[..2]);
    payload.extend([0xff, 2, 0]);
    payload.extend(&capabilities.to_le_bytes()[2..]);
    payload.extend([21; 1]);
    payload.extend([0; 10]);
    payload.extend(b"ijklmnopqrst\0mysql_native_password\0");
    packet(0, payload)
}

pub(crate) fn hello(capabilities: u32, user: &str) -> Vec<u8> {
    let mut payload = (capabilities | PROTOCOL_41 | SECURE).to_le_bytes().to_vec();
    payload.extend((1_u32 << 24).to_le_bytes());
    payload.push(255);
    payload.extend([0; 23]);
    payload.extend(user.as_bytes());
    payload.extend(b"\0\x03abc");
    packet(1, payload)
}

/// A connection whose login is through.
pub(crate) fn logged_in(capabilities: u32) -> Harness<MySql> {
    let all = capabilities | PROTOCOL_41 | SECURE | 1;
    Harness::tcp().server(greeting(all)).client(hello(all, "app")).server(packet(2, OK))
}

/// A request and what it was answered.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) request: Message,
    pub(crate) response: Option<Message>,
}

/// In order, as the host pairs them when nothing is lost; a response to nothing stands where a request would.
pub(crate) fn exchanges(messages: &[Message]) -> Vec<Exchange> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    for message in messages {
        let message = message.clone();
        if message.kind == Kind::Response {
            let waits = |e: &&mut Exchange| e.request.kind == Kind::Request && e.response.is_none();
            match exchanges.iter_mut().find(waits) {
                Some(exchange) => exchange.response = Some(message),
                None => exchanges.push(Exchange { request: message, response: None }),
            }
        } else {
            exchanges.push(Exchange { request: message, response: None });
        }
    }
    exchanges
}

/// The exchanges behind the login of [`logged_in`].
pub(crate) fn told(harness: Harness<MySql>) -> Vec<Exchange> {
    assert_eq!(harness.violations(), 0);
    let mut exchanges = exchanges(&harness.close().joined());
    assert_eq!(exchanges.remove(0).request.text(Field::RequestType), Some("LOGIN"));
    exchanges
}

impl Exchange {
    pub(crate) fn kind(&self) -> &str {
        self.request.text(Field::RequestType).unwrap()
    }

    pub(crate) fn resource(&self) -> Option<&str> {
        self.request.text(Field::RequestResource)
    }

    pub(crate) fn answer(&self) -> &Message {
        self.response.as_ref().expect("an answer")
    }

    pub(crate) fn code(&self) -> Option<&str> {
        self.answer().text(Field::ResponseCode)
    }

    pub(crate) fn id(&self) -> Option<&str> {
        self.response.as_ref().and_then(|r| r.text(Field::RequestId)).or(self.request.text(Field::RequestId))
    }
}
