//! Batches to send, records to hand over, answers to compare.

use weir_pipeline::decode::{Address, Transport};
use weir_pipeline::parse::event::{Direction, FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::{FieldName, Outcome, Value};
use weir_pipeline::parse::parser::{CheckVerdict, PluginFault, Probe, ProtocolParser};
use weir_plugin_runtime::{CodeCache, Instance, Limits, PluginConfig, Runtime};

use crate::guest::Guest;

pub(crate) const C2S: Direction = Direction::ClientToServer;
pub(crate) const S2C: Direction = Direction::ServerToClient;
/// Event time at which tests begin.
pub(crate) const T: u64 = 1_790_000_000_123_456_789;

pub(crate) const CLIENT: [u8; 4] = [10, 0, 0, 1];
pub(crate) const SERVER: [u8; 4] = [10, 0, 0, 2];

pub(crate) fn runtime() -> Runtime {
    Runtime::new(Limits::default(), &CodeCache::Off).expect("this machine can run Wasm")
}

pub(crate) fn instance(guest: &Guest) -> Instance {
    configured(guest, PluginConfig::default())
}

pub(crate) fn configured(guest: &Guest, config: PluginConfig) -> Instance {
    let plugin = runtime().load_named(&guest.wasm(), "test").unwrap_or_else(|error| panic!("{error}"));
    plugin.instantiate(config).unwrap_or_else(|fault| panic!("{fault}"))
}

pub(crate) fn probe(flow_id: u64) -> Probe {
    Probe {
        transport: Transport::Tcp,
        source_port: 40_000,
        destination_port: 7,
        from_start: true,
        from_client: Some(true),
        flow_id,
        source: Address::v4(CLIENT),
        destination: Address::v4(SERVER),
    }
}

pub(crate) fn flow(connection: u32) -> FlowFacts {
    FlowFacts {
        connection,
        flow_id: flow_id(connection),
        transport: Transport::Tcp,
        client: (Address::v4(CLIENT), 40_000),
        server: (Address::v4(SERVER), 7),
        from_start: true,
        heads: false,
        body_limit: 0,
    }
}

pub(crate) fn flow_id(connection: u32) -> u64 {
    0x0102_0304_0000_0000 | u64::from(connection)
}

/// What the mirror is to answer to `check`.
pub(crate) fn claim(value: i32, name: &str) -> Vec<u8> {
    [&value.to_le_bytes(), text(name.as_bytes()).as_slice()].concat()
}

/// Lets the mirror claim a connection and opens it.
pub(crate) fn claimed(parser: &mut Instance, connection: u32, number: u8, name: &str) -> Batch {
    let verdict = parser.check(&claim(i32::from(number), name), &probe(flow_id(connection)));
    assert_eq!(verdict, Ok(CheckVerdict::ClientSpeaks));
    Batch::default().open(connection)
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    pub(crate) arena: Vec<u8>,
    pub(crate) flows: Vec<FlowFacts>,
    pub(crate) events: Vec<StreamEvent>,
}

impl Batch {
    pub(crate) fn open(self, connection: u32) -> Self {
        self.open_flow(flow(connection))
    }

    pub(crate) fn open_flow(mut self, flow: FlowFacts) -> Self {
        self.events.push(StreamEvent::Opened { flow: self.flows.len() as u32 });
        self.flows.push(flow);
        self
    }

    pub(crate) fn data(mut self, connection: u32, direction: Direction, position: u64, bytes: &[u8]) -> Self {
        let (offset, length) = (self.arena.len() as u32, bytes.len() as u32);
        self.arena.extend_from_slice(bytes);
        self.events.push(StreamEvent::Data { connection, direction, offset, length, position, time: T });
        self
    }

    /// A payload that the mirror answers with `value` and these records.
    pub(crate) fn told(self, direction: Direction, position: u64, value: i8, records: &[Vec<u8>]) -> Self {
        self.data(0, direction, position, &mirrored(value, records))
    }

    pub(crate) fn event(mut self, event: StreamEvent) -> Self {
        self.events.push(event);
        self
    }

    pub(crate) fn send(&self, parser: &mut dyn ProtocolParser) -> Result<Outcome, PluginFault> {
        let mut outcome = Outcome::default();
        parser.process(&self.arena, &self.flows, &self.events, &mut outcome)?;
        Ok(outcome)
    }
}

pub(crate) fn mirrored(value: i8, records: &[Vec<u8>]) -> Vec<u8> {
    let mut payload = vec![value as u8];
    for record in records {
        payload.extend_from_slice(&text(record));
    }
    payload
}

/// Bytes with their length before them.
pub(crate) fn text(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes(), bytes].concat()
}

/// Protobuf fields, put together by hand.
pub(crate) fn varint(number: u32, value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_varint(&mut bytes, u64::from(number << 3));
    push_varint(&mut bytes, value);
    bytes
}

pub(crate) fn bytes(number: u32, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_varint(&mut bytes, u64::from(number << 3 | 2));
    push_varint(&mut bytes, content.len() as u64);
    bytes.extend_from_slice(content);
    bytes
}

fn push_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

pub(crate) fn protobuf(fields: &[Vec<u8>]) -> Vec<u8> {
    [b"PB".as_slice(), &fields.concat()].concat()
}

/// `AppRequest` with a type and a resource.
pub(crate) fn request(request_type: &str, resource: &str) -> Vec<u8> {
    bytes(10, &[bytes(2, request_type.as_bytes()), bytes(4, resource.as_bytes())].concat())
}

/// `AppResponse` with a status and a code.
pub(crate) fn response(status: u64, code: i32) -> Vec<u8> {
    bytes(11, &[varint(1, status), varint(2, code as u64)].concat())
}

/// What a message says: fields, then attributes, as text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) fields: Vec<(FieldName, String)>,
    pub(crate) attributes: Vec<(String, String)>,
}

impl Said {
    pub(crate) fn field(&self, name: FieldName) -> Option<&str> {
        let mut found = self.fields.iter().filter(|(n, _)| *n == name);
        let first = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name:?} stands there twice");
        first
    }

    pub(crate) fn attribute(&self, key: &str) -> Option<&str> {
        self.attributes.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }
}

/// One for each message.
pub(crate) fn said(outcome: &Outcome) -> Vec<Said> {
    let (mut fields, mut attributes) = (outcome.fields.iter(), outcome.attributes.iter());
    let all = outcome.messages.iter().map(|message| Said {
        fields: fields.by_ref().take(message.fields.into()).map(|(n, v)| (*n, show(v, outcome))).collect(),
        attributes: attributes
            .by_ref()
            .take(message.attributes.into())
            .map(|(k, v)| (show(k, outcome), show(v, outcome)))
            .collect(),
    });
    let all = all.collect();
    assert_eq!((fields.len(), attributes.len()), (0, 0), "entries that belong to no message");
    all
}

pub(crate) fn raw<'a>(value: &Value, outcome: &'a Outcome) -> &'a [u8] {
    match *value {
        Value::Owned { offset, length } => &outcome.owned[offset as usize..(offset + length) as usize],
        ref other => panic!("{other:?} is no text of the guest"),
    }
}

fn show(value: &Value, outcome: &Outcome) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        text => String::from_utf8_lossy(raw(text, outcome)).into_owned(),
    }
}
