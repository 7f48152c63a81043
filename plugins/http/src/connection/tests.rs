//! Whole conversations through the parser.

use weir_plugin_sdk::prelude::*;
use weir_plugin_sdk::testing::{End, Harness, Message, every_prefix, every_split, mutations};

use super::Http;

const CLIENT: Direction = Direction::ClientToServer;
const SERVER: Direction = Direction::ServerToClient;

/// `method domain resource start..end` of a request, `code exception start..end` of a response.
fn line(message: &Message) -> String {
    let text = |field| message.text(field).unwrap_or("-");
    let (start, end) = (message.start, message.end);
    let open = if message.part == Part::Begin { "+" } else { "" };
    match message.kind {
        Kind::Request => format!(
            "{} {} {} {start}..{end}{open}",
            text(Field::RequestType),
            text(Field::RequestDomain),
            text(Field::RequestResource)
        ),
        _ => format!("{} {} {start}..{end}{open}", text(Field::ResponseCode), text(Field::ResponseException)),
    }
}

fn lines(messages: &[Message]) -> Vec<String> {
    messages.iter().map(line).collect()
}

/// The conversation in every split, through every prefix and some damage; the messages as lines.
fn tell(script: &[(Direction, &str)]) -> Vec<String> {
    let script: Vec<(Direction, &[u8])> = script.iter().map(|(way, text)| (*way, text.as_bytes())).collect();
    every_prefix::<Http>(&script);
    mutations::<Http>(&script, 50);
    lines(&every_split::<Http>(&script))
}

fn told(harness: &Harness<Http>) -> Vec<String> {
    lines(&harness.joined())
}

#[test]
fn a_request_and_its_response() {
    let script = [
        (CLIENT, "GET /a?b=c HTTP/1.1\r\nHost: a.test:8080\r\nAccept: */*\r\n\r\n"),
        (SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
    ];
    assert_eq!(tell(&script), ["GET a.test:8080 /a?b=c 0..55", "200 - 0..43"]);
}
