use serde_json::Value as Json;
use weir_plugin_sdk::parser::Sender;
use weir_plugin_sdk::prelude::*;
use weir_plugin_sdk::testing::{self, Harness, Message, every_prefix, every_split, mutations};

use super::Ledger;

const REQUEST: &[u8] = b"LDG1\x01\x00\x00\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x07\x03put\x03T-1rest";
const RESPONSE: &[u8] = b"LDG1\x02\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x07\x01\x94\x02no";
const TALK: &[(Direction, &[u8])] =
    &[(Direction::ClientToServer, REQUEST), (Direction::ServerToClient, RESPONSE)];

/// In words of the shared cases: kind, status, correlation, range, fields.
fn told(message: &Message) -> Json {
    let name = |field: &Field| match field {
        Field::BizProtocol => "biz_protocol",
        Field::RequestType => "request_type",
        Field::RequestId => "request_id",
        Field::TraceId => "trace_id",
        Field::ResponseCode => "response_code",
        Field::ResponseResult => "response_result",
        Field::ResponseException => "response_exception",
        other => panic!("{other:?} is none of the protocol's"),
    };
    let value = |field: &Field, text: &String| match field {
        Field::RequestId | Field::ResponseCode => Json::from(text.parse::<i64>().unwrap()),
        _ => Json::from(text.as_str()),
    };
    let fields: Vec<Json> = message
        .fields
        .iter()
        .map(|(field, text)| vec![Json::from(name(field)), value(field, text)].into())
        .collect();
    serde_json::json!({
        "kind": (["request", "response", "one_way"][message.kind as usize]),
        "correlation": message.correlation,
        "start": message.start,
        "end": message.end,
        "status": (["none", "ok", "client_error", "server_error"][message.status as usize]),
        "fields": fields,
    })
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits = hexadecimal.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).unwrap());
    digits.map(|two| u8::from_str_radix(two, 16).unwrap()).collect()
}

#[test]
fn shared_cases() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/hooks/ledger.json");
    let cases: Vec<Json> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert!(cases.len() >= 12, "{} cases", cases.len());
    for case in &cases {
        let name = &case["name"];
        let script: Vec<(Direction, Vec<u8>)> = case["segments"]
            .as_array()
            .unwrap()
            .iter()
            .map(|segment| {
                let from_client = segment[0] == "client";
                let way = if from_client { Direction::ClientToServer } else { Direction::ServerToClient };
                (way, bytes(segment[1].as_str().unwrap()))
            })
            .collect();
        let mut harness = Harness::<Ledger>::tcp();
        for (way, bytes) in &script {
            harness.push(*way, bytes);
        }
        let messages: Vec<Json> = harness.messages().iter().map(told).collect();
        assert_eq!(Json::from(messages), case["messages"], "{name}");
        assert_eq!(Json::from(harness.violations()), case["violations"], "{name}");
        if case["any_split"] == true {
            let script: Vec<(Direction, &[u8])> =
                script.iter().map(|(way, bytes)| (*way, bytes.as_slice())).collect();
            let messages: Vec<Json> = every_split::<Ledger>(&script).iter().map(told).collect();
            assert_eq!(Json::from(messages), case["messages"], "{name}, split");
        }
    }
}

#[test]
fn strangers_bytes() {
    let messages = every_split::<Ledger>(TALK);
    assert_eq!((messages.len(), messages[1].text(Field::ResponseException)), (2, Some("no")));
    every_prefix::<Ledger>(TALK);
    mutations::<Ledger>(TALK, 500);
}

#[test]
fn whose_bytes() {
    let check = |bytes: &[u8]| testing::check::<Ledger>(Transport::Tcp, Some(Sender::Client), bytes);
    for length in 0..super::frame::HEAD_LENGTH as usize {
        assert_eq!(check(&REQUEST[..length]), Verdict::NeedMore, "{length} bytes");
    }
    assert_eq!((check(REQUEST), check(RESPONSE)), (Verdict::ClientSpeaks, Verdict::ServerSpeaks));
    for bytes in
        [b"LDG2".as_slice(), b"LDG1\x03", b"x", b"LDG1\x01\xff\x00\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x07"]
    {
        assert_eq!(check(bytes), Verdict::No, "{bytes:?}");
    }
}
