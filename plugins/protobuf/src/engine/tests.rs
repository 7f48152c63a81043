//! Rules, schema and payloads together, through the hook as the SDK drives it.

mod captured;
mod compiled;
mod sessions;
mod startup;

use weir_plugin_sdk::hook::Message;
use weir_plugin_sdk::prelude::{Field, Status};
use weir_plugin_sdk::testing::{Hooks, Patched, Subject, configured};

use crate::Protobuf;
use crate::draft::Draft;

/// The hook with this configuration.
fn hook(config: &[(&str, &str)]) -> Hooks<Message<Protobuf>> {
    configured(config, Hooks::default)
}

fn grpc_request(path: &str, payload: &Draft) -> Subject {
    Subject::request("gRPC").field(Field::RequestResource, path).field(Field::RequestId, 1).body(&payload.0)
}

fn grpc_response(path: &str, payload: &Draft) -> Subject {
    Subject::response("gRPC").field(Field::RequestResource, path).field(Field::RequestId, 1).body(&payload.0)
}

fn one(config: &[(&str, &str)], subject: Subject) -> Patched {
    hook(config).observe(&[subject]).remove(0)
}

fn all_fields(patched: &Patched) -> Vec<(Field, &str)> {
    patched.fields.iter().map(|(field, value)| (*field, value.as_str())).collect()
}

fn all_attributes(patched: &Patched) -> Vec<(&str, &str)> {
    patched.attributes.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

#[test]
fn which_payloads_a_rule_reads() {
    let id = Draft::default().bytes(1, "A-1");
    let rule = |rule: &str, subject: &Subject| {
        one(&[("rules", rule)], subject.clone()).text(Field::TraceId).map(str::to_owned)
    };
    let http = |kind: &str| {
        let subject =
            Subject::request("HTTP").field(Field::RequestResource, "/api/orders/7?full=1").body(&id.0);
        if kind.is_empty() { subject } else { subject.head(format!("Host: a\r\nContent-Type: {kind}\r\n")) }
    };
    let kafka = Subject::request("Kafka").field(Field::RequestResource, "orders").body(&id.0);
    for (text, subject, found) in [
        (r#"{"method":"a.B/C","field":1,"to":"trace_id"}"#, grpc_request("/a.B/C", &id), true),
        (r#"{"method":"a.B/*","field":1,"to":"trace_id"}"#, grpc_response("/a.B/C", &id), true),
        (r#"{"method":"a.B/D","field":1,"to":"trace_id"}"#, grpc_request("/a.B/C", &id), false),
        (
            r#"{"method":"*","field":1,"to":"trace_id","message":"response"}"#,
            grpc_request("/a.B/C", &id),
            false,
        ),
        (
            r#"{"method":"*","field":1,"to":"trace_id","message":"request"}"#,
            grpc_request("/a.B/C", &id),
            true,
        ),
        (r#"{"method":"*","field":1,"to":"trace_id"}"#, http("application/x-protobuf"), false),
        (r#"{"http":"/api/orders*","field":1,"to":"trace_id"}"#, http("application/x-protobuf"), true),
        (r#"{"http":"/api/orders/7","field":1,"to":"trace_id"}"#, http("Application/Octet-Stream"), true),
        (r#"{"http":"*","field":1,"to":"trace_id"}"#, http("application/json"), false),
        (r#"{"http":"*","field":1,"to":"trace_id"}"#, http(""), true),
        (r#"{"http":"/api/carts*","field":1,"to":"trace_id"}"#, http(""), false),
        (r#"{"protocol":"kafka","topic":"orders","field":1,"to":"trace_id"}"#, kafka.clone(), true),
        (r#"{"protocol":"kafka","topic":"order","field":1,"to":"trace_id"}"#, kafka.clone(), false),
        (r#"{"protocol":"NATS","topic":"*","field":1,"to":"trace_id"}"#, kafka, false),
    ] {
        assert_eq!(rule(text, &subject).as_deref(), found.then_some("A-1"), "{text}");
    }
}

#[test]
fn every_target_takes_a_value() {
    let rules = r#"[
        {"method":"*","field":1,"to":["trace_id","span_id","request_resource","response_result","attributes.a"]},
        {"method":"*","field":2,"to":["response_code","request_id","attributes.n"]},
        {"method":"*","field":3,"to":"request_id"},
        {"method":"*","field":4,"to":"response_exception"}
    ]"#;
    let payload = Draft::default().bytes(1, "A").varint(2, 404).bytes(3, "R").bytes(4, "");
    let patched = one(&[("rules", rules)], grpc_request("/a/b", &payload));
    assert_eq!(
        all_fields(&patched),
        [
            (Field::TraceId, "A"),
            (Field::SpanId, "A"),
            (Field::RequestResource, "A"),
            (Field::ResponseResult, "A"),
            (Field::ResponseCode, "404"),
            (Field::RequestId, "404"),
        ],
        "the first rule wins a field, an empty text sets nothing"
    );
    assert_eq!(all_attributes(&patched), [("a", "A"), ("n", "404")]);
    assert_eq!(patched.status, Status::None);
}

#[test]
fn several_trace_ids_of_one_message() {
    let rules = r#"[{"method":"*","field":2,"to":"trace_id"},{"method":"*","field":1,"to":"trace_id"},{"method":"*","field":3,"to":"trace_id"}]"#;
    let payload = Draft::default().bytes(1, "one").bytes(2, "two").bytes(3, "two");
    let patched = one(&[("rules", rules)], grpc_request("/a/b", &payload));
    assert_eq!(
        all_fields(&patched),
        [(Field::TraceId, "two"), (Field::TraceId, "one")],
        "in the order of rules, once each"
    );
}

#[test]
fn numbers_that_are_not_canonical_stay_texts() {
    for (text, integer) in [
        ("0", Some(0)),
        ("-7", Some(-7)),
        ("007", None),
        ("+7", None),
        ("7a", None),
        ("99999999999999999999", None),
        ("-", None),
    ] {
        assert_eq!(super::integer(text.as_bytes()), integer, "{text}");
    }
}

#[test]
fn a_cut_body_tells_what_lies_before() {
    let rules = r#"{"method":"*","field":"1","to":"attributes.id"}"#;
    let payload = Draft::default().bytes(1, "A-1").bytes(2, "x".repeat(1000));
    let mut subject = grpc_request("/a/b", &payload);
    subject.body.truncate(100);
    assert_eq!(one(&[("rules", rules)], subject.clone()), Patched::nothing(), "not cut, so it is no message");
    assert_eq!(one(&[("rules", rules)], subject.cut()).attribute("id"), Some("A-1"));
}

#[test]
fn urls_without_end_are_forgotten() {
    let rules = r#"{"http":"/o/*","field":1,"to":"trace_id"}"#;
    let mut hook = hook(&[("rules", rules)]);
    for n in 0..10_000 {
        let subject = Subject::request("HTTP")
            .field(Field::RequestResource, format!("/o/{n}").as_str())
            .body(Draft::default().bytes(1, format!("id {n}")).0);
        let patched = hook.observe(&[Subject { flow_id: n, ..subject }]);
        assert_eq!(patched[0].text(Field::TraceId), Some(format!("id {n}").as_str()));
    }
}
