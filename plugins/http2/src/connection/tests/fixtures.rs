//! Real conversations (see `fixtures/README.md`): what the parser tells is what the servers and clients wrote down.

use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use weir_plugin_sdk::testing::{every_prefix, every_split, mutations};

fn conversations() -> Vec<(String, Vec<u8>, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let files: BTreeMap<String, Vec<u8>> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap()))
        .collect();
    let streams = files.iter().filter_map(|(name, bytes)| Some((name.strip_suffix(".stream")?, bytes)));
    streams
        .map(|(name, bytes)| {
            let expected = String::from_utf8(files[&format!("{name}.expected")].clone()).unwrap();
            (name.to_owned(), bytes.clone(), expected)
        })
        .collect()
}

fn segments(mut stream: &[u8]) -> Vec<(Direction, &[u8])> {
    let mut segments = Vec::new();
    while let Some(end) = stream.iter().position(|b| *b == b'\n') {
        let line = std::str::from_utf8(&stream[..end]).unwrap();
        let (way, length) = line.split_once(' ').unwrap();
        let length: usize = length.parse().unwrap();
        segments.push((if way == "C" { CLIENT } else { SERVER }, &stream[end + 1..end + 1 + length]));
        stream = &stream[end + 2 + length..];
    }
    segments
}

/// The fields of one exchange, as a line of the `.expected` files has them. `none` stands for a call that was never answered.
fn row(request: &Message, response: Option<&Message>) -> [String; 10] {
    let asked = |field| request.text(field).unwrap_or("-").to_owned();
    let answered = |field| response.map_or("none", |message| message.text(field).unwrap_or("-")).to_owned();
    [
        asked(Field::RequestId),
        asked(Field::RequestType),
        asked(Field::RequestDomain),
        asked(Field::RequestResource),
        answered(Field::ResponseCode),
        answered(Field::ResponseException),
        asked(Field::TraceId),
        asked(Field::SpanId),
        asked(Field::XRequestId),
        answered(Field::XRequestId),
    ]
}

#[test]
fn what_the_logs_say() {
    let conversations = conversations();
    assert!(conversations.len() >= 4, "the folder is read");
    for (name, stream, expected) in &conversations {
        let told = every_split::<Http2>(&segments(stream));
        let (mut asked, answered): (Vec<_>, Vec<_>) = told.iter().partition(|m| m.kind == Kind::Request);
        asked.sort_by_key(|request| request.correlation);
        let unanswered = expected.matches("\tnone\t").count();
        assert_eq!(
            (asked.len(), answered.len()),
            (expected.lines().count(), asked.len() - unanswered),
            "{name}"
        );
        for (request, line) in asked.iter().zip(expected.lines()) {
            let response = answered.iter().find(|m| m.correlation == request.correlation).copied();
            assert!(
                request.part == Part::Whole && response.is_none_or(|r| r.part == Part::Whole),
                "{name}: {line}"
            );
            for (told, want) in row(request, response).iter().zip(line.split('\t')) {
                assert!(want == "-" || told == want, "{name}: {told} and not {want} in {line}");
            }
        }
    }
}

#[test]
fn cut_and_damaged() {
    for (_, stream, _) in conversations() {
        every_prefix::<Http2>(&segments(&stream));
        mutations::<Http2>(&segments(&stream), 100);
    }
}

/// Whatever segment a capture begins with: every field that is told is the one that the whole capture gives, and nearly all
/// requests behind the first header block are told.
#[test]
fn joined_anywhere() {
    for (name, stream, _) in conversations() {
        let segments = segments(&stream);
        let whole = every_split::<Http2>(&segments);
        for from in 0..segments.len() {
            let mut harness = Harness::<Http2>::tcp_joined();
            for (way, bytes) in &segments[from..] {
                harness.push(*way, bytes);
            }
            let told = harness.close().joined();
            for message in &told {
                let same = |m: &&Message| (m.kind, m.correlation) == (message.kind, message.correlation);
                let known = whole.iter().find(same);
                let known = known.unwrap_or_else(|| panic!("{name}: from {from} on: {message:?}"));
                // A response that is seen from its trailers on has a code of its own only where it is gRPC's.
                for (field, text) in &message.fields {
                    let lone = matches!(field, Field::RequestId | Field::Version);
                    assert!(
                        lone || known.text(*field) == Some(text),
                        "{name}: from {from} on: {field:?} {text}"
                    );
                }
            }
            let requests = |messages: &[Message]| messages.iter().filter(|m| m.kind == Kind::Request).count();
            let sent = segments[from..]
                .iter()
                .filter(|(way, bytes)| *way == CLIENT && bytes.get(3) == Some(&1))
                .count();
            assert!(requests(&told) >= sent, "{name}: from {from} on: {} of {sent}", requests(&told));
        }
    }
}

/// Every segment is lost once, and every tenth one: what is told is true.
#[test]
fn lost_anywhere() {
    for (name, stream, _) in conversations() {
        let segments = segments(&stream);
        let whole = every_split::<Http2>(&segments);
        for lost in 0..segments.len() + 10 {
            let is_lost =
                |n: usize| if lost < segments.len() { n == lost } else { n % 10 == lost - segments.len() };
            let mut harness = Harness::<Http2>::tcp();
            for (n, (way, bytes)) in segments.iter().enumerate() {
                if is_lost(n) {
                    harness = harness.gap(*way, bytes.len() as u64);
                } else {
                    harness.push(*way, bytes);
                }
            }
            for message in harness.close().joined() {
                let same = |m: &&Message| (m.kind, m.correlation) == (message.kind, message.correlation);
                let Some(known) = whole.iter().find(same) else {
                    panic!("{name}: without {lost}: {message:?}")
                };
                for (field, text) in &message.fields {
                    let lone = matches!(field, Field::RequestId | Field::Version);
                    assert!(
                        lone || known.text(*field) == Some(text),
                        "{name}: without {lost}: {field:?} {text}"
                    );
                }
            }
        }
    }
}
