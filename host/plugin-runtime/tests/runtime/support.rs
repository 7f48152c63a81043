//! Guests to load, batches to send, answers to compare.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use weir_pipeline::decode::{Address, Transport};
use weir_pipeline::parse::event::{Direction, FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::{Outcome, Value};
use weir_pipeline::parse::parser::{PluginFault, Probe, ProtocolParser};
use weir_plugin_runtime::{CodeCache, Instance, Limits, PluginConfig, Runtime};
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::Resolve;

use crate::guests::guest;

pub(crate) const C2S: Direction = Direction::ClientToServer;
pub(crate) const S2C: Direction = Direction::ServerToClient;
/// Event time at which tests begin.
pub(crate) const T: u64 = 1_790_000_000_000_000_000;

pub(crate) fn runtime() -> Runtime {
    with_limits(Limits::default())
}

pub(crate) fn with_limits(limits: Limits) -> Runtime {
    Runtime::new(limits, &CodeCache::Off).expect("this machine can run Wasm")
}

/// The echo plugin of the SDK, as an author would build it.
pub(crate) fn echo_wasm() -> &'static [u8] {
    static WASM: OnceLock<Vec<u8>> = OnceLock::new();
    WASM.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("guests");
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", "echo", "--profile", "guest"])
            .args(["--target", "wasm32-unknown-unknown", "--target-dir"])
            .arg(&target)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env_remove("RUSTC_WORKSPACE_WRAPPER")
            .status();
        assert!(status.expect("cargo runs").success(), "echo must compile for Wasm");
        std::fs::read(target.join("wasm32-unknown-unknown/guest/echo.wasm")).expect("cargo wrote it")
    })
}

/// A guest of `tests/guests`, as bytes.
pub(crate) fn guest_wasm(name: &str) -> Vec<u8> {
    wasm_of(&guest(name))
}

pub(crate) fn wasm_of(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The same core module as a component of the world that has what it exports.
pub(crate) fn component(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/v0.1"))?;
    let world = resolve.select_world(&[package], Some(world_of(module)))?;
    let mut module = module.to_vec();
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    ComponentEncoder::default().validate(true).module(&module)?.encode()
}

fn world_of(module: &[u8]) -> &'static str {
    const WORLDS: [(&str, &str); 3] = [
        ("weir:plugin/http-hook@0.1.0#observe", "http-observer"),
        ("weir:plugin/message-hook@0.1.0#observe", "message-observer"),
        ("weir:plugin/session-hook@0.1.0#observe", "session-observer"),
    ];
    let has = |export: &str| module.windows(export.len()).any(|window| window == export.as_bytes());
    WORLDS.iter().find(|(export, _)| has(export)).map_or("protocol-parser", |(_, world)| world)
}

pub(crate) fn instance(runtime: &Runtime, wasm: &[u8]) -> Instance {
    let plugin = runtime.load(wasm).unwrap_or_else(|error| panic!("{error}"));
    plugin.instantiate(PluginConfig::default()).unwrap_or_else(|fault| panic!("{fault}"))
}

/// A batch that is put together piece by piece.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    pub(crate) arena: Vec<u8>,
    pub(crate) flows: Vec<FlowFacts>,
    pub(crate) events: Vec<StreamEvent>,
}

impl Batch {
    pub(crate) fn open(mut self, connection: u32) -> Self {
        self.events.push(StreamEvent::Opened { flow: self.flows.len() as u32 });
        self.flows.push(FlowFacts {
            connection,
            flow_id: 7,
            transport: Transport::Tcp,
            client: (Address::v4([10, 0, 0, 1]), 40_000),
            server: (Address::v4([10, 0, 0, 2]), 7),
            from_start: true,
            heads: false,
            body_limit: 0,
        });
        self
    }

    pub(crate) fn data(mut self, connection: u32, direction: Direction, position: u64, bytes: &[u8]) -> Self {
        let (offset, length) = (self.arena.len() as u32, bytes.len() as u32);
        self.arena.extend_from_slice(bytes);
        self.events.push(StreamEvent::Data { connection, direction, offset, length, position, time: T });
        self
    }

    pub(crate) fn gap(mut self, connection: u32, direction: Direction, position: u64, bytes: u64) -> Self {
        self.events.push(StreamEvent::Gap { connection, direction, offset: 0, length: 0, position, bytes });
        self
    }

    pub(crate) fn close(mut self, connection: u32) -> Self {
        self.events.push(StreamEvent::Closed { connection });
        self
    }

    /// All data one after the other, `seconds` later.
    pub(crate) fn later(mut self, seconds: u64) -> Self {
        for event in &mut self.events {
            if let StreamEvent::Data { time, .. } = event {
                *time = T + seconds * 1_000_000_000;
            }
        }
        self
    }

    pub(crate) fn send(&self, parser: &mut dyn ProtocolParser) -> Result<Outcome, PluginFault> {
        let mut outcome = Outcome::default();
        parser.process(&self.arena, &self.flows, &self.events, &mut outcome)?;
        Ok(outcome)
    }
}

/// One request of the echo protocol.
pub(crate) fn ping() -> Batch {
    Batch::default().open(0).data(0, C2S, 0, b"PING one\n")
}

pub(crate) fn probe() -> Probe {
    Probe {
        transport: Transport::Tcp,
        source_port: 40_000,
        destination_port: 7,
        from_start: true,
        from_client: Some(true),
        flow_id: 7,
        source: Address::v4([10, 0, 0, 1]),
        destination: Address::v4([10, 0, 0, 2]),
    }
}

/// A batch for the guests of `tests/guests`: event 1 is data.
pub(crate) fn evil() -> Batch {
    Batch::default().open(0).data(0, C2S, 0, b"EVIL one\n")
}

/// The text of a value of an answer to `batch`.
pub(crate) fn text<'a>(value: &Value, batch: &'a Batch, outcome: &'a Outcome) -> &'a [u8] {
    let (bytes, offset, length) = match *value {
        Value::Slice { offset, length } => (&batch.arena, offset, length),
        Value::Owned { offset, length } => (&outcome.owned, offset, length),
        Value::Number(number) => panic!("the number {number} is no text"),
    };
    &bytes[offset as usize..(offset + length) as usize]
}
