//! Made-up and real conversations through the whole parser.

mod bodies;
mod fixtures;
mod loss;
mod protocols;
mod streams;
mod wire;

use weir_plugin_sdk::prelude::*;
use weir_plugin_sdk::testing::{Harness, Message};

use crate::Http2;
use crate::frame;
use wire::{Encoder, GRPC, Script, data, frame, get, ok, settings};

const CLIENT: Direction = Direction::ClientToServer;
const SERVER: Direction = Direction::ServerToClient;

/// A message as one line: stream, `?` (asks), `!` (answers) or `#` (alone), then what it says.
fn line(message: &Message) -> String {
    let mark = match message.kind {
        Kind::Request => '?',
        Kind::Response => '!',
        Kind::OneWay => '#',
    };
    let part = match message.part {
        Part::Whole => "",
        Part::Begin => " (open)",
        Part::More => " (more)",
        Part::End => " (end)",
    };
    let status = match message.status {
        Status::None => "",
        Status::Ok => " ok",
        Status::ClientError => " client",
        Status::ServerError => " server",
    };
    let protocol = ["", " gRPC", " Triple"][usize::from(message.protocol)];
    let fields = [
        Field::RequestType,
        Field::RequestDomain,
        Field::RequestResource,
        Field::ResponseCode,
        Field::ResponseException,
    ];
    let texts: String =
        fields.iter().filter_map(|f| message.text(*f)).map(|text| format!(" {text}")).collect();
    format!("{}{mark}{protocol}{texts}{status}{part}", message.correlation.unwrap_or_default())
}

fn lines(messages: &[Message]) -> Vec<String> {
    messages.iter().map(line).collect()
}

/// Plays a script in its own segments; what the parser told is joined.
fn play(script: &Script) -> Vec<String> {
    let harness =
        script.iter().fold(Harness::<Http2>::tcp(), |harness, (way, bytes)| harness.send(*way, bytes));
    assert_eq!(harness.violations(), 0);
    lines(&harness.close().joined())
}

/// The same in every split, and cut off behind every byte.
fn told(script: &Script) -> Vec<String> {
    let script: Vec<(Direction, &[u8])> =
        script.iter().map(|(way, bytes)| (*way, bytes.as_slice())).collect();
    weir_plugin_sdk::testing::every_prefix::<Http2>(&script);
    lines(&weir_plugin_sdk::testing::every_split::<Http2>(&script))
}
