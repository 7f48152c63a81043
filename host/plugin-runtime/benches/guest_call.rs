//! What the sandbox costs: one conversation of 128 payloads, handed over in batches of 1, 8, 32 and 128.
//! `cargo bench -p weir-plugin-runtime --bench guest_call`; nanoseconds a payload = time of a sample / 128.
//!
//! `native` is the same parser linked into the program and called through the SDK's own `Instance`, without any host.
//! `check` and `instantiate` are one call each.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use divan::{Bencher, black_box};
use weir_pipeline::decode::{Address, Transport};
use weir_pipeline::parse::event::{Direction, FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::Outcome;
use weir_pipeline::parse::parser::{Probe, ProtocolParser};
use weir_plugin_runtime::{CodeCache, Instance, Limits, Plugin, PluginConfig, Runtime};
use weir_plugin_sdk::{Parser, abi};
use wit_component::{ComponentEncoder, StringEncoding};

/// Payloads of one sample.
const PAYLOADS: usize = 128;
const BATCHES: [usize; 4] = [1, 8, 32, 128];
const REQUEST: &str = "GET /api/v1/orders/4711?expand=lines HTTP/1.1\r\nHost: shop.example.com\r\nUser-Agent: \
    Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: application/json\r\nAccept-Encoding: gzip, deflate\r\nConnection: \
    keep-alive\r\n\r\n";

fn main() {
    divan::main();
}

/// A request and a response on each connection, in turn; every payload is a whole message.
struct Talk {
    arena: Vec<u8>,
    flows: Vec<FlowFacts>,
    events: Vec<StreamEvent>,
    abi_flows: Vec<abi::Flow>,
    abi_events: Vec<abi::StreamEvent>,
    lengths: [u64; 2],
}

impl Talk {
    fn new(request: &[u8], response: &[u8]) -> Self {
        let mut talk = Self {
            arena: Vec::new(),
            flows: Vec::new(),
            events: Vec::new(),
            abi_flows: Vec::new(),
            abi_events: Vec::new(),
            lengths: [request.len() as u64, response.len() as u64],
        };
        for connection in 0..PAYLOADS as u32 / 2 {
            let (client, server) = ((Address::v4([10, 0, 0, 1]), 40_000), (Address::v4([10, 0, 0, 2]), 80));
            let transport = Transport::Tcp;
            talk.flows.push(FlowFacts {
                connection,
                flow_id: 7,
                transport,
                client,
                server,
                from_start: true,
                heads: false,
                body_limit: 0,
            });
            let mut flow = abi::Flow::default();
            (flow.connection, flow.from_start) = (connection, 1);
            talk.abi_flows.push(flow);
            for (direction, bytes) in
                [(Direction::ClientToServer, request), (Direction::ServerToClient, response)]
            {
                let (offset, length) = (talk.arena.len() as u32, bytes.len() as u32);
                talk.arena.extend_from_slice(bytes);
                talk.events.push(StreamEvent::Data {
                    connection,
                    direction,
                    offset,
                    length,
                    position: 0,
                    time: 1,
                });
                talk.abi_events.push(abi::StreamEvent::data(
                    connection,
                    direction as u8,
                    offset,
                    length,
                    0,
                    1,
                ));
            }
        }
        talk
    }

    fn http() -> Self {
        let body = format!("{{\"orders\":[{}]}}", "{\"id\":4711,\"state\":\"paid\"},".repeat(21));
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nServer: nginx/1.22.1\r\nContent-Length: ";
        Self::new(REQUEST.as_bytes(), format!("{head}{}\r\n\r\n{body}", body.len()).as_bytes())
    }

    fn echo() -> Self {
        Self::new(b"PING one\n", b"PONG one\n")
    }

    fn opened(&self) -> Vec<StreamEvent> {
        (0..self.flows.len() as u32).map(|flow| StreamEvent::Opened { flow }).collect()
    }

    /// The piece of the arena that a batch needs, and its events as seen from there. Positions move on from call to call.
    fn batch(&mut self, at: usize, size: usize) -> (&[u8], &[StreamEvent], &[abi::StreamEvent]) {
        let events = &mut self.events[at..at + size];
        let abi_events = &mut self.abi_events[at..at + size];
        let (mut begin, mut end) = (None, 0);
        for (event, abi_event) in events.iter_mut().zip(abi_events.iter_mut()) {
            let StreamEvent::Data { direction, length, position, offset, .. } = event else { continue };
            let moved = *begin.get_or_insert(*offset as usize);
            end = *offset as usize + *length as usize;
            *position += self.lengths[direction.index()];
            abi_event.position = *position;
            (*offset, abi_event.offset) =
                ((*offset as usize - moved) as u32, (*offset as usize - moved) as u32);
        }
        (&self.arena[begin.unwrap_or(0)..end], events, abi_events)
    }

    /// Offsets as they were.
    fn rewind(&mut self) {
        let mut at = 0;
        for (event, abi_event) in self.events.iter_mut().zip(&mut self.abi_events) {
            let StreamEvent::Data { offset, length, .. } = event else { continue };
            (*offset, abi_event.offset) = (at, at);
            at += *length;
        }
    }
}

fn sandboxed(bencher: Bencher<'_, '_>, plugin: &Plugin, mut talk: Talk, size: usize) {
    let mut parser: Box<dyn ProtocolParser> = Box::new(instance(plugin));
    let mut outcome = Outcome::default();
    let opened = talk.opened();
    let _ = parser.process(&[], &talk.flows, &opened, &mut outcome);
    bencher.bench_local(|| {
        talk.rewind();
        for at in (0..PAYLOADS).step_by(size) {
            outcome.clear();
            let (arena, events, _) = talk.batch(at, size);
            parser.process(black_box(arena), &[], events, &mut outcome).expect("the plugin works");
            assert_eq!(outcome.messages.len(), size);
        }
    });
}

fn native<P: Parser>(bencher: Bencher<'_, '_>, mut talk: Talk, size: usize) {
    let mut parser = weir_plugin_sdk::instance::Instance::<P>::default();
    let opened: Vec<_> = (0..talk.flows.len() as u32).map(abi::StreamEvent::opened).collect();
    parser.process(&[], &talk.abi_flows, &opened);
    bencher.bench_local(|| {
        talk.rewind();
        for at in (0..PAYLOADS).step_by(size) {
            let (arena, _, events) = talk.batch(at, size);
            assert_eq!(parser.process(black_box(arena), &[], events).messages().len(), size);
        }
    });
}

fn instance(plugin: &Plugin) -> Instance {
    plugin.instantiate(PluginConfig::default()).expect("the plugin starts")
}

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Runtime::new(Limits::default(), &CodeCache::Off).expect("this machine can run Wasm"));
static HTTP: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let http = weir_builtin_plugins::all().iter().find(|builtin| builtin.name == "http");
    http.expect("http is built in").wasm.to_vec()
});
static ECHO: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("guests");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "echo", "--profile", "guest"])
        .args(["--target", "wasm32-unknown-unknown", "--target-dir"])
        .arg(&target)
        .current_dir(workspace())
        .status();
    assert!(status.expect("cargo runs").success());
    std::fs::read(target.join("wasm32-unknown-unknown/guest/echo.wasm")).expect("cargo wrote it")
});

fn workspace() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn load(wasm: &[u8]) -> Plugin {
    RUNTIME.load(wasm).expect("a plugin")
}

fn component(module: &[u8]) -> Vec<u8> {
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve.push_dir(workspace().join("wit/v0.1")).expect("the WIT is valid");
    let world = resolve.select_world(&[package], Some("protocol-parser")).expect("it has this world");
    let mut module = module.to_vec();
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .expect("it fits");
    let mut encoder = ComponentEncoder::default().module(&module).expect("it follows the layout");
    encoder.encode().expect("a component")
}

#[divan::bench(args = BATCHES)]
fn http_native(bencher: Bencher<'_, '_>, size: usize) {
    native::<weir_plugin_http::Http>(bencher, Talk::http(), size);
}

#[divan::bench(args = BATCHES)]
fn http_core(bencher: Bencher<'_, '_>, size: usize) {
    sandboxed(bencher, &load(&HTTP), Talk::http(), size);
}

#[divan::bench(args = BATCHES)]
fn http_component(bencher: Bencher<'_, '_>, size: usize) {
    sandboxed(bencher, &load(&component(&HTTP)), Talk::http(), size);
}

#[divan::bench(args = BATCHES)]
fn echo_native(bencher: Bencher<'_, '_>, size: usize) {
    native::<echo::Echo>(bencher, Talk::echo(), size);
}

#[divan::bench(args = BATCHES)]
fn echo_core(bencher: Bencher<'_, '_>, size: usize) {
    sandboxed(bencher, &load(&ECHO), Talk::echo(), size);
}

#[divan::bench(args = BATCHES)]
fn echo_component(bencher: Bencher<'_, '_>, size: usize) {
    sandboxed(bencher, &load(&component(&ECHO)), Talk::echo(), size);
}

/// One call.
#[divan::bench]
fn check_core(bencher: Bencher<'_, '_>) {
    let mut parser = instance(&load(&HTTP));
    let probe = Probe {
        transport: Transport::Tcp,
        source_port: 40_000,
        destination_port: 80,
        from_start: true,
        from_client: Some(true),
        flow_id: 7,
        source: Address::v4([10, 0, 0, 1]),
        destination: Address::v4([10, 0, 0, 2]),
    };
    bencher.bench_local(|| parser.check(black_box(REQUEST.as_bytes()), &probe));
}

/// A new guest, as after a fault.
#[divan::bench]
fn instantiate_core(bencher: Bencher<'_, '_>) {
    let plugin = load(&HTTP);
    bencher.bench_local(|| instance(&plugin));
}

#[divan::bench(sample_count = 10)]
fn compile_core(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| load(&HTTP));
}
