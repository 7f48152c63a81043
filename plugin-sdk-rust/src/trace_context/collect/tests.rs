use super::*;
use crate::message::{Lists, Output};
use crate::parser::Direction;
use crate::{abi, message::Kind};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const SW8: &str = "1-My40LjU=-MS4yLjM=-4-c2VydmljZQ==-aW5zdA==-L2FwcA==-MTI3LjAuMC4xOjgwODA=";

/// What a message gets, as `name=text`, slices marked with `'`.
fn told(headers: &TraceHeaders, pairs: &[(&str, &str)]) -> Vec<String> {
    let arena: String = pairs.iter().map(|(_, value)| *value).collect();
    let mut context = TraceContext::default();
    let mut at = 0;
    for (name, value) in pairs {
        context.header(headers, name.as_bytes(), &arena.as_bytes()[at..at + value.len()]);
        at += value.len();
    }
    let mut lists = Lists::default();
    let mut output = Output::new(&mut lists, arena.as_bytes(), 0, Direction::ClientToServer, 0);
    context.tell(headers, &mut output.message(Kind::Request, 1));
    let text = |value: &abi::Value| {
        let (offset, length) = (value.bits as u32 as usize, (value.bits >> 32) as usize);
        match value.case {
            abi::value_case::SLICE => format!("'{}", &arena[offset..offset + length]),
            _ => String::from_utf8(lists.owned()[offset..offset + length].to_vec()).unwrap(),
        }
    };
    let fields =
        lists.fields().iter().map(|f| format!("{:?}={}", Field::ALL[f.name as usize], text(&f.value)));
    let attributes = lists.attributes().iter().map(|a| {
        let key = &lists.owned()[a.key as usize..(a.key + a.key_length) as usize];
        format!("{}={}", std::str::from_utf8(key).unwrap(), text(&a.value))
    });
    fields.chain(attributes).collect()
}

fn default(pairs: &[(&str, &str)]) -> Vec<String> {
    told(&TraceHeaders::default(), pairs)
}

#[test]
fn each_form() {
    assert_eq!(
        default(&[("traceparent", PARENT)]),
        ["TraceId='4bf92f3577b34da6a3ce929d0e0e4736", "SpanId='00f067aa0ba902b7"]
    );
    assert_eq!(default(&[("sw8", SW8)]), ["TraceId=3.4.5", "SpanId=1.2.3-4"]);
    assert_eq!(default(&[("SW6", SW8)]), ["TraceId=3.4.5", "SpanId=1.2.3-4"]);
    assert_eq!(
        default(&[("b3", "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90")]),
        [
            "TraceId='80f198ee56343ba864fe8b2a57d3eff7",
            "SpanId='e457b5a2e4d86bd1",
            "ParentSpanId='05e3ac9a4f6e3b90"
        ]
    );
    assert_eq!(
        default(&[("Uber-Trace-Id", "abc%3A12%3A7%3A1")]),
        ["TraceId='abc", "SpanId='12", "ParentSpanId='7"]
    );
    assert_eq!(default(&[("X-Request-ID", " a b ")]), ["XRequestId='a b"]);
}

#[test]
fn b3_in_several_headers() {
    let pairs = [
        ("X-B3-ParentSpanId", "05e3ac9a4f6e3b90"),
        ("X-B3-SpanId", "e457b5a2e4d86bd1"),
        ("X-B3-Sampled", "1"),
        ("X-B3-TraceId", "80f198ee56343ba864fe8b2a57d3eff7"),
    ];
    let all = [
        "TraceId='80f198ee56343ba864fe8b2a57d3eff7",
        "SpanId='e457b5a2e4d86bd1",
        "ParentSpanId='05e3ac9a4f6e3b90",
    ];
    assert_eq!(default(&pairs), all);
    assert_eq!(default(&pairs[1..]), all[..2]);
}

#[test]
fn the_order_of_the_list_decides_and_the_others_become_attributes() {
    let pairs = [
        ("X-B3-SpanId", "e457b5a2e4d86bd1"),
        ("X-B3-ParentSpanId", "05e3ac9a4f6e3b90"),
        ("uber-trace-id", "abc:12:0:1"),
        ("sw8", SW8),
        ("Traceparent", PARENT),
    ];
    assert_eq!(
        default(&pairs),
        [
            "TraceId='4bf92f3577b34da6a3ce929d0e0e4736",
            "SpanId='00f067aa0ba902b7",
            "x-b3-spanid='e457b5a2e4d86bd1",
            "uber-trace-id='abc",
            "sw8=3.4.5",
        ]
    );
    let other = TraceHeaders::new("X-My-Trace, uber-trace-id, traceparent", "sw8", "x-id");
    let mut more = vec![("x-id", "1"), ("x-my-trace", "t")];
    more.extend(pairs);
    assert_eq!(
        told(&other, &more),
        [
            "XRequestId='1",
            "TraceId='t",
            "SpanId=1.2.3-4",
            "uber-trace-id='abc",
            "traceparent='4bf92f3577b34da6a3ce929d0e0e4736"
        ]
    );
}

#[test]
fn a_bad_value_makes_room_for_the_next_header() {
    let bad = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
    assert_eq!(
        default(&[("traceparent", bad), ("uber-trace-id", "abc:12:0:1")]),
        ["TraceId='abc", "SpanId='12"]
    );
    assert!(default(&[("traceparent", bad), ("b3", "0"), ("x-request-id", " ")]).is_empty());
}

#[test]
fn hostile_headers() {
    let twice = [("traceparent", PARENT), ("traceparent", "00-1-2-3")];
    assert_eq!(default(&twice).len(), 2, "the first one of a name counts");
    let list: String = (0..20).map(|n| format!("h{n},")).collect();
    let headers = TraceHeaders::new(&list, "", "");
    let names: Vec<String> = (0..20).map(|n| format!("h{n}")).collect();
    let pairs: Vec<_> = names.iter().map(|name| (name.as_str(), "v")).collect();
    assert_eq!(told(&headers, &pairs).len(), FOUND_LIMIT);
    for length in 0..SW8.len() {
        let _ = default(&[("sw8", &SW8[..length]), ("b3", &PARENT[..length.min(PARENT.len())])]);
    }
}
