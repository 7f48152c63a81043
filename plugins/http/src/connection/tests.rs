//! Whole conversations through the parser.

use weir_plugin_sdk::prelude::*;
use weir_plugin_sdk::testing::{End, Harness, Message, every_prefix, every_split, mutations};

use super::Http;

mod bodies;
mod fields;
mod fixtures;
mod leaving;
mod loss;
mod payloads;
mod properties;
mod tolerance;

const CLIENT: Direction = Direction::ClientToServer;
const SERVER: Direction = Direction::ServerToClient;

const GET: &str = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";
const HEAD: &str = "HEAD /2 HTTP/1.1\r\nHost: a\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// `method domain resource` of a request, `code exception` of a response, both with `start..end` and `+` when no end was told.
fn line(message: &Message) -> String {
    let text = |field| message.text(field).unwrap_or("-");
    let (start, end) = (message.start, message.end);
    let range = match message.part {
        Part::Begin => format!("{start}+"),
        _ => format!("{start}..{end}"),
    };
    match message.kind {
        Kind::Request => format!(
            "{} {} {} {range}",
            text(Field::RequestType),
            text(Field::RequestDomain),
            text(Field::RequestResource)
        ),
        _ => format!("{} {} {range}", text(Field::ResponseCode), text(Field::ResponseException)),
    }
}

fn lines(messages: &[Message]) -> Vec<String> {
    messages.iter().map(line).collect()
}

fn messages(script: &[(Direction, &str)]) -> Vec<Message> {
    let script: Vec<(Direction, &[u8])> = script.iter().map(|(way, text)| (*way, text.as_bytes())).collect();
    every_prefix::<Http>(&script);
    mutations::<Http>(&script, 50);
    every_split::<Http>(&script)
}

/// The conversation in every split, through every prefix and some damage; the messages as lines.
fn tell(script: &[(Direction, &str)]) -> Vec<String> {
    lines(&messages(script))
}

fn told(harness: &Harness<Http>) -> Vec<String> {
    lines(&harness.joined())
}

#[test]
fn a_request_and_its_response() {
    assert_eq!(tell(&[(CLIENT, GET), (SERVER, OK)]), ["GET a /1 0..28", "200 - 0..43"]);
}

#[test]
fn keep_alive_and_pipelining() {
    let get_two = GET.repeat(2);
    let ok_two = OK.repeat(2);
    let script = [(CLIENT, GET), (SERVER, OK), (CLIENT, &get_two), (SERVER, &ok_two)];
    assert_eq!(
        tell(&script),
        [
            "GET a /1 0..28",
            "200 - 0..43",
            "GET a /1 28..56",
            "GET a /1 56..84",
            "200 - 43..86",
            "200 - 86..129"
        ]
    );
}

#[test]
fn only_one_direction_is_captured() {
    let many = GET.repeat(100);
    assert_eq!(tell(&[(CLIENT, &many)]).len(), 100);
    let many = OK.repeat(100);
    let told = tell(&[(SERVER, &many)]);
    assert_eq!(told.len(), 100);
    assert_eq!(told[99], "200 - 4257..4300");
}
