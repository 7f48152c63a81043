//! Real conversations (see `fixtures/README.md`): what the parser tells is what the servers and clients wrote down.

use std::collections::BTreeMap;
use std::path::Path;

use super::*;

fn files() -> BTreeMap<String, Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let named = |path: std::path::PathBuf| {
        (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap())
    };
    files.map(named).collect()
}

pub(super) fn segments(mut stream: &[u8]) -> Vec<(Direction, &[u8])> {
    let mut segments = Vec::new();
    while let Some(end) = stream.iter().position(|b| *b == b'\n') {
        let line = std::str::from_utf8(&stream[..end]).unwrap();
        let (way, length) = line.split_once(' ').unwrap();
        let length: usize = length.parse().unwrap();
        let way = if way == "C" { CLIENT } else { SERVER };
        segments.push((way, &stream[end + 1..end + 1 + length]));
        stream = &stream[end + 2 + length..];
    }
    segments
}

pub(super) fn conversations() -> Vec<(String, Vec<u8>, String)> {
    let files = files();
    let streams = files.iter().filter_map(|(name, bytes)| Some((name.strip_suffix(".stream")?, bytes)));
    let with_expected = streams.map(|(name, bytes)| {
        let expected = String::from_utf8(files[&format!("{name}.expected")].clone()).unwrap();
        (name.to_owned(), bytes.clone(), expected)
    });
    with_expected.collect()
}

fn row(request: &Message, response: &Message) -> [String; 11] {
    let of = |message: &Message, field| message.text(field).unwrap_or("-").to_owned();
    let length = |message: &Message| match message.part {
        Part::Whole => (message.end - message.start).to_string(),
        _ => "-".to_owned(),
    };
    [
        of(request, Field::RequestType),
        of(request, Field::RequestDomain),
        of(request, Field::RequestResource),
        length(request),
        of(response, Field::ResponseCode),
        length(response),
        of(response, Field::ResponseException),
        of(request, Field::TraceId),
        of(request, Field::SpanId),
        of(request, Field::XRequestId),
        of(response, Field::XRequestId),
    ]
}

#[test]
fn what_the_logs_say() {
    let conversations = conversations();
    assert!(conversations.len() >= 15, "the folder is read");
    for (name, stream, expected) in &conversations {
        let told = every_split::<Http>(&segments(stream));
        let (asked, answered): (Vec<_>, Vec<_>) = told.iter().partition(|m| m.kind == Kind::Request);
        assert_eq!((asked.len(), answered.len()), (expected.lines().count(), asked.len()), "{name}");
        for ((request, response), line) in asked.iter().zip(answered).zip(expected.lines()) {
            for (told, want) in row(request, response).iter().zip(line.split('\t')) {
                assert!(want == "-" || told == want, "{name}: {told} and not {want} in {line}");
            }
        }
    }
}

#[test]
fn cut_and_damaged() {
    for (_, stream, _) in conversations() {
        every_prefix::<Http>(&segments(&stream));
        mutations::<Http>(&segments(&stream), 100);
    }
}

/// Whatever segment a capture begins with: what it tells is a part of what the whole one told.
#[test]
fn joined_anywhere() {
    for (name, stream, _) in conversations() {
        let segments = segments(&stream);
        let whole = every_split::<Http>(&segments);
        for from in 0..segments.len() {
            let mut harness = Harness::<Http>::tcp_joined();
            let mut before = [0, 0];
            for (way, bytes) in &segments[..from] {
                before[way.index()] += bytes.len() as u64;
            }
            for (way, bytes) in &segments[from..] {
                harness.push(*way, bytes);
            }
            for message in harness.close().joined() {
                let start = message.start + before[message.direction.index()];
                let known = whole
                    .iter()
                    .any(|m| (m.direction, m.kind, m.start) == (message.direction, message.kind, start));
                assert!(known, "{name}: from segment {from} on: {message:?}");
            }
        }
    }
}
