//! From segments to request logs: what the pipeline makes of the records of these plugins.

use weir_pipeline::hooks::hook::Hook;
use weir_pipeline::limits::Limits;
use weir_pipeline::parse::parser::ProtocolParser;
use weir_pipeline::worker::{Worker, WorkerConfig};
use weir_plugin_runtime::{PluginConfig, PluginSet};
use weir_request_log::{Field, RequestLog, SessionType, Status};

use crate::guest::{Guest, data};
use crate::segments::{CLIENT, SERVER, Tcp, Told};
use crate::support::{bytes, mirrored, protobuf, request, response, runtime, text, varint};

/// Claims what begins with this byte as its number 1; parses like the mirror behind that byte.
fn claims(first: u8, name: &str) -> Guest {
    let name = text(name.as_bytes());
    Guest {
        check: format!(
            "(drop (call $payload))
             (if (i32.ne (i32.load8_u (i32.const 0x1000)) (i32.const {first})) (then (return (i32.const 0))))
             (drop (call $host_read_str_result (i32.const 0x80) (i32.const {})))
             (i32.const 0x101)",
            name.len()
        ),
        parse: "(local $n i32)
            (local.set $n (call $payload))
            (drop (call $vm_read_ctx_base (i32.const 0x20000) (i32.const 64)))
            (if (i32.ne (i32.load8_u (i32.const 0x2000e)) (i32.const 1)) (then (return (i32.const 0))))
            (drop (call $host_read_l7_protocol_info (i32.const 0x1002) (i32.sub (local.get $n) (i32.const 2))))
            (if (i32.eq (i32.load8_u (i32.const 0x1001)) (i32.const 88)) (then (unreachable)))
            (i32.const 1)"
            .into(),
        more: data(0x80, &name),
        ..Guest::default()
    }
}

fn connection(guests: &[Guest]) -> Tcp {
    let (runtime, mut set) = (runtime(), PluginSet::default());
    for (number, guest) in guests.iter().enumerate() {
        let wasm = guest.wasm();
        set.add(runtime.load_named(&wasm, &number.to_string()).unwrap()).unwrap();
    }
    let new = |hooks: bool| {
        let wanted = set.iter().filter(move |plugin| !hooks || !plugin.hooks().is_empty());
        wanted.map(|plugin| plugin.instantiate(PluginConfig::default()).unwrap())
    };
    let parsers = new(false).map(|instance| Box::new(instance) as Box<dyn ProtocolParser>).collect();
    let hooks = new(true).map(|instance| Box::new(instance) as Box<dyn Hook>).collect();
    let worker = Worker::new(WorkerConfig { limits: Limits::default() }, parsers, hooks);
    let mut tcp =
        Tcp { worker, told: Told::default(), time: 1_000_000_000, client_port: 40_000, next: [100, 900] };
    tcp.handshake();
    tcp
}

/// A payload for the plugin that claims `first`.
fn payload(first: u8, records: &[Vec<u8>]) -> Vec<u8> {
    [&[first][..], &mirrored(1, records)].concat()
}

fn asks(id: u32, resource: &str, more: &[Vec<u8>]) -> Vec<u8> {
    protobuf(&[varint(3, id.into()), request("ASK", resource), more.concat()])
}

fn answers(id: u32, code: i32, more: &[Vec<u8>]) -> Vec<u8> {
    protobuf(&[varint(3, id.into()), response(0, code), more.concat()])
}

fn attribute(key: &str) -> Vec<u8> {
    bytes(31, &[bytes(1, key.as_bytes()), bytes(2, b"v")].concat())
}

/// Resource and code of each log.
fn told(tcp: &mut Tcp) -> Vec<String> {
    tcp.close().finish();
    let show = |log: &RequestLog| {
        let code = log.fields.value(Field::ResponseCode).map(|code| format!("{code:?}"));
        format!(
            "{} {} {}",
            log.session_type.name(),
            log.fields.text(Field::RequestResource).unwrap_or("-"),
            code.unwrap_or("-".into())
        )
    };
    tcp.told.1.iter().map(show).collect()
}

#[test]
fn ids_pair_answers_that_come_in_another_order() {
    let mut tcp = connection(&[claims(b'a', "game")]);
    tcp.send(CLIENT, &payload(b'a', &[asks(1, "one", &[]), asks(2, "two", &[])]))
        .send(SERVER, &payload(b'a', &[answers(2, 22, &[])]))
        .send(SERVER, &payload(b'a', &[answers(1, 11, &[])]));
    assert_eq!(told(&mut tcp), ["session two Number(22)", "session one Number(11)"]);
    let log = &tcp.told.1[0];
    assert_eq!((&*log.l7_protocol, log.fields.text(Field::BizProtocol)), ("Custom", Some("game")));
    assert_eq!((log.status, log.plugins[0].as_ref()), (Status::Ok, "deepflow-0@0.0.0"));
}

#[test]
fn without_ids_answers_come_in_order() {
    let mut tcp = connection(&[claims(b'a', "game")]);
    let asks = |resource| protobuf(&[request("ASK", resource)]);
    let answers = |code| protobuf(&[response(0, code)]);
    tcp.send(CLIENT, &payload(b'a', &[asks("one"), asks("two")]))
        .send(SERVER, &payload(b'a', &[answers(11), answers(22)]));
    assert_eq!(told(&mut tcp), ["session one Number(11)", "session two Number(22)"]);
}

#[test]
fn several_records_make_one_session() {
    let mut tcp = connection(&[claims(b'a', "game")]);
    let (more, end) = (varint(21, 0), varint(21, 1));
    let part =
        |id: u32, key: &str, end: &[u8]| protobuf(&[varint(3, id.into()), attribute(key), end.to_vec()]);
    tcp.send(CLIENT, &payload(b'a', &[asks(1, "one", &[more.clone(), attribute("q1")])]))
        .send(CLIENT, &payload(b'a', &[asks(2, "two", &[])]))
        .send(CLIENT, &payload(b'a', &[part(1, "q2", &end)]))
        .send(SERVER, &payload(b'a', &[part(1, "a1", &more)]))
        .send(SERVER, &payload(b'a', &[answers(2, 22, &[])]))
        .send(SERVER, &payload(b'a', &[part(1, "a2", &more)]))
        .send(SERVER, &payload(b'a', &[answers(1, 11, &[end])]));
    assert_eq!(told(&mut tcp), ["session two Number(22)", "session one Number(11)"]);
    let log = &tcp.told.1[1];
    let keys: Vec<_> = log.fields.attributes().map(|(key, _)| key.to_owned()).collect();
    assert_eq!(keys, ["q1", "q2", "a1", "a2"]);
}

#[test]
fn asynchronous_records_wait_for_nobody() {
    let mut tcp = connection(&[claims(b'a', "game")]);
    let event = |resource| protobuf(&[request("TELL", resource), varint(22, 1)]);
    tcp.send(CLIENT, &payload(b'a', &[event("one")])).send(CLIENT, &payload(b'a', &[asks(1, "two", &[])]));
    tcp.send(SERVER, &payload(b'a', &[answers(1, 11, &[])]));
    assert_eq!(told(&mut tcp), ["request one -", "session two Number(11)"]);
}

/// Segments that come twice or too early: the plugin sees each payload once, in order.
#[test]
fn payloads_come_once_and_in_order() {
    let mut tcp = connection(&[claims(b'a', "game")]);
    let [one, two, three] =
        [(1, "one"), (2, "two"), (3, "three")].map(|(id, name)| payload(b'a', &[asks(id, name, &[])]));
    let [first, server] = tcp.next;
    let second = first + one.len() as u32;
    let third = second + two.len() as u32;
    tcp.raw(CLIENT, first, server, 0x18, &one)
        .raw(CLIENT, third, server, 0x18, &three)
        .raw(CLIENT, first, server, 0x18, &one)
        .raw(CLIENT, second, server, 0x18, &two)
        .raw(CLIENT, third, server, 0x18, &three);
    tcp.next[CLIENT] = third + three.len() as u32;
    assert_eq!(told(&mut tcp), ["request one -", "request two -", "request three -"]);
}

#[test]
fn a_fault_costs_its_batch_alone() {
    let mut tcp = connection(&[claims(b'a', "game")]);
    tcp.send(CLIENT, &payload(b'a', &[asks(1, "one", &[])]))
        .send(SERVER, &payload(b'a', &[answers(1, 11, &[])]));
    tcp.worker.flush(&mut tcp.told);
    tcp.send(CLIENT, b"aX");
    tcp.worker.flush(&mut tcp.told);
    tcp.send(CLIENT, &payload(b'a', &[asks(2, "two", &[])]))
        .send(SERVER, &payload(b'a', &[answers(2, 22, &[])]));
    assert_eq!(told(&mut tcp), ["session one Number(11)", "session two Number(22)"]);
}

#[test]
fn two_plugins_with_one_number() {
    let mut tcp = connection(&[claims(b'a', "first"), claims(b'b', "second")]);
    tcp.send(CLIENT, &payload(b'b', &[asks(1, "one", &[])]));
    (tcp.client_port, tcp.next) = (50_000, [100, 900]);
    tcp.handshake()
        .send(CLIENT, &payload(b'a', &[asks(1, "two", &[])]))
        .send(CLIENT, &payload(b'b', &[asks(2, "three", &[])]));
    tcp.finish();
    let mut names: Vec<_> = tcp
        .told
        .1
        .iter()
        .map(|log| {
            let text = |field| log.fields.text(field).unwrap_or("-").to_owned();
            (text(Field::RequestResource), text(Field::BizProtocol), log.session_type)
        })
        .collect();
    names.sort_by(|a, b| a.0.cmp(&b.0));
    let expected = [("one", "second"), ("three", "first"), ("two", "first")];
    assert_eq!(names, expected.map(|(r, n)| (r.to_owned(), n.to_owned(), SessionType::Request)));
}
