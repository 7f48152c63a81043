//! Real conversations and made-up ones through the whole parser.

mod captured;
mod generated;
mod pairing;
mod resync;
mod rules;
mod whose;

use weir_plugin_sdk::prelude::*;
use weir_plugin_sdk::testing::{Harness, Message};

use crate::Redis;

/// A conversation in segments.
type Script = Vec<(Direction, Vec<u8>)>;

const CLIENT: Direction = Direction::ClientToServer;
const SERVER: Direction = Direction::ServerToClient;

/// `*2\r\n$3\r\nGET...` of words.
fn array(words: &[&str]) -> String {
    let count = words.len();
    let words: String = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())).collect();
    format!("*{count}\r\n{words}")
}

/// A command as an array of its words.
fn command(line: &str) -> String {
    array(&line.split(' ').collect::<Vec<_>>())
}

fn borrowed(script: &Script) -> Vec<(Direction, &[u8])> {
    script.iter().map(|(direction, bytes)| (*direction, bytes.as_slice())).collect()
}

/// Request lines with `?` before them, responses with `!`, pushes with `#`; text after the status where there is one.
fn lines(messages: &[Message]) -> Vec<String> {
    messages.iter().map(line).collect()
}

fn line(message: &Message) -> String {
    let mark = match message.kind {
        Kind::Request => "?",
        Kind::Response => "!",
        Kind::OneWay => "#",
    };
    let status = match message.status {
        Status::ServerError => " error",
        Status::Ok => " ok",
        _ => "",
    };
    let texts = [Field::RequestResource, Field::ResponseResult, Field::ResponseException];
    let text: String = texts.iter().filter_map(|f| message.text(*f)).map(|text| format!(" {text}")).collect();
    let kind = message.text(Field::RequestType).filter(|_| message.kind == Kind::OneWay);
    format!("{mark}{status}{}{text}", kind.map(|k| format!(" {k}:")).unwrap_or_default())
}

/// Every split of a conversation from its start, as lines.
fn told(script: &[(Direction, &str)]) -> Vec<String> {
    let script: Vec<(Direction, &[u8])> = script.iter().map(|(d, text)| (*d, text.as_bytes())).collect();
    weir_plugin_sdk::testing::every_prefix::<Redis>(&script);
    lines(&weir_plugin_sdk::testing::every_split::<Redis>(&script))
}

/// One command and what the server says to it, as lines.
fn reply(bytes: &str) -> Vec<String> {
    told(&[(CLIENT, &command("GET k")), (SERVER, bytes)]).split_off(1)
}

fn harness(script: &[(Direction, &str)]) -> Harness<Redis> {
    script.iter().fold(Harness::tcp(), |harness, (direction, text)| harness.send(*direction, text))
}
