//! `on_http_req`, `on_http_resp`, `on_custom_message`: what they are told.

use weir_pipeline::hooks::hook::{Hook, HookKind, Interest, Patches, Status};
use weir_pipeline::parse::outcome::{FieldName as F, Value};
use weir_plugin_runtime::PluginConfig;

use crate::guest::{Guest, data};
use crate::shown::{HEAD, Shown, get, hooks};
use crate::support::{C2S, S2C, T, bytes, configured, instance, protobuf, text};

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
