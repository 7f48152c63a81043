//! `on_http_req`, `on_http_resp`, `on_custom_message`: what they are told, and what becomes of what they tell.

use weir_pipeline::decode::{Address, Transport};
use weir_pipeline::hooks::hook::{
    Action, Hook, HookKind, Interest, Patches, SessionType, Slice, Status, Subject, Subjects,
};
use weir_pipeline::parse::event::Direction;
use weir_pipeline::parse::outcome::{FieldName as F, MessageStatus, Value};
use weir_pipeline::parse::parser::{FaultKind, PluginFault, ProtocolParser};
use weir_plugin_runtime::{Instance, PluginConfig};

use crate::guest::{Guest, data};
use crate::support::{
    C2S, CLIENT, S2C, SERVER, T, bytes, configured, instance, protobuf, request, response, text, varint,
};

/// Subjects that are put together piece by piece.
#[derive(Default)]
pub(crate) struct Shown(Subjects);

impl Shown {
    fn slice(&mut self, text: &[u8]) -> Slice {
        let offset = self.0.arena.len() as u32;
        self.0.arena.extend_from_slice(text);
        Slice { offset, length: text.len() as u32 }
    }

    fn add(
        mut self,
        direction: Direction,
        protocol: &str,
        head: &[u8],
        body: &[u8],
        fields: &[(F, &str)],
    ) -> Self {
        for (name, value) in fields {
            let value = match value.parse() {
                Ok(number) => Value::Number(number),
                Err(_) => {
                    let Slice { offset, length } = self.slice(value.as_bytes());
                    Value::Slice { offset, length }
                }
            };
            self.0.fields.push((*name, value));
        }
        let (protocol, head, body) = (self.slice(protocol.as_bytes()), self.slice(head), self.slice(body));
        self.0.subjects.push(Subject {
            protocol,
            client: (Address::v4(CLIENT), 40_000),
            server: (Address::v4(SERVER), 80),
            flow_id: 9,
            time: T,
            duration: 0,
            head,
            body,
            fields: fields.len() as u16,
            attributes: 0,
            transport: Transport::Tcp,
            direction,
            status: Status::Ok,
            session_type: SessionType::Session,
            cut: false,
        });
        self
    }

    fn attribute(mut self, key: &str, value: &str) -> Self {
        let (key, value) = (self.slice(key.as_bytes()), self.slice(value.as_bytes()));
        self.0.attributes.push((key, Value::Slice { offset: value.offset, length: value.length }));
        self.0.subjects.last_mut().unwrap().attributes += 1;
        self
    }

    fn status(mut self, status: Status) -> Self {
        self.0.subjects.last_mut().unwrap().status = status;
        self
    }

    pub(crate) fn observe(&self, kind: HookKind, plugin: &mut Instance) -> Result<Patches, PluginFault> {
        let mut patches = Patches::default();
        plugin.observe(kind, &self.0, &mut patches).map(|()| patches)
    }
}

/// A `GET` whose body is what the mirror answers.
pub(crate) fn get(body: &[u8]) -> Shown {
    let fields = [
        (F::RequestType, "POST"),
        (F::RequestDomain, "shop"),
        (F::RequestResource, "/a?b=c"),
        (F::Version, "1.1"),
    ];
    Shown::default().add(C2S, "HTTP", HEAD, body, &fields)
}

const HEAD: &[u8] = b"Host: shop\r\nUSER-agent:  curl/8 \r\nReferer: http://x/:y\r\nReferer: second\r\n";

/// A guest whose hooks all do this.
fn hooks(body: &str) -> Guest {
    Guest { http_request: body.into(), http_response: body.into(), custom: body.into(), ..Guest::default() }
}

/// Hands `length` bytes at 0x4000 back as the record's only attribute; `ask` puts them there.
fn shows(ask: &str, length: usize) -> Guest {
    let list = text(&protobuf(&[bytes(31, &[bytes(1, b"x"), bytes(2, &vec![0; length])].concat())]));
    let at = 0x2000 + list.len() - length;
    Guest {
        more: data(0x2000, &list),
        ..hooks(&format!(
            "(local $n i32) (local.set $n {ask})
             (if (i32.ne (local.get $n) (i32.const {length})) (then (unreachable)))
             (memory.copy (i32.const {at}) (i32.const 0x4000) (i32.const {length}))
             (drop (call $host_read_l7_protocol_info (i32.const 0x2000) (i32.const {})))
             (i32.const 1)",
            list.len()
        ))
    }
}

fn only_attribute(patches: &Patches) -> &[u8] {
    let [(_, Value::Owned { offset, length })] = patches.attributes.as_slice() else { panic!("{patches:?}") };
    &patches.owned[*offset as usize..(offset + length) as usize]
}

/// What the guest finds when it asks with `import` for `expected.len()` bytes or more.
#[track_caller]
fn is_told(import: &str, shown: &Shown, kind: HookKind, expected: &[u8]) {
    let ask = format!("(call ${import} (i32.const 0x4000) (i32.const 0x10000))");
    let mut plugin =
        configured(&shows(&ask, expected.len()), PluginConfig::from_iter([("payload-truncation", "65535")]));
    let patches = shown.observe(kind, &mut plugin).unwrap();
    let found = only_attribute(&patches);
    assert_eq!(found, expected, "{} / {}", found.escape_ascii(), expected.escape_ascii());
}

#[test]
fn interests() {
    let bitmap = |first: u8| Guest {
        bitmap: "(i32.const 0x40)".into(),
        more: data(0x40, &[first, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ..Guest::default()
    };
    let interest = |guest: &Guest, kind| instance(guest).interest(kind).cloned();
    let both =
        Interest { requests: true, responses: true, head: true, body_limit: 1024, ..Interest::default() };
    for (first, http) in [
        (0x80, Some(Interest { responses: false, ..both.clone() })),
        (0x40, Some(Interest { requests: false, ..both.clone() })),
        (0xc0, Some(both.clone())),
        (0x1f, None),
        (0x00, None),
    ] {
        assert_eq!(interest(&bitmap(first), HookKind::Http), http, "{first:#x}");
        assert_eq!(interest(&bitmap(first), HookKind::Message), None);
        assert_eq!(interest(&bitmap(first), HookKind::Session), None);
        assert!(!ProtocolParser::manifest(&instance(&bitmap(first))).name.is_empty());
    }
    let names = |all: &[&str]| Some(all.iter().map(|name| Box::from(*name)).collect::<Vec<Box<str>>>());
    for (wish, protocols) in [
        ([0, 0xff, 0, 0, 0, 0, 0, 0], names(&["Dubbo", "NATS", "ZMTP", "RocketMQ"])),
        ([0, 0, 0, 0, 0, 0, 0, 106], names(&["ZMTP"])),
        ([0, 0, 0, 0, 0, 0, 0, 40], names(&["Dubbo"])),
        ([0, 0, 0, 0, 0, 0, 0, 20], None),
        ([0, 0, 0, 1, 0, 0, 0, 106], None),
        ([0, 0, 0, 0, 0, 1, 0, 106], None),
        ([0; 8], None),
    ] {
        let more = bitmap(0x20).more + &data(0x60, &wish);
        let guest = Guest { custom_hook: "(i32.const 0x60)".into(), more, ..bitmap(0x20) };
        let found = interest(&guest, HookKind::Message).map(|interest| interest.protocols);
        assert_eq!(found, protocols, "{wish:?}");
    }
    let text = Guest::default().text().replace("(export \"on_custom_message\")", "");
    let plugin = crate::support::runtime().load(&crate::guest::wasm_of(&text)).unwrap();
    assert_eq!(plugin.hooks(), [HookKind::Http], "there is no function for the other one");
}

#[test]
fn a_plugin_of_hooks_alone_does_not_parse() {
    let guest = Guest {
        bitmap: "(i32.const 0x40)".into(),
        more: data(0x40, &[0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ..Guest::default()
    };
    let plugin = crate::support::runtime().load(&guest.wasm()).unwrap();
    assert!(!plugin.parses());
    assert!(plugin.manifest().protocols.is_empty());
}

#[test]
fn contexts() {
    let context = |direction, protocol, l7: u8, kind| {
        #[rustfmt::skip]
        let (source, destination): ([u8; 6], [u8; 6]) = ([10, 0, 0, 1, 0x9c, 0x40], [10, 0, 0, 2, 0, 80]);
        let (from, to) = if direction == C2S { (source, destination) } else { (destination, source) };
        let expected = [
            &[4][..],
            &from[..4],
            &to[..4],
            &from[4..],
            &to[4..],
            &[6, l7, 255],
            &(T / 1000).to_be_bytes(),
            &[direction as u8, 0],
            &9_u64.to_be_bytes(),
            &[0xff, 0xff],
        ];
        is_told(
            "vm_read_ctx_base",
            &Shown::default().add(direction, protocol, b"", b"x", &[]),
            kind,
            &expected.concat(),
        );
    };
    for (protocol, number) in [("HTTP", 20), ("HTTP2", 21), ("gRPC", 41), ("Triple", 49)] {
        context(C2S, protocol, number, HookKind::Http);
        context(S2C, protocol, number, HookKind::Http);
    }
    context(C2S, "ZMTP", 0, HookKind::Message);
}

#[test]
fn http_requests() {
    let info = |texts: [&str; 4]| texts.map(|t| text(t.as_bytes())).concat();
    let expected = info(["/a?b=c", "shop", "curl/8", "http://x/:y"]);
    is_told("vm_read_http_req_info", &get(b""), HookKind::Http, &expected);
    let head = b":method: GET\r\n:authority: a:80\r\n:path: /x:y\r\nuser-agent: go\r\n";
    let shown = Shown::default().add(C2S, "HTTP2", head, b"", &[(F::RequestResource, "/other")]);
    is_told("vm_read_http_req_info", &shown, HookKind::Http, &info(["/x:y", "a:80", "go", ""]));
    let nothing = Shown::default().add(C2S, "HTTP", b"", b"", &[]);
    is_told("vm_read_http_req_info", &nothing, HookKind::Http, &[0; 8]);
}

#[test]
fn http_responses() {
    let fields = [(F::ResponseCode, "404"), (F::Endpoint, "/a")];
    for (status, raw) in [
        (Status::Ok, 0),
        (Status::Timeout, 2),
        (Status::ServerError, 3),
        (Status::ClientError, 4),
        (Status::Unknown, 5),
    ] {
        let shown = Shown::default().add(S2C, "HTTP", b"", b"", &fields).status(status);
        is_told("vm_read_http_resp_info", &shown, HookKind::Http, &[1, 148, raw, 0, 2, b'/', b'a']);
    }
    let of_head = Shown::default().add(S2C, "HTTP2", b":status: 503\r\n", b"", &[]);
    is_told("vm_read_http_resp_info", &of_head, HookKind::Http, &[1, 247, 0, 0, 0]);
    let strange = Shown::default().add(S2C, "HTTP", b"", b"", &[(F::ResponseCode, "70000")]);
    is_told("vm_read_http_resp_info", &strange, HookKind::Http, &[0, 0, 0, 0, 0]);
}

/// Plugins of three ages have buffers of 2, of 3 and of many bytes.
#[test]
fn http_response_buffers() {
    let shown =
        Shown::default().add(S2C, "HTTP", b"", b"", &[(F::ResponseCode, "200"), (F::Endpoint, "/abc")]);
    for (buffer, answer) in [(0, 0), (1, 0), (2, 2), (3, 3), (4, 3), (8, 3), (9, 9), (100, 9)] {
        let guest = hooks(&format!(
            "(if (i32.ne (call $vm_read_http_resp_info (i32.const 0x4000) (i32.const {buffer})) (i32.const {answer}))
               (then (unreachable)))
             (i32.const 1)"
        ));
        shown
            .observe(HookKind::Http, &mut instance(&guest))
            .unwrap_or_else(|fault| panic!("{buffer}: {fault}"));
    }
}

#[test]
fn payloads_of_http1() {
    let whole = [b"POST /a?b=c HTTP/1.1\r\n", HEAD, b"\r\n", b"body"].concat();
    is_told("vm_read_payload", &get(b"body"), HookKind::Http, &whole);
    let fields = [(F::ResponseCode, "404"), (F::ResponseException, "Not Found"), (F::Version, "1.0")];
    let shown = Shown::default().add(S2C, "HTTP", b"A: b\r\n", b"", &fields);
    let expected = b"HTTP/1.0 404 Not Found\r\nA: b\r\n\r\n";
    is_told("vm_read_payload", &shown, HookKind::Http, expected);
}

/// Bodies come unpacked; a plugin that trusts the head must not unpack them again.
#[test]
fn heads_do_not_lie_of_bodies() {
    let head = b"A: b\r\nContent-Encoding: gzip\r\nContent-Length: 99\r\nTransfer-encoding: chunked\r\n";
    let shown = Shown::default().add(S2C, "HTTP", head, b"body", &[(F::ResponseCode, "200")]);
    let expected = b"HTTP/1.1 200 \r\nA: b\r\nContent-Length: 4\r\n\r\nbody";
    is_told("vm_read_payload", &shown, HookKind::Http, expected);
}

#[test]
fn payloads_of_http2_and_grpc() {
    let long = "v".repeat(300);
    let head = format!(":path: /x\r\nk: {long}\r\n");
    let fields = [(F::RequestId, "5")];
    let mut block = [&[0, 5][..], b":path", &[2], b"/x", &[0, 1], b"k", &[127, 0xad, 1]].concat();
    block.extend_from_slice(long.as_bytes());
    let frame = |kind: u8, flags: u8, content: &[u8]| {
        [&(content.len() as u32).to_be_bytes()[1..], &[kind, flags, 0, 0, 0, 5], content].concat()
    };
    let shown = |protocol| Shown::default().add(C2S, protocol, head.as_bytes(), b"body", &fields);
    let expected = [frame(1, 4, &block), frame(0, 1, b"body")].concat();
    is_told("vm_read_payload", &shown("HTTP2"), HookKind::Http, &expected);
    let expected = [frame(1, 4, &block), frame(0, 1, b"\0\0\0\0\x04body")].concat();
    is_told("vm_read_payload", &shown("gRPC"), HookKind::Http, &expected);
}

#[test]
fn payloads_are_cut() {
    let shown = get(&vec![b'x'; 5000]);
    let guest = shows("(call $vm_read_payload (i32.const 0x4000) (i32.const 0x10000))", 1024);
    let patches = shown.observe(HookKind::Http, &mut instance(&guest)).unwrap();
    assert!(only_attribute(&patches).starts_with(b"POST /a?b=c HTTP/1.1\r\n"));
}

#[test]
fn custom_messages() {
    let info = |number: u32, message: &[u8]| {
        [&[0, 0][..], &number.to_be_bytes(), &(message.len() as u32).to_be_bytes(), message].concat()
    };
    let is_told =
        |import, shown: &Shown, expected: &[u8]| is_told(import, shown, HookKind::Message, expected);
    let nats = Shown::default()
        .add(C2S, "NATS", b"", b"data", &[(F::RequestResource, "topic.a")])
        .attribute("reply_to", "_INBOX.1");
    let message = [bytes(1, b"topic.a"), bytes(2, b"_INBOX.1"), bytes(3, b"data")].concat();
    is_told("vm_read_custom_message_info", &nats, &info(104, &message));
    let long = vec![b'z'; 200];
    let zmtp = Shown::default().add(S2C, "ZMTP", b"", &long, &[]);
    is_told("vm_read_custom_message_info", &zmtp, &info(106, &bytes(2, &long)));
    is_told("vm_read_payload", &zmtp, &long);
    for (protocol, number) in [("Dubbo", 40), ("RocketMQ", 107)] {
        let shown = Shown::default().add(C2S, protocol, b"head", b"body", &[]);
        is_told("vm_read_custom_message_info", &shown, &info(number, b""));
        is_told("vm_read_payload", &shown, b"headbody");
    }
}

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

fn key_value(key: &str, value: &str) -> Vec<u8> {
    bytes(31, &[bytes(1, key.as_bytes()), bytes(2, value.as_bytes())].concat())
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
