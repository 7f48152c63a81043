//! What is said at the start, and what the hook asks to be shown.

use super::*;
use crate::engine::Engine;
use crate::settings::Settings;
use weir_plugin_sdk::prelude::MessageHook;

const PROTO: &str = include_str!("../../../fixtures/game1.proto");

fn problems(rules: &str, proto: &str) -> Vec<String> {
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Engine::new(&Settings { rules: text(rules), proto: text(proto), ..Settings::default() }).1
}

#[test]
fn rules_that_can_never_find_anything() {
    for (rule, said) in [
        (
            r#""method":"Game/Gme","field":"business_id""#,
            "no service has the method `Game/Gme`; the nearest valid name is `Game/Game`",
        ),
        (r#""method":"shop.*","field":"business_id""#, "no service has the method `shop.*`"),
        (
            r#""method":"Game/Game","field":"busines_id""#,
            "OrderRequest has no field `busines_id`; the nearest valid name is `business_id`",
        ),
        (r#""method":"*","message":"request","field":"blob""#, "OrderRequest has no field `blob`"),
        (r#""method":"*","field":"1.2""#, "field 1 on the way has no fields"),
        (
            r#""method":"*","type":"OrderRequst","field":"note""#,
            "no message type `OrderRequst`; the nearest valid name is `OrderRequest`",
        ),
        (
            r#""http":"*","field":"note""#,
            "`note` is a name, but the message's type is not known; say it with `type`",
        ),
        (r#""http":"*","type":"OrderRequest","field":"blob""#, "OrderRequest has no field `blob`"),
    ] {
        let rules = format!(r#"[{{{rule},"to":"trace_id"}},{{"method":"*","field":1,"to":"trace_id"}}]"#);
        let problems = problems(&rules, PROTO);
        assert_eq!(problems.len(), 1, "{rule}: {problems:?}");
        assert!(
            problems[0].starts_with("rule 1 (field ") && problems[0].contains(said),
            "{rule}: {problems:?}"
        );
    }
}

#[test]
fn rules_that_can() {
    for rule in [
        r#""method":"*","field":"blob""#,
        r#""method":"Game/Game","field":"message""#,
        r#""method":"any/proxy/Game/Game","field":"message""#,
        r#""method":"other.Service/Call","field":7"#,
        r#""method":"Game/Game","field":77"#,
        r#""http":"*","type":"OrderRequest","field":"note""#,
        r#""protocol":"Kafka","topic":"t","type":"OrderRequest","field":"note""#,
    ] {
        assert_eq!(
            problems(&format!(r#"[{{{rule},"to":"trace_id"}}]"#), PROTO),
            Vec::<String>::new(),
            "{rule}"
        );
    }
}

#[test]
fn a_schema_that_can_not_be_read() {
    let by_name = r#"{"method":"*","field":"a","to":"trace_id"}"#;
    let said = problems(by_name, "syntax = \"proto3\";\nmessage {");
    assert!(said[0].starts_with("proto: file 1 line 2: "), "{said:?}");
    assert!(said[1].contains("without `proto` or `descriptor-set` there are numbers only"), "{said:?}");
    assert!(problems(by_name, "[7]")[0].starts_with("proto: the list holds"));
    let both = Settings {
        proto: Some(PROTO.to_owned()),
        descriptor_set: Some("!".to_owned()),
        ..Settings::default()
    };
    assert_eq!(Engine::new(&both).1.len(), 2, "which one is read is said");
}

#[test]
fn only_what_rules_need_is_asked_for() {
    let interest = |config: &[(&str, &str)]| format!("{:?}", configured(config, Protobuf::wanted));
    let none = interest(&[]);
    assert!(none.contains(r#"["none"]"#) && none.contains("body_limit: 0"), "{none}");
    let requests = r#"{"method":"*","message":"request","field":1,"to":"trace_id"}"#;
    let grpc = interest(&[("rules", requests)]);
    for part in
        [r#"["Triple", "gRPC"]"#, "requests: true", "responses: false", "head: false", "body_limit: 65536"]
    {
        assert!(grpc.contains(part), "{part}: {grpc}");
    }
    let http = r#"[{"http":"*","field":1,"to":"trace_id"},{"protocol":"kafka","field":1,"to":"trace_id"}]"#;
    let http = interest(&[("rules", http), ("body-limit", "1KiB")]);
    for part in [
        r#"["HTTP", "HTTP2", "Kafka"]"#,
        "requests: true",
        "responses: true",
        "head: true",
        "body_limit: 1024",
    ] {
        assert!(http.contains(part), "{part}: {http}");
    }
}

#[test]
fn what_was_read_for_one_configuration_is_used_for_no_other() {
    let rule = |field: u32| format!(r#"{{"method":"*","field":{field},"to":"trace_id"}}"#);
    let subject = grpc_request("/a/b", &Draft::default().bytes(1, "one").bytes(2, "two"));
    let (first, second) = (rule(1), rule(2));
    for (asked, run, found) in [(&first, &first, "one"), (&first, &second, "two"), (&second, &first, "one")] {
        configured(&[("rules", asked)], Protobuf::wanted);
        assert_eq!(one(&[("rules", run)], subject.clone()).text(Field::TraceId), Some(found));
    }
}
