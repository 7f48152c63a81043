//! What becomes of what hooks tell, and of hooks that break.

use weir_pipeline::hooks::hook::{Action, HookKind, Slice, Status};
use weir_pipeline::parse::outcome::{FieldName as F, MessageStatus, Value};
use weir_pipeline::parse::parser::FaultKind;

use crate::guest::{Guest, data};
use crate::shown::{HEAD, Shown, get, hooks, key_value};
use crate::support::{C2S, S2C, bytes, instance, protobuf, request, response, text, varint};

/// A patch as text: status, fields, attributes.
#[derive(Debug, PartialEq)]
struct Told {
    status: MessageStatus,
    fields: Vec<(F, String)>,
    attributes: Vec<(String, String)>,
}

impl Told {
    fn fields(fields: &[(F, &str)]) -> Self {
        Self {
            status: MessageStatus::None,
            fields: fields.iter().map(|(name, text)| (*name, (*text).to_owned())).collect(),
            attributes: vec![],
        }
    }

    fn attributes(mut self, attributes: &[(&str, &str)]) -> Self {
        self.attributes = attributes.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        self
    }

    fn status(self, status: MessageStatus) -> Self {
        Self { status, ..self }
    }
}

/// What becomes of these records, handed over for the only subject.
fn merged(shown: &Shown, kind: HookKind, records: &[Vec<u8>]) -> Told {
    let list: Vec<u8> = records.iter().flat_map(|record| text(record)).collect();
    let guest = Guest {
        more: data(0x10000, &list),
        ..hooks(&format!(
            "(drop (call $host_read_l7_protocol_info (i32.const 0x10000) (i32.const {}))) (i32.const 1)",
            list.len()
        ))
    };
    told(shown, kind, &guest)
}

fn told(shown: &Shown, kind: HookKind, guest: &Guest) -> Told {
    let patches = shown.observe(kind, &mut instance(guest)).unwrap();
    let [patch] = patches.patches.as_slice() else { panic!("{patches:?}") };
    assert_eq!((patch.subject, patch.action), (0, Action::Stop));
    assert_eq!(usize::from(patch.fields), patches.fields.len());
    assert_eq!(usize::from(patch.attributes), patches.attributes.len());
    let show = |value: &Value| match *value {
        Value::Number(number) => number.to_string(),
        Value::Owned { offset, length } => {
            String::from_utf8_lossy(&patches.owned[offset as usize..][..length as usize]).into_owned()
        }
        Value::Slice { offset, length } => {
            String::from_utf8_lossy(shown.0.bytes(Slice { offset, length })).into_owned()
        }
    };
    Told {
        status: patch.status,
        fields: patches.fields.iter().map(|(name, value)| (*name, show(value))).collect(),
        attributes: patches.attributes.iter().map(|(key, value)| (show(key), show(value))).collect(),
    }
}

#[test]
fn requests_are_changed() {
    let texts =
        |texts: &[(u32, &str)]| texts.iter().flat_map(|(n, t)| bytes(*n, t.as_bytes())).collect::<Vec<_>>();
    let record = protobuf(&[
        varint(1, 77),
        varint(3, 9),
        bytes(10, &texts(&[(1, "2"), (2, "PUT"), (3, "host"), (4, "/new"), (5, "/end")])),
        bytes(12, &texts(&[(1, "t1"), (2, "s"), (3, "p"), (4, "x"), (5, "1.2.3.4"), (6, "t2")])),
        bytes(13, b"ignored"),
        key_value("k", "v"),
        varint(32, 3),
        bytes(33, b"code"),
    ]);
    let expected = Told::fields(&[
        (F::Version, "2"),
        (F::RequestType, "PUT"),
        (F::RequestDomain, "host"),
        (F::RequestResource, "/new"),
        (F::Endpoint, "/end"),
        (F::RequestId, "9"),
        (F::TraceId, "t2"),
        (F::TraceId, "t1"),
        (F::SpanId, "s"),
        (F::ParentSpanId, "p"),
        (F::XRequestId, "x"),
        (F::HttpProxyClient, "1.2.3.4"),
    ]);
    let expected = expected.attributes(&[("k", "v"), ("biz_code", "code"), ("biz_type", "3")]);
    let first = protobuf(&[key_value("of the first", "record")]);
    assert_eq!(merged(&get(b""), HookKind::Http, &[first, record]), expected, "only the last record counts");
}

#[test]
fn versions_and_methods_are_known_ones() {
    for (version, method) in [("3", "get"), ("HTTP/1.1", "BREW"), ("", "")] {
        let inner = [bytes(1, version.as_bytes()), bytes(2, method.as_bytes())].concat();
        assert_eq!(merged(&get(b""), HookKind::Http, &[protobuf(&[bytes(10, &inner)])]), Told::fields(&[]));
    }
}

#[test]
fn responses_are_changed() {
    let shown =
        |status| Shown::default().add(S2C, "HTTP", b"", b"", &[(F::ResponseCode, "200")]).status(status);
    let record = |status: u64| {
        let texts = [bytes(3, b"it broke"), bytes(4, b"json"), bytes(5, b"TYPE"), bytes(6, b"/end")].concat();
        protobuf(&[bytes(11, &[varint(1, status), varint(2, 500), texts].concat())])
    };
    let all = [(F::ResponseCode, "500"), (F::ResponseResult, "json"), (F::ResponseException, "it broke")];
    let merged = |before, after| merged(&shown(before), HookKind::Http, &[record(after)]);
    assert_eq!(merged(Status::Ok, 3), Told::fields(&all).status(MessageStatus::ServerError));
    assert_eq!(merged(Status::Ok, 2), Told::fields(&all).status(MessageStatus::ServerError));
    assert_eq!(merged(Status::ServerError, 4), Told::fields(&all).status(MessageStatus::ClientError));
    assert_eq!(merged(Status::ServerError, 3), Told::fields(&all), "the same status is no change");
    assert_eq!(merged(Status::Timeout, 2), Told::fields(&all));
    assert_eq!(
        merged(Status::ServerError, 0),
        Told::fields(&all[..2]).status(MessageStatus::Ok),
        "no exception when all is well"
    );
    assert_eq!(merged(Status::Ok, 5), Told::fields(&all), "nobody knows: it stays");
}

#[test]
fn halves_do_not_change_each_other() {
    let response = [protobuf(&[response(3, 500)])];
    assert_eq!(merged(&get(b""), HookKind::Http, &response), Told::fields(&[]));
    let shown = Shown::default().add(S2C, "HTTP", b"", b"", &[]);
    assert_eq!(merged(&shown, HookKind::Http, &[protobuf(&[request("PUT", "/")])]), Told::fields(&[]));
}

/// The SDK writes every text, also empty ones: the original wipes spans, request ids and business codes with them.
#[test]
fn empty_texts_wipe_nothing() {
    let empty = |numbers: &[u32]| numbers.iter().flat_map(|n| bytes(*n, b"")).collect::<Vec<_>>();
    let trace = [bytes(1, b"t"), empty(&[2, 3, 4, 5])].concat();
    let record = protobuf(&[
        bytes(10, &empty(&[1, 2, 3, 4, 5])),
        bytes(12, &trace),
        bytes(33, b""),
        bytes(34, b""),
        bytes(35, b""),
    ]);
    assert_eq!(merged(&get(b""), HookKind::Http, &[record]), Told::fields(&[(F::TraceId, "t")]));
}

#[test]
fn a_span_that_is_replaced_is_kept() {
    let shown = Shown::default().add(C2S, "HTTP", b"", b"", &[(F::SpanId, "old")]);
    let record = |span: &[u8]| protobuf(&[bytes(12, &bytes(2, span))]);
    let replaced = Told::fields(&[(F::SpanId, "new")]).attributes(&[("apm_span_id", "old")]);
    assert_eq!(merged(&shown, HookKind::Http, &[record(b"new")]), replaced);
    assert_eq!(merged(&shown, HookKind::Http, &[record(b"old")]), Told::fields(&[(F::SpanId, "old")]));
}

#[test]
fn custom_messages_are_changed() {
    let inner = [bytes(1, b"2"), bytes(2, b"call"), bytes(3, b"service"), bytes(4, b"topic")].concat();
    let ask =
        protobuf(&[bytes(10, &inner), bytes(12, &bytes(1, b"t")), bytes(13, b"name"), key_value("k", "v")]);
    let merged = |protocol, record: &[u8]| {
        let shown = Shown::default().add(C2S, protocol, b"", b"x", &[]);
        merged(&shown, HookKind::Message, &[record.to_vec()])
    };
    let attributes = [("k", "v")];
    assert_eq!(merged("NATS", &ask), Told::fields(&[(F::BizProtocol, "name")]).attributes(&attributes));
    assert_eq!(merged("ZMTP", &ask), Told::fields(&[(F::BizProtocol, "name")]).attributes(&attributes));
    let dubbo = [(F::RequestDomain, "service"), (F::RequestType, "call"), (F::TraceId, "t")];
    assert_eq!(merged("Dubbo", &ask), Told::fields(&dubbo).attributes(&attributes));
    let all = [
        (F::RequestDomain, "service"),
        (F::RequestType, "call"),
        (F::Version, "2"),
        (F::RequestResource, "topic"),
        (F::TraceId, "t"),
    ];
    assert_eq!(merged("RocketMQ", &ask), Told::fields(&all).attributes(&attributes));
    let answer = protobuf(&[response(3, 7)]);
    let expected = Told::fields(&[(F::ResponseCode, "7")]).status(MessageStatus::ServerError);
    assert_eq!(merged("Dubbo", &answer), expected);
}

#[test]
fn old_agents_results() {
    let list = [&[1][..], &text(b"trace"), &text(b"span"), &text(b""), &text(b"k"), &text(b"v")].concat();
    let guest = |length: usize| {
        Guest {
        more: data(0x10000, &list),
        ..hooks(&format!(
            "(if (i32.ne (call $host_read_http_result (i32.const 0x10000) (i32.const {length})) (i32.const {}))
               (then (unreachable)))
             (i32.const 1)",
            u8::from(length == list.len())
        ))
    }
    };
    let expected = Told::fields(&[(F::TraceId, "trace"), (F::SpanId, "span")]).attributes(&[("k", "v")]);
    assert_eq!(told(&get(b""), HookKind::Http, &guest(list.len())), expected);
    assert_eq!(told(&get(b""), HookKind::Http, &guest(list.len() - 1)), Told::fields(&[]));
    let zmtp = Shown::default().add(C2S, "ZMTP", b"", b"x", &[]);
    assert!(zmtp.observe(HookKind::Message, &mut instance(&guest(list.len()))).is_err(), "not in this hook");
}

#[test]
fn next_changes_nothing() {
    let guest = hooks(&Guest::default().parse.replace("(i32.load8_s (i32.const 0x1000))", "(i32.const 0)"));
    let patches = get(b"").observe(HookKind::Http, &mut instance(&guest)).unwrap();
    assert!(patches.patches.is_empty() && patches.fields.is_empty() && patches.owned.is_empty());
}

/// Answers 1 to responses alone, with the records of its body.
#[test]
fn many_subjects_of_one_call() {
    let guest = Guest { http_request: "(i32.const 0)".into(), http_response: "(drop (call $payload)) (drop (call $host_read_l7_protocol_info (i32.const 0x2000) (i32.const 13))) (i32.const 1)".into(), more: data(0x2000, &text(&protobuf(&[key_value("k", "v")]))), ..Guest::default() };
    let mut shown = Shown::default();
    for _ in 0..60 {
        shown = shown.add(C2S, "HTTP", HEAD, b"", &[(F::RequestType, "GET")]).add(
            S2C,
            "HTTP",
            b"A: b\r\n",
            b"{}",
            &[(F::ResponseCode, "200"), (F::Endpoint, "/")],
        );
    }
    let patches = shown.observe(HookKind::Http, &mut instance(&guest)).unwrap();
    let subjects: Vec<_> = patches.patches.iter().map(|patch| patch.subject).collect();
    assert_eq!(subjects, (0..120).filter(|n| n % 2 == 1).collect::<Vec<_>>());
    assert_eq!(patches.attributes.len(), 60);
}

/// In the original each of these ends the agent: the context is taken out for a buffer that is too small, and missed later.
#[test]
fn buffers_that_are_too_small_lose_nothing() {
    let cases = [
        ("vm_read_http_req_info", get(b""), HookKind::Http),
        ("vm_read_http_resp_info", Shown::default().add(S2C, "HTTP", b"", b"", &[]), HookKind::Http),
        ("vm_read_custom_message_info", Shown::default().add(S2C, "ZMTP", b"", b"x", &[]), HookKind::Message),
    ];
    for (import, shown, kind) in cases {
        let guest = hooks(&format!(
            "(if (call ${import} (i32.const 0x4000) (i32.const 1)) (then (unreachable)))
             (if (call ${import} (i32.const -16) (i32.const 32)) (then (unreachable)))
             (if (i32.eqz (call ${import} (i32.const 0x4000) (i32.const 1024))) (then (unreachable)))
             (if (i32.eqz (call ${import} (i32.const 0x4000) (i32.const 1024))) (then (unreachable)))
             (i32.const 1)"
        ));
        let patches =
            shown.observe(kind, &mut instance(&guest)).unwrap_or_else(|fault| panic!("{import}: {fault}"));
        assert_eq!(patches.patches.len(), 1);
    }
}

#[test]
fn the_wrong_hook() {
    for import in ["vm_read_http_resp_info", "vm_read_custom_message_info"] {
        let guest = hooks(&format!("(call ${import} (i32.const 0x4000) (i32.const 1024))"));
        assert!(get(b"").observe(HookKind::Http, &mut instance(&guest)).unwrap().patches.is_empty());
    }
    let guest = hooks("(call $vm_read_http_req_info (i32.const 0x4000) (i32.const 1024))");
    let shown = Shown::default().add(S2C, "HTTP", b"", b"", &[]);
    assert!(shown.observe(HookKind::Http, &mut instance(&guest)).unwrap().patches.is_empty());
}

#[test]
fn faults_of_hooks() {
    for (body, kind) in [
        ("(unreachable)", FaultKind::Trap),
        ("(i32.const 2)", FaultKind::BadAnswer),
        ("(loop $ever (br $ever)) (i32.const 1)", FaultKind::Deadline),
        ("(call $proc_exit (i32.const 0)) (i32.const 1)", FaultKind::Trap),
    ] {
        let mut plugin = instance(&hooks(body));
        let shown = get(b"");
        assert_eq!(shown.observe(HookKind::Http, &mut plugin).unwrap_err().kind, kind, "{body}");
        for _ in 0..4 {
            let _ = shown.observe(HookKind::Http, &mut plugin);
        }
        assert_eq!(shown.observe(HookKind::Http, &mut plugin).unwrap_err().kind, FaultKind::Quarantined);
    }
}
