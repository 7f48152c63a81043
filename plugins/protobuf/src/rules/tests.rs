//! Every form of a rule, and what is said of those that are none.

use weir_plugin_sdk::prelude::Field;

use super::*;

fn one(json: &str) -> Rule {
    let mut rules = parse(json);
    assert_eq!(rules.problems, Vec::<String>::new(), "{json}");
    rules.rules.remove(0)
}

#[test]
fn the_forms_of_the_readme() {
    let rule = one(
        r#"[{"method":"Game/Game","message":"request","field":"business_id","to":["trace_id","attributes.business_id"]}]"#,
    );
    assert_eq!((rule.requests, rule.responses, rule.is_method), (true, false, true));
    assert_eq!(rule.protocols.names().collect::<Vec<_>>(), ["gRPC", "Triple"]);
    assert_eq!(rule.to, [Target::Field(Field::TraceId), Target::Attribute("business_id".to_owned())]);

    let rule =
        one(r#"{"method":"/*/Game","message":"response","field":3,"to":"attributes.msg","as":"string"}"#);
    assert!(rule.resource.fits(b"g1235.Game/Game") && !rule.requests && rule.responses);
    assert_eq!(rule.kind, Some(Kind::Text));

    let rule = one(r#"[{"http":"/api/orders*","type":"shop.Order","field":"3.20","to":"request_id"}]"#);
    assert_eq!(rule.protocols.names().collect::<Vec<_>>(), ["HTTP", "HTTP2"]);
    assert_eq!((rule.requests, rule.responses, rule.is_method), (true, true, false));
    assert_eq!((rule.path_text.as_str(), rule.path.len()), ("3.20", 2));

    let rule = one(r#"[{"protocol":"kafka","topic":"orders","field":"1","to":"trace_id"}]"#);
    assert!(rule.protocols.holds(b"Kafka") && rule.resource.fits(b"orders") && !rule.resource.fits(b"order"));
    let rule = one(r#"[{"protocol":"Mine","field":"1","to":"trace_id"}]"#);
    assert!(rule.protocols.holds(b"Mine") && rule.resource.fits(b"") && rule.resource.fits(b"any"));
    let rule = one(r#"[{"protocol":"dubbo","method":"a.B/c","field":"1","to":"trace_id"}]"#);
    assert!(rule.protocols.holds(b"Dubbo") && rule.is_method);
}

#[test]
fn what_is_wrong_is_said_and_the_others_work() {
    let good = r#"{"method":"*","field":1,"to":"trace_id"}"#;
    for (bad, said) in [
        (
            r#"{"methd":"*","field":1,"to":"trace_id"}"#,
            "rule 2: unknown key `methd`; the nearest valid name is `method`",
        ),
        (r#"{"field":1,"to":"trace_id"}"#, "rule 2: whose messages?"),
        (
            r#"{"method":"*","http":"*","field":1,"to":"trace_id"}"#,
            "rule 2: `method`, `http` and `topic` exclude",
        ),
        (r#"{"topic":"*","field":1,"to":"trace_id"}"#, "rule 2: `method`, `http` and `topic` exclude"),
        (r#"{"method":"*","to":"trace_id"}"#, "rule 2: `field` is missing"),
        (r#"{"method":"*","field":3.2,"to":"trace_id"}"#, "put the path in quotes"),
        (r#"{"method":"*","field":-1,"to":"trace_id"}"#, "put the path in quotes"),
        (r#"{"method":"*","field":"a..b","to":"trace_id"}"#, "rule 2: field `a..b` has an empty part"),
        (r#"{"method":"*","field":1}"#, "rule 2: `to` is missing"),
        (r#"{"method":"*","field":1,"to":[]}"#, "`to` is neither"),
        (r#"{"method":"*","field":1,"to":[7]}"#, "what is not a text"),
        (
            r#"{"method":"*","field":1,"to":"traceid"}"#,
            "`to: traceid` is no field; the nearest valid name is `trace_id`, or `attributes.traceid`",
        ),
        (r#"{"method":"*","field":1,"to":"attributes."}"#, "1 to 128 bytes"),
        (
            r#"{"method":"*","field":1,"to":"trace_id","as":"int"}"#,
            "`as: int` is no type; the nearest valid name is `int32`",
        ),
        (r#"{"method":"*","field":1,"to":"trace_id","message":"answer"}"#, "`request`, `response` or `both`"),
        (r#"{"method":7,"field":1,"to":"trace_id"}"#, "`method` is not a text"),
        (r#""method""#, "rule 2: not a map"),
    ] {
        let rules = parse(&format!("[{good},{bad},{good}]"));
        assert_eq!(rules.rules.iter().map(|rule| rule.index).collect::<Vec<_>>(), [1, 3], "{bad}");
        assert!(
            matches!(rules.problems.as_slice(), [only] if only.contains(said)),
            "{bad}: {:?}",
            rules.problems
        );
    }
}

#[test]
fn no_list_is_one_problem() {
    for (text, said) in [("", "rules: "), ("7", "not a list"), ("[{]", "rules: "), ("null", "not a list")] {
        let rules = parse(text);
        assert!(rules.rules.is_empty() && rules.problems[0].contains(said), "{text}: {:?}", rules.problems);
    }
    let good = r#"{"method":"*","field":1,"to":"trace_id"}"#;
    let rules = parse(&format!("[{}]", vec![good; 300].join(",")));
    assert_eq!((rules.rules.len(), rules.problems.len()), (256, 1));
}
