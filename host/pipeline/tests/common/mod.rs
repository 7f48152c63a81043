//! A line protocol, a parser for it without any sandbox, and TCP segments by hand.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // each test file uses its part

use std::sync::{Arc, Mutex};

use weir_pipeline::decode::{Address, Segment, TcpFlags, TcpHeader, Transport, TransportHeader};
use weir_pipeline::hooks::hook::Hook;
use weir_pipeline::limits::Limits;
use weir_pipeline::parse::event::{Direction, FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::{
    Encoding, FieldName, Message, MessageKind, MessagePart, MessageStatus, Outcome, ParserState, Piece,
    PieceKind, Progress, Value,
};
use weir_pipeline::parse::parser::{
    CheckVerdict, FaultKind, Manifest, PluginFault, Probe, ProtocolParser, Signature,
};
use weir_pipeline::worker::{Worker, WorkerConfig};
use weir_request_log::{Field, LogSink, RequestLog};

/// `Qtext\n` asks, `Atext\n` answers, `N<n>\n` answers with a body of n bytes behind the line, `!\n` is the last line.
/// Whoever writes `X` first makes the parser fault, and `Z` its check.
pub struct Lines {
    manifest: Arc<Manifest>,
    /// Connections of this instance: left in the present call?
    left: Vec<(u32, usize)>,
    resume: std::collections::HashMap<(u32, usize), u64>,
    open: std::collections::HashSet<u32>,
    /// Connections of which hooks want heads, bodies.
    wanted: std::collections::HashMap<u32, (bool, u32)>,
    /// Every event that was shown, for tests that look at what a parser gets.
    pub seen: Arc<Mutex<Vec<String>>>,
}

impl Lines {
    pub fn new() -> Self {
        Self::of_version("1.0.0")
    }

    pub fn of_version(version: &str) -> Self {
        let manifest = Manifest {
            name: "lines".into(),
            version: version.into(),
            protocols: vec!["Lines".into()],
            signatures: [Transport::Tcp, Transport::Udp]
                .map(|transport| Signature {
                    transport,
                    offset: 0,
                    any_of: [b"Q", b"A", b"N", b"Z"].map(|first| first.to_vec()).to_vec(),
                    ports: vec![],
                })
                .to_vec(),
        };
        Self {
            manifest: Arc::new(manifest),
            left: Vec::new(),
            resume: Default::default(),
            open: Default::default(),
            wanted: Default::default(),
            seen: Arc::default(),
        }
    }

    fn data(
        &mut self,
        index: u32,
        event: &StreamEvent,
        arena: &[u8],
        outcome: &mut Outcome,
    ) -> Result<(), PluginFault> {
        let StreamEvent::Data { connection, direction, offset, length, position, .. } = *event else {
            return Ok(());
        };
        assert!(self.open.contains(&connection), "bytes of a connection that was never opened");
        if self.left.iter().any(|(c, _)| *c == connection) {
            return Ok(());
        }
        let bytes = &arena[offset as usize..(offset + length) as usize];
        let end = position + u64::from(length);
        let mut at = self.resume.get(&(connection, direction.index())).copied().unwrap_or(0).max(position);
        while at < end {
            let rest = &bytes[(at - position) as usize..];
            let Some(line_end) = rest.iter().position(|b| *b == b'\n') else { break };
            let base = offset + (at - position) as u32;
            if rest[0] == b'X' {
                return Err(PluginFault { kind: FaultKind::Trap, detail: "X".into() });
            }
            if rest[0] == b'!' {
                self.resume.insert((connection, direction.index()), end);
                let state = ParserState::Finished;
                outcome.progress.push(Progress { event: index, state, need: 0, resume_at: end });
                return Ok(());
            }
            let body = match rest[0] {
                b'N' => {
                    std::str::from_utf8(&rest[1..line_end]).ok().and_then(|n| n.parse().ok()).unwrap_or(0)
                }
                _ => 0,
            };
            let length = line_end as u64 + 1 + body;
            let (kind, field) = match direction {
                Direction::ClientToServer => (MessageKind::Request, FieldName::RequestResource),
                Direction::ServerToClient => (MessageKind::Response, FieldName::ResponseResult),
            };
            let text = Value::Slice { offset: base + 1, length: line_end.saturating_sub(1) as u32 };
            let pieces = self.pieces(connection, text, outcome);
            outcome.messages.push(Message {
                connection,
                direction,
                kind,
                part: MessagePart::Whole,
                status: if kind == MessageKind::Response { MessageStatus::Ok } else { MessageStatus::None },
                protocol: 0,
                fields: 1,
                pieces,
                attributes: 0,
                correlation: None,
                start: at,
                end: at + length,
            });
            outcome.fields.push((field, text));
            at += length;
        }
        self.resume.insert((connection, direction.index()), at);
        if at < end {
            self.left.push((connection, direction.index()));
        }
        if at != end {
            outcome.progress.push(Progress {
                event: index,
                state: ParserState::Going,
                need: 0,
                resume_at: at,
            });
        }
        Ok(())
    }
}

impl Lines {
    /// The text of a line is its head and its body.
    fn pieces(&self, connection: u32, text: Value, outcome: &mut Outcome) -> u16 {
        let (heads, body_limit) = self.wanted[&connection];
        let before = outcome.pieces.len();
        let (Value::Slice { offset, length }, encoding) = (text, Encoding::Identity) else { return 0 };
        if heads {
            outcome.pieces.push(Piece { kind: PieceKind::Head, encoding, last: false, bytes: text });
        }
        if body_limit > 0 {
            // A byte at a time, so that somebody has to put them together.
            for at in 0..length {
                let bytes = Value::Slice { offset: offset + at, length: 1 };
                outcome.pieces.push(Piece { kind: PieceKind::Body, encoding, last: false, bytes });
            }
        }
        (outcome.pieces.len() - before) as u16
    }
}

impl ProtocolParser for Lines {
    fn manifest(&self) -> &Arc<Manifest> {
        &self.manifest
    }

    fn check(&mut self, payload: &[u8], _: &Probe) -> Result<CheckVerdict, PluginFault> {
        if payload.first() == Some(&b'Z') {
            self.open.clear();
            self.resume.clear();
            return Err(PluginFault { kind: FaultKind::Trap, detail: "Z".into() });
        }
        Ok(match payload.first() {
            Some(b'Q') => CheckVerdict::ClientSpeaks,
            Some(b'A' | b'N') => CheckVerdict::ServerSpeaks,
            _ => CheckVerdict::No,
        })
    }

    fn process(
        &mut self,
        arena: &[u8],
        flows: &[FlowFacts],
        events: &[StreamEvent],
        outcome: &mut Outcome,
    ) -> Result<(), PluginFault> {
        self.left.clear();
        for (index, event) in events.iter().enumerate() {
            match *event {
                StreamEvent::Opened { flow } => {
                    let number = flows[flow as usize].connection;
                    let flow = &flows[flow as usize];
                    self.wanted.insert(number, (flow.heads, flow.body_limit));
                    self.resume.retain(|(c, _), _| *c != number);
                    assert!(self.open.insert(number), "opened twice");
                }
                StreamEvent::Data { .. } => {
                    if let Err(fault) = self.data(index as u32, event, arena, outcome) {
                        // What a runtime does: a new instance that knows nothing.
                        self.open.clear();
                        self.resume.clear();
                        return Err(fault);
                    }
                }
                StreamEvent::Gap { connection, direction, position, bytes, offset, length } => {
                    assert!(self.open.contains(&connection));
                    let unread = &arena[offset as usize..(offset + length) as usize];
                    self.seen.lock().unwrap().push(String::from_utf8_lossy(unread).into_owned());
                    if !self.left.iter().any(|(c, _)| *c == connection) {
                        self.resume.insert((connection, direction.index()), position + bytes);
                    }
                }
                StreamEvent::Closed { connection } => {
                    if !self.left.iter().any(|(c, _)| *c == connection) {
                        assert!(self.open.remove(&connection), "closed without being open");
                    }
                }
            }
        }
        Ok(())
    }
}

/// Request, response, status and type of each log, as text.
#[derive(Default)]
pub struct Told(pub Vec<String>, pub Vec<RequestLog>);

impl LogSink for Told {
    fn log(&mut self, log: &RequestLog) {
        self.0.push(format!(
            "{} {} -> {} {}",
            log.session_type.name(),
            log.fields.text(Field::RequestResource).unwrap_or("-"),
            log.fields.text(Field::ResponseResult).unwrap_or("-"),
            log.status.name()
        ));
        self.1.push(log.clone());
    }
}

/// Both ends of a TCP connection, as a capture sees them.
pub struct Tcp {
    pub worker: Worker,
    pub told: Told,
    pub time: u64,
    pub client_port: u16,
    /// Next sequence numbers: client, server.
    pub next: [u32; 2],
}

pub const CLIENT: usize = 0;
pub const SERVER: usize = 1;

impl Tcp {
    pub fn new(limits: Limits) -> Self {
        Self::with_hooks(limits, Vec::new())
    }

    pub fn with_hooks(limits: Limits, hooks: Vec<Box<dyn Hook>>) -> Self {
        let worker = Worker::new(WorkerConfig { limits }, vec![Box::new(Lines::new())], hooks);
        Self {
            worker,
            told: Told::default(),
            time: 1_000_000_000,
            client_port: 40_000,
            next: [100, u32::MAX - 20],
        }
    }

    pub fn handshake(&mut self) -> &mut Self {
        let [client, server] = self.next;
        self.raw(CLIENT, client.wrapping_sub(1), 0, 0x02, b"");
        self.raw(SERVER, server.wrapping_sub(1), client, 0x12, b"");
        self.raw(CLIENT, client, server, 0x10, b"")
    }

    /// One side sends bytes that the capture sees, with everything acknowledged that the other side sent.
    pub fn send(&mut self, side: usize, bytes: &[u8]) -> &mut Self {
        let (sequence, acknowledgment) = (self.next[side], self.next[1 - side]);
        self.next[side] = sequence.wrapping_add(bytes.len() as u32);
        self.raw(side, sequence, acknowledgment, 0x18, bytes)
    }

    /// One side sends bytes that the capture misses.
    pub fn lose(&mut self, side: usize, bytes: &[u8]) -> &mut Self {
        self.next[side] = self.next[side].wrapping_add(bytes.len() as u32);
        self
    }

    pub fn close(&mut self) -> &mut Self {
        for side in [CLIENT, SERVER] {
            let (sequence, acknowledgment) = (self.next[side], self.next[1 - side]);
            self.next[side] = sequence.wrapping_add(1);
            self.raw(side, sequence, acknowledgment, 0x11, b"");
        }
        self
    }

    pub fn raw(
        &mut self,
        side: usize,
        sequence: u32,
        acknowledgment: u32,
        flags: u8,
        payload: &[u8],
    ) -> &mut Self {
        self.time += 1_000_000;
        let ends = [(Address::v4([10, 0, 0, 9]), self.client_port), (Address::v4([10, 0, 0, 1]), 80)];
        let header = TcpHeader { sequence, acknowledgment, flags: TcpFlags(flags) };
        let segment = Segment {
            time: self.time,
            source: ends[side].0,
            destination: ends[1 - side].0,
            source_port: ends[side].1,
            destination_port: ends[1 - side].1,
            transport: TransportHeader::Tcp(header),
            payload,
            cut: 0,
            call: None,
        };
        self.worker.segment(&segment, &mut self.told);
        self
    }

    pub fn finish(&mut self) -> &[String] {
        self.worker.finish(&mut self.told);
        &self.told.0
    }
}
