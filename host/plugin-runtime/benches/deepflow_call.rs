//! What a call of a plugin that was built for DeepFlow's agent costs: a hand-written module with static buffers, which makes as many
//! calls of the host as plugins do. `cargo bench -p weir-plugin-runtime --bench deepflow_call`.
//!
//! `check_*` is one call; of the others a sample is one batch: divide by its payloads. Payloads are not cut.

use std::sync::LazyLock;

use divan::{Bencher, black_box};
use weir_pipeline::decode::{Address, Transport};
use weir_pipeline::hooks::hook::{Hook, HookKind, Patches, SessionType, Slice, Status, Subject, Subjects};
use weir_pipeline::parse::event::{Direction, FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::{FieldName, Outcome, Value};
use weir_pipeline::parse::parser::{CheckVerdict, Probe, ProtocolParser};
use weir_plugin_runtime::{CodeCache, Instance, Limits, PluginConfig, Runtime};

const SIZES: [usize; 3] = [64, 1024, 16_384];
/// Payloads of a batch, and their bytes.
const BATCHES: [(usize, usize); 6] = [(1, 64), (1, 1024), (1, 16_384), (32, 64), (32, 1024), (4, 16_384)];

/// Context at 0x1000, what a hook alone is told at 0x2000, the payload at 0x20000.
const PLUGIN: &str = r#"(module
(import "deepflow" "vm_read_ctx_base" (func $ctx (param i32 i32) (result i32)))
(import "deepflow" "vm_read_payload" (func $payload (param i32 i32) (result i32)))
(import "deepflow" "vm_read_http_req_info" (func $request (param i32 i32) (result i32)))
(import "deepflow" "vm_read_http_resp_info" (func $response (param i32 i32) (result i32)))
(import "deepflow" "host_read_l7_protocol_info" (func $records (param i32 i32) (result i32)))
(import "deepflow" "host_read_str_result" (func $name (param i32 i32) (result i32)))
(memory (export "memory") 4)
(data (i32.const 0x10) "\c0\00\00\00\00\00\00\00\00\00\00\00\00\00\00\01")
(data (i32.const 0x40) "\00\05bench")
;; PB: request with a type and a resource, trace id, one attribute
(data (i32.const 0x100) "\00\2fPB\18\07\52\0a\12\03GET\22\03/ab\62\12\0a\10abcdefghijklmnop\fa\01\08\0a\01k\12\03val")
;; PB: response with a status, a code and a result
(data (i32.const 0x200) "\00\20PB\18\07\5a\0b\08\03\10\f4\03\22\04json\fa\01\0c\0a\01k\12\07another")
(func $read (drop (call $ctx (i32.const 0x1000) (i32.const 1024))) (drop (call $payload (i32.const 0x20000) (i32.const 0x10000))))
(func (export "_start"))
(func (export "get_hook_bitmap") (result i32) (i32.const 0x10))
(func (export "check_payload") (result i32)
  (call $read)
  (if (i32.ne (i32.load8_u (i32.const 0x20000)) (i32.const 65)) (then (return (i32.const 0))))
  (drop (call $name (i32.const 0x40) (i32.const 7)))
  (i32.const 1))
(func (export "parse_payload") (result i32)
  (call $read)
  (drop (call $records (i32.const 0x100) (i32.const 49)))
  (i32.const 1))
(func (export "on_http_req") (result i32)
  (call $read)
  (drop (call $request (i32.const 0x2000) (i32.const 0x10000)))
  (drop (call $records (i32.const 0x100) (i32.const 49)))
  (i32.const 1))
(func (export "on_http_resp") (result i32)
  (call $read)
  (drop (call $response (i32.const 0x2000) (i32.const 0x10000)))
  (drop (call $records (i32.const 0x200) (i32.const 34)))
  (i32.const 1)))"#;

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Runtime::new(Limits::default(), &CodeCache::Off).expect("this machine can run Wasm"));

fn main() {
    divan::main();
}

fn instance() -> Instance {
    let wasm = wat::parse_str(PLUGIN).expect("it is valid");
    let plugin = RUNTIME.load_named(&wasm, "bench").expect("a plugin");
    plugin.instantiate(PluginConfig::from_iter([("payload-truncation", "65535")])).expect("it starts")
}

const CLIENT: ([u8; 4], u16) = ([10, 0, 0, 1], 40_000);
const SERVER: ([u8; 4], u16) = ([10, 0, 0, 2], 80);

fn check(bencher: Bencher<'_, '_>, first: u8, size: usize, verdict: CheckVerdict) {
    let mut parser = instance();
    let payload = vec![first; size];
    let probe = Probe {
        transport: Transport::Tcp,
        source_port: CLIENT.1,
        destination_port: SERVER.1,
        from_start: true,
        from_client: Some(true),
        flow_id: 7,
        source: Address::v4(CLIENT.0),
        destination: Address::v4(SERVER.0),
    };
    bencher.bench_local(|| {
        let found = parser.check(black_box(&payload), &probe);
        assert_eq!(found, Ok(verdict));
    });
}

#[divan::bench(args = SIZES)]
fn check_reject(bencher: Bencher<'_, '_>, size: usize) {
    check(bencher, b'x', size, CheckVerdict::No);
}

#[divan::bench(args = SIZES)]
fn check_accept(bencher: Bencher<'_, '_>, size: usize) {
    check(bencher, b'A', size, CheckVerdict::ClientSpeaks);
}

#[divan::bench(args = BATCHES)]
fn parse(bencher: Bencher<'_, '_>, (payloads, size): (usize, usize)) {
    let mut parser = instance();
    let flow = FlowFacts {
        connection: 0,
        flow_id: 7,
        transport: Transport::Tcp,
        client: (Address::v4(CLIENT.0), CLIENT.1),
        server: (Address::v4(SERVER.0), SERVER.1),
        from_start: true,
        heads: false,
        body_limit: 0,
    };
    let mut outcome = Outcome::default();
    parser.process(&[], &[flow], &[StreamEvent::Opened { flow: 0 }], &mut outcome).expect("it opens");
    let arena = vec![b'x'; payloads * size];
    let event = |n: usize| StreamEvent::Data {
        connection: 0,
        direction: Direction::ClientToServer,
        offset: (n * size) as u32,
        length: size as u32,
        position: 0,
        time: 1,
    };
    let events: Vec<_> = (0..payloads).map(event).collect();
    bencher.bench_local(|| {
        outcome.clear();
        parser.process(black_box(&arena), &[], &events, &mut outcome).expect("it works");
        assert_eq!(outcome.messages.len(), payloads);
    });
}

/// So many messages of one side, with a head and a body that together have about `size` bytes.
fn subjects(direction: Direction, count: usize, size: usize) -> Subjects {
    let head = b"Host: shop.example.com\r\nUser-Agent: curl/8\r\n";
    let body = vec![b'x'; size.saturating_sub(head.len()).max(1)];
    let mut all = Subjects::default();
    let mut slice = |text: &[u8]| {
        let offset = all.arena.len() as u32;
        all.arena.extend_from_slice(text);
        Slice { offset, length: text.len() as u32 }
    };
    let (protocol, head, path) = (slice(b"HTTP"), slice(head), slice(b"/api/v1/orders/4711"));
    let path = Value::Slice { offset: path.offset, length: path.length };
    for _ in 0..count {
        let offset = all.arena.len() as u32;
        all.arena.extend_from_slice(&body);
        all.fields.push(match direction {
            Direction::ClientToServer => (FieldName::RequestResource, path),
            Direction::ServerToClient => (FieldName::ResponseCode, Value::Number(200)),
        });
        all.subjects.push(Subject {
            protocol,
            client: (Address::v4(CLIENT.0), CLIENT.1),
            server: (Address::v4(SERVER.0), SERVER.1),
            flow_id: 7,
            time: 1,
            duration: 0,
            head,
            body: Slice { offset, length: body.len() as u32 },
            fields: 1,
            attributes: 0,
            transport: Transport::Tcp,
            direction,
            status: Status::Ok,
            session_type: SessionType::Session,
            cut: false,
        });
    }
    all
}

fn observe(bencher: Bencher<'_, '_>, direction: Direction, count: usize, size: usize) {
    let mut plugin = instance();
    let subjects = subjects(direction, count, size);
    let mut patches = Patches::default();
    bencher.bench_local(|| {
        patches.clear();
        plugin.observe(HookKind::Http, black_box(&subjects), &mut patches).expect("it works");
        assert_eq!((patches.patches.len(), patches.attributes.len()), (count, count));
    });
}

#[divan::bench(args = BATCHES)]
fn http_req(bencher: Bencher<'_, '_>, (count, size): (usize, usize)) {
    observe(bencher, Direction::ClientToServer, count, size);
}

#[divan::bench(args = BATCHES)]
fn http_resp(bencher: Bencher<'_, '_>, (count, size): (usize, usize)) {
    observe(bencher, Direction::ServerToClient, count, size);
}
