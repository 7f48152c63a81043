//! Reads the cases of this folder, which the built-in hooks in Rust and their twins in Go share, and asks a hook. Included by path in
//! the tests of each plugin; `README.md` says what a case holds.

use serde_json::Value as Json;
use weir_plugin_sdk::hook::{Action, Hook};
use weir_plugin_sdk::prelude::{Direction, Field, SessionStatus, SessionType, Status};
use weir_plugin_sdk::testing::{self, Patched, Subject, Value};

/// In the order of `Field::ALL`.
const FIELDS: [&str; 15] = [
    "request_type",
    "request_domain",
    "request_resource",
    "endpoint",
    "request_id",
    "response_code",
    "response_exception",
    "response_result",
    "version",
    "trace_id",
    "span_id",
    "parent_span_id",
    "x_request_id",
    "http_proxy_client",
    "biz_protocol",
];

/// Shows the subjects of every case in `file`, in one call, to a hook that was made with the case's configuration.
pub(crate) fn run<H: Hook>(file: &str, at_least: usize) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/hooks").join(file);
    let cases: Vec<Json> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert!(cases.len() >= at_least, "{file} has {} cases", cases.len());
    for case in &cases {
        let name = text(&case["name"]);
        let config: Vec<(&str, &str)> =
            pairs(&case["config"]).map(|(key, value)| (key, text(value))).collect();
        let subjects: Vec<Subject> = one_or_many(&case["subject"]).iter().map(subject).collect();
        let told = testing::configured(&config, || testing::observe::<H>(&subjects));
        let expected: Vec<Patched> = one_or_many(&case["expected"]).iter().map(expected).collect();
        assert_eq!(told, expected, "{file}: {name}");
    }
}

/// A list, or one that is as good as a list of itself.
fn one_or_many(json: &Json) -> &[Json] {
    json.as_array().map_or(std::slice::from_ref(json), Vec::as_slice)
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_else(|| panic!("{json} is no text"))
}

fn pairs(json: &Json) -> impl Iterator<Item = (&str, &Json)> {
    json.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

/// `[[key, value], ..]`: in order, and a key may come twice.
fn list(json: &Json) -> impl Iterator<Item = (&str, &Json)> {
    json.as_array().into_iter().flatten().map(|pair| (text(&pair[0]), &pair[1]))
}

fn field(name: &str) -> Field {
    let index = FIELDS.iter().position(|field| *field == name);
    Field::ALL[index.unwrap_or_else(|| panic!("no field {name}"))]
}

fn status(json: &Json) -> Status {
    match json.as_str() {
        None | Some("none" | "unknown") => Status::None,
        Some("ok") => Status::Ok,
        Some("client_error") => Status::ClientError,
        Some("server_error") => Status::ServerError,
        Some(other) => panic!("no status {other}"),
    }
}

fn value(json: &Json) -> Value {
    json.as_i64().map_or_else(|| Value::from(text(json)), Value::from)
}

fn subject(json: &Json) -> Subject {
    let protocol = json["protocol"].as_str().unwrap_or("HTTP");
    let mut subject = Subject::request(protocol).status(match json["status"].as_str() {
        Some("timeout") => SessionStatus::Timeout,
        _ => match status(&json["status"]) {
            Status::None => SessionStatus::Unknown,
            Status::Ok => SessionStatus::Ok,
            Status::ClientError => SessionStatus::ClientError,
            Status::ServerError => SessionStatus::ServerError,
        },
    });
    match json["direction"].as_str() {
        None | Some("request") => {}
        Some("response") => subject.direction = Direction::ServerToClient,
        Some(other) => panic!("no direction {other}"),
    }
    subject.session_type = match json["session_type"].as_str() {
        None | Some("session") => SessionType::Session,
        Some("request") => SessionType::Request,
        Some("response") => SessionType::Response,
        Some(other) => panic!("no session type {other}"),
    };
    subject.cut = json["cut"].as_bool().unwrap_or(false);
    subject.flow_id = json["flow_id"].as_u64().unwrap_or(1);
    subject.time = json["time"].as_u64().unwrap_or(1_700_000_000_000_000_000);
    subject.head = json["head"].as_str().unwrap_or_default().into();
    subject.body = json["body"].as_str().unwrap_or_default().into();
    subject.fields = list(&json["fields"]).map(|(name, held)| (field(name), value(held))).collect();
    subject.attributes = list(&json["attributes"]).map(|(key, held)| (key.to_owned(), value(held))).collect();
    subject
}

fn expected(json: &Json) -> Patched {
    let shown =
        |json: &Json| json.as_i64().map_or_else(|| text(json).to_owned(), |number| number.to_string());
    Patched {
        action: match json["action"].as_str() {
            None | Some("next") => Action::Next,
            Some("stop") => Action::Stop,
            Some("drop") => Action::Drop,
            Some(other) => panic!("no action {other}"),
        },
        status: status(&json["status"]),
        fields: list(&json["fields"]).map(|(name, set)| (field(name), shown(set))).collect(),
        attributes: list(&json["attributes"]).map(|(key, set)| (key.to_owned(), shown(set))).collect(),
    }
}
