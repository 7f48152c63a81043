//! Several payloads of one session.

use super::*;

const RULES: &str = r#"{"method":"*","field":1,"to":["trace_id","attributes.id"]}"#;

fn id(id: &str) -> Draft {
    Draft::default().bytes(1, id)
}

fn ids(subjects: &[Subject], rules: &str) -> Vec<Option<String>> {
    let told = hook(&[("rules", rules)]).observe(subjects);
    told.iter().map(|patched| patched.attribute("id").map(str::to_owned)).collect()
}

fn some(id: &str) -> Option<String> {
    Some(id.to_owned())
}

#[test]
fn the_first_value_of_a_stream_counts() {
    let path = "/a/b";
    let stream = [
        grpc_request(path, &Draft::default().varint(2, 1)),
        grpc_request(path, &id("first")),
        grpc_request(path, &id("second")),
        grpc_response(path, &id("third")),
        grpc_response(path, &id("first")),
    ];
    assert_eq!(ids(&stream, RULES), [None, some("first"), None, None, None]);
}

#[test]
fn the_next_session_begins_anew() {
    let other = Subject {
        fields: vec![(Field::RequestResource, "/a/b".into()), (Field::RequestId, 3.into())],
        ..grpc_request("/a/b", &id("y"))
    };
    let flow = Subject { flow_id: 2, ..grpc_request("/a/b", &id("z")) };
    assert_eq!(ids(&[grpc_request("/a/b", &id("x")), other, flow], RULES), [some("x"), some("y"), some("z")]);
}

/// HTTP/1 has no request ids: a request begins a session, a response goes on with it.
#[test]
fn sessions_without_ids() {
    let rules = r#"{"http":"*","field":1,"to":["trace_id","attributes.id"]}"#;
    let subject = |subject: Subject, text: &str| subject.field(Field::RequestResource, "/a").body(id(text).0);
    let (request, response) =
        (|text| subject(Subject::request("HTTP"), text), |text| subject(Subject::response("HTTP"), text));
    let all = [request("a"), response("b"), request("c"), request("d"), response("e"), response("f")];
    assert_eq!(ids(&all, rules), [some("a"), None, some("c"), some("d"), None, some("f")]);
}

#[test]
fn a_session_over_two_calls() {
    let mut hook = hook(&[("rules", RULES)]);
    assert_eq!(hook.observe(&[grpc_request("/a/b", &id("x"))])[0].attribute("id"), Some("x"));
    assert_eq!(hook.observe(&[grpc_response("/a/b", &id("y"))])[0], Patched::nothing());
}
