//! A fuzzer's bytes as a payload, shown to the protobuf hook with rules of all kinds.
//!
//! Takes: a byte (1: a response, 2: of the second package, 4: cut), then the payload. Gives: panics of the hook, or of the
//! assertion that a text it tells stands in the payload.

use std::cell::RefCell;

use weir_plugin_protobuf::Protobuf;
use weir_plugin_sdk::hook::Message;
use weir_plugin_sdk::message::Field;
use weir_plugin_sdk::testing::{Hooks, Subject, configured};

const RULES: &str = r#"[
    {"method":"*","field":"business_id","to":"attributes.text"},
    {"method":"*","field":"amount","message":"request","to":"request_id"},
    {"method":"*","field":"3[].2","to":"endpoint"},
    {"method":"*","field":"5[a]","to":"span_id"},
    {"method":"*","field":"4[last].2.1[]","as":"sint64","to":"version"},
    {"method":"*","field":"2","as":"double","to":"response_result"}
]"#;
const FIRST: &str = include_str!("../../../plugins/protobuf/fixtures/game1.proto");
const SECOND: &str = include_str!("../../../plugins/protobuf/fixtures/game1235.proto");

thread_local! {
    static HOOK: RefCell<Hooks<Message<Protobuf>>> = RefCell::new(hook());
}

fn hook() -> Hooks<Message<Protobuf>> {
    let proto = serde_json::json!([FIRST, SECOND]).to_string();
    configured(&[("rules", RULES), ("proto", &proto)], Hooks::default)
}

/// Shows the payload.
pub fn show(data: &[u8]) {
    let Some((kind, payload)) = data.split_first() else { return };
    let subject = if kind & 1 == 0 { Subject::request("gRPC") } else { Subject::response("gRPC") };
    let path = if kind & 2 == 0 { "/Game/Game" } else { "/g1235.Game/Game" };
    let mut subject = subject.field(Field::RequestResource, path).body(payload);
    subject.cut = kind & 4 != 0;
    let told = HOOK.with_borrow_mut(|hook| hook.observe(&[subject]));
    for text in told.iter().filter_map(|patched| patched.attribute("text")) {
        // What is no UTF-8 was replaced on the way here.
        let there = payload.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(there || text.contains('\u{fffd}'), "{text:?} is not in the payload");
    }
}
