//! Each line is read back with serde_json, which was written by somebody else.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use weir_request_log::{Field, LogSink, RequestLog, Value};

use super::JsonLines;
use crate::sink::Sink;

const ALL: [Field; 16] = [
    Field::Version,
    Field::BizProtocol,
    Field::RequestType,
    Field::RequestDomain,
    Field::RequestResource,
    Field::Endpoint,
    Field::RequestId,
    Field::ResponseCode,
    Field::ResponseException,
    Field::ResponseResult,
    Field::TraceId,
    Field::SpanId,
    Field::ParentSpanId,
    Field::XRequestId,
    Field::XRequestId1,
    Field::HttpProxyClient,
];

fn bare() -> RequestLog {
    RequestLog {
        start_time: 1_763_731_625_012_345_678,
        end_time: 1_763_731_626_000_001_999,
        l7_protocol: Arc::from("HTTP"),
        client: "10.0.0.1:51234".parse().unwrap(),
        server: "[2001:db8::2]:80".parse().unwrap(),
        flow_id: 7,
        ..RequestLog::empty()
    }
}

fn line(sink: &mut JsonLines, log: &RequestLog) -> String {
    sink.buffer().clear();
    sink.log(log);
    let line = String::from_utf8(sink.buffer().clone()).unwrap();
    assert_eq!(line.find('\n'), Some(line.len() - 1), "one line, ended");
    line
}

fn read(log: &RequestLog) -> Json {
    serde_json::from_str(&line(&mut JsonLines::default(), log)).unwrap()
}

#[test]
fn what_has_no_value_is_left_out() {
    assert_eq!(
        read(&bare()),
        json!({
            "start_time": "2025-11-21T13:27:05.012345Z", "end_time": "2025-11-21T13:27:06.000001Z",
            "signal_source": "packet", "l7_protocol": "HTTP", "type": "request",
            "client_ip": "10.0.0.1", "client_port": 51234, "server_ip": "2001:db8::2", "server_port": 80,
            "transport": "tcp", "flow_id": 7, "response_status": "unknown",
        })
    );
}

/// The order is part of the contract: people read lines from the left.
#[test]
fn all_fields_stand_in_the_order_of_the_contract() {
    let mut log = bare();
    log.response_duration = Some(1_999);
    (log.request_length, log.response_length) = (Some(1), Some(u64::MAX));
    (log.req_tcp_seq, log.resp_tcp_seq) = (Some(0), Some(u32::MAX));
    (log.process_id, log.process_name) = (Some(1), Some(Arc::from("quote\"")));
    (log.thread_id, log.coroutine_id) = (Some(2), Some(3));
    (log.syscall_trace_id_request, log.syscall_trace_id_response) = (Some(4), Some((1 << 53) - 1));
    log.plugins = vec![Arc::from("http@0.1.0"), Arc::from("biz@1.0.0")];
    for field in ALL.into_iter().rev() {
        log.fields.set(field, Value::Text("x"));
    }
    log.fields.add_attribute("a", Value::Number(-1));
    let line = line(&mut JsonLines::default(), &log);
    let names = [
        "start_time",
        "end_time",
        "response_duration",
        "signal_source",
        "l7_protocol",
        "version",
        "biz_protocol",
        "type",
        "client_ip",
        "client_port",
        "server_ip",
        "server_port",
        "transport",
        "flow_id",
        "request_type",
        "request_domain",
        "request_resource",
        "endpoint",
        "request_id",
        "response_code",
        "response_status",
        "response_exception",
        "response_result",
        "request_length",
        "response_length",
        "trace_id",
        "span_id",
        "parent_span_id",
        "x_request_id",
        "x_request_id_1",
        "http_proxy_client",
        "attributes",
        "process_id",
        "process_name",
        "thread_id",
        "coroutine_id",
        "syscall_trace_id_request",
        "syscall_trace_id_response",
        "req_tcp_seq",
        "resp_tcp_seq",
        "plugin",
    ];
    let places: Vec<_> = names.iter().map(|n| line.find(&format!("\"{n}\":")).expect(n)).collect();
    assert!(places.is_sorted(), "{line}");
    let object: serde_json::Map<String, Json> = serde_json::from_str(&line).unwrap();
    assert_eq!(object.len(), names.len());
    assert_eq!(object["response_duration"], 1);
    assert_eq!(object["response_length"], u64::MAX);
    assert_eq!(object["attributes"], json!({"a": "-1"}));
    assert_eq!(object["plugin"], json!(["http@0.1.0", "biz@1.0.0"]));
}

#[test]
fn only_codes_and_ids_are_numbers() {
    let mut log = bare();
    for field in ALL {
        log.fields.set(field, Value::Number(-3));
    }
    let object = read(&log);
    for field in ALL {
        let number = matches!(field, Field::RequestId | Field::ResponseCode);
        assert_eq!(object[field.name()], if number { json!(-3) } else { json!("-3") });
    }
}

#[test]
fn of_attributes_with_one_key_the_last_is_written() {
    let mut log = bare();
    for (key, value) in [("b", "1"), ("a", "2"), ("b", "3"), ("c", "4"), ("a", "5")] {
        log.fields.add_attribute(key, Value::Text(value));
    }
    let line = line(&mut JsonLines::default(), &log);
    assert!(line.contains(r#","attributes":{"b":"3","c":"4","a":"5"}"#), "{line}");
}

#[test]
fn many_attributes_are_written_once_each() {
    let mut log = bare();
    for round in 0..3 {
        for key in 0..20_000 {
            log.fields.add_attribute(&format!("k{key}"), Value::Number(round));
        }
    }
    let line = line(&mut JsonLines::default(), &log);
    assert_eq!(line.matches("\"k").count(), 20_000);
    assert_eq!(line.matches(":\"2\"").count(), 20_000);
}

#[test]
fn a_sink_forgets_the_record_before() {
    let mut sink = JsonLines::default();
    let mut with = bare();
    with.fields.add_attribute("k1", Value::Text("v"));
    with.fields.add_attribute("k2", Value::Text("v"));
    with.client = "[::1]:1".parse().unwrap();
    line(&mut sink, &with);
    assert_eq!(line(&mut sink, &bare()), line(&mut JsonLines::default(), &bare()));
}

proptest! {
    #[test]
    fn any_texts_come_back(
        texts in proptest::collection::vec(any::<String>(), 16),
        protocol in any::<String>(),
        attributes in proptest::collection::btree_map(any::<String>(), any::<String>(), 0..5),
        plugins in proptest::collection::vec(any::<String>(), 0..3),
    ) {
        let mut log = bare();
        log.l7_protocol = Arc::from(protocol.as_str());
        for (field, text) in ALL.into_iter().zip(&texts) {
            log.fields.set(field, Value::Text(text));
        }
        for (key, value) in &attributes {
            log.fields.add_attribute(key, Value::Text(value));
        }
        log.plugins = plugins.iter().map(|p| Arc::from(p.as_str())).collect();
        let object = read(&log);
        for (field, text) in ALL.into_iter().zip(&texts) {
            prop_assert_eq!(&object[field.name()], text);
        }
        prop_assert_eq!(&object["l7_protocol"], &protocol);
        prop_assert_eq!(object.get("attributes").cloned().unwrap_or(json!({})), json!(attributes));
        prop_assert_eq!(object.get("plugin").cloned().unwrap_or(json!([])), json!(plugins));
    }
}
