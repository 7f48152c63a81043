//! Plays the host, natively: keeps what a parser left, steps over what it does not want, hands out gaps.
//!
//! Takes: a conversation. Gives: the messages that the parser told. Does not pair them; `weir replay` does.

use std::fmt::Write as _;

use crate::abi::{self, progress_state, value_case};
use crate::instance::Instance;
use crate::message::{Field, Kind, Lists, Part, Status};
use crate::parser::{Direction, Parser, Probe, Sender, Transport, Verdict};

mod conversations;
mod hooks;
mod pieces;

pub use crate::host::configured;
pub use conversations::{
    Random, every_prefix, every_prefix_of, every_split, every_split_of, mutations, mutations_of,
};
pub use hooks::{Hooks, Patched, Subject, Value, observe};
pub use pieces::{Piece, PieceKind};

/// One connection, driven by hand.
#[derive(Debug)]
pub struct Harness<P> {
    instance: Instance<P>,
    transport: Transport,
    lanes: [Lane; 2],
    messages: Vec<Message>,
    violations: usize,
    end: Option<End>,
    time: u64,
    flow: abi::Flow,
}

/// One direction.
#[derive(Debug, Default)]
struct Lane {
    kept: Vec<u8>,
    /// Of the byte behind `kept`.
    position: u64,
    /// Next byte that is wanted.
    resume_at: u64,
    need: u32,
}

/// How a parser left a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// `Step::Finished`.
    Finished,
    /// `Step::Upgraded`.
    Upgraded,
}

/// A message as a parser told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Which way it went.
    pub direction: Direction,
    /// Request, response or one-way.
    pub kind: Kind,
    /// Whole, or one end of it.
    pub part: Part,
    /// How it went.
    pub status: Status,
    /// Index into the manifest's protocols.
    pub protocol: u8,
    /// What ties it to its other half.
    pub correlation: Option<u64>,
    /// Position of the first byte.
    pub start: u64,
    /// Position behind the last byte.
    pub end: u64,
    /// In the order they were set; numbers as text.
    pub fields: Vec<(Field, String)>,
    /// In the order they were set.
    pub attributes: Vec<(String, String)>,
    /// Of heads and bodies, in the order they were given.
    pub pieces: Vec<Piece>,
}

impl Message {
    /// The last value of a field.
    #[must_use]
    pub fn text(&self, field: Field) -> Option<&str> {
        self.fields.iter().rev().find(|(f, _)| *f == field).map(|(_, v)| v.as_str())
    }

    /// The last value of an attribute.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<&str> {
        self.attributes.iter().rev().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// All pieces of heads, one behind the other.
    #[must_use]
    pub fn head(&self) -> Vec<u8> {
        pieces::concat(&self.pieces, PieceKind::Head)
    }

    /// All pieces of bodies, one behind the other, of all payloads.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        pieces::concat(&self.pieces, PieceKind::Body)
    }

    /// Payload by payload.
    #[must_use]
    pub fn payloads(&self) -> Vec<Vec<u8>> {
        pieces::payloads(&self.pieces)
    }
}

impl<P: Parser> Harness<P> {
    /// A TCP connection, seen from its start.
    #[must_use]
    pub fn tcp() -> Self {
        Self::open(Transport::Tcp, true)
    }

    /// A TCP connection that the capture joined in the middle.
    #[must_use]
    pub fn tcp_joined() -> Self {
        Self::open(Transport::Tcp, false)
    }

    /// Datagrams of one five-tuple.
    #[must_use]
    pub fn udp() -> Self {
        Self::open(Transport::Udp, true)
    }

    fn open(transport: Transport, from_start: bool) -> Self {
        let flow = abi::Flow {
            transport: transport as u8,
            from_start: u8::from(from_start),
            client: endpoint(1, 40_000),
            server: endpoint(2, 80),
            ..abi::Flow::default()
        };
        let harness = Self {
            instance: Instance::default(),
            transport,
            lanes: Default::default(),
            messages: Vec::new(),
            violations: 0,
            end: None,
            time: 1_700_000_000_000_000_000,
            flow,
        };
        harness.opened()
    }

    fn opened(mut self) -> Self {
        let flow = self.flow;
        self.call(&[], &[flow], abi::StreamEvent::opened(0));
        self
    }

    /// As if a hook wanted heads. Say it before the first bytes.
    #[must_use]
    pub fn with_heads(mut self) -> Self {
        self.flow.heads = 1;
        self.opened()
    }

    /// As if a hook wanted so many bytes of each body. Say it before the first bytes.
    #[must_use]
    pub fn with_bodies(mut self, limit: u32) -> Self {
        self.flow.body_limit = limit;
        self.opened()
    }

    /// The client sends a segment or datagram.
    #[must_use]
    pub fn client(self, bytes: impl AsRef<[u8]>) -> Self {
        self.send(Direction::ClientToServer, bytes)
    }

    /// The server sends a segment or datagram.
    #[must_use]
    pub fn server(self, bytes: impl AsRef<[u8]>) -> Self {
        self.send(Direction::ServerToClient, bytes)
    }

    /// Nothing comes for so many nanoseconds.
    #[must_use]
    pub fn wait(mut self, nanoseconds: u64) -> Self {
        self.time += nanoseconds;
        self
    }

    /// One side sends a segment or datagram.
    #[must_use]
    pub fn send(mut self, direction: Direction, bytes: impl AsRef<[u8]>) -> Self {
        self.push(direction, bytes.as_ref());
        self
    }

    /// The same as [`Harness::send`], in a loop.
    pub fn push(&mut self, direction: Direction, bytes: &[u8]) {
        self.time += 1_000;
        let lane = &mut self.lanes[direction.index()];
        let first = lane.position;
        lane.position += bytes.len() as u64;
        let wanted = lane.resume_at.saturating_sub(first).min(bytes.len() as u64) as usize;
        lane.kept.extend_from_slice(&bytes[wanted..]);
        if self.end.is_some() || lane.kept.is_empty() || lane.kept.len() < lane.need as usize {
            return;
        }
        let position = lane.position - lane.kept.len() as u64;
        let arena = std::mem::take(&mut lane.kept);
        let length = arena.len() as u32;
        let event = abi::StreamEvent::data(0, direction as u8, 0, length, position, self.time);
        self.call(&arena, &[], event);
        let lane = &mut self.lanes[direction.index()];
        let left = lane.position.saturating_sub(lane.resume_at).min(u64::from(length)) as usize;
        lane.kept.extend_from_slice(&arena[arena.len() - left..]);
    }

    /// So many bytes of one direction were not captured.
    #[must_use]
    pub fn gap(mut self, direction: Direction, bytes: u64) -> Self {
        let lane = &mut self.lanes[direction.index()];
        let (position, unread) = (lane.position, std::mem::take(&mut lane.kept));
        lane.position += bytes;
        if lane.resume_at < lane.position {
            lane.resume_at = lane.position;
            lane.need = 0;
            let event = abi::StreamEvent::gap(0, direction as u8, 0, unread.len() as u32, position, bytes);
            self.call(&unread, &[], event);
        }
        self
    }

    /// The connection ends.
    #[must_use]
    pub fn close(mut self) -> Self {
        self.call(&[], &[], abi::StreamEvent::closed(0));
        self
    }

    /// What was told so far.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Messages with their `Begin`, `More` and `End` joined into one `Whole`, in the order of their beginnings: what the host
    /// makes of them. Pieces that follow one another are one.
    #[must_use]
    pub fn joined(&self) -> Vec<Message> {
        let mut joined: Vec<Message> = Vec::new();
        for message in &self.messages {
            let same = |m: &&mut Message| {
                m.part == Part::Begin
                    && (m.direction, m.kind, m.correlation)
                        == (message.direction, message.kind, message.correlation)
            };
            match message.part {
                Part::End | Part::More => {
                    let Some(begun) = joined.iter_mut().find(same) else { continue };
                    if message.part == Part::End {
                        begun.part = Part::Whole;
                        begun.end = message.end;
                    }
                    begun.pieces.extend(message.pieces.iter().cloned());
                    begun.fields.extend(message.fields.iter().cloned());
                    begun.attributes.extend(message.attributes.iter().cloned());
                    if message.status != Status::None {
                        begun.status = message.status;
                    }
                }
                _ => joined.push(message.clone()),
            }
        }
        for message in &mut joined {
            pieces::join(&mut message.pieces, message.part == Part::Whole);
        }
        joined
    }

    /// How often the parser said that bytes are not its protocol's.
    #[must_use]
    pub fn violations(&self) -> usize {
        self.violations
    }

    /// Whether and how the parser left the connection.
    #[must_use]
    pub fn end(&self) -> Option<End> {
        self.end
    }

    fn call(&mut self, arena: &[u8], flows: &[abi::Flow], event: abi::StreamEvent) {
        let lists = self.instance.process(arena, flows, &[event]);
        read_messages(lists, arena, &mut self.messages);
        if event.case != abi::event_case::DATA {
            return;
        }
        let lane = &mut self.lanes[usize::from(event.direction)];
        lane.resume_at = lane.resume_at.max(lane.position);
        lane.need = 0;
        for progress in lists.progress() {
            lane.resume_at = progress.resume_at;
            lane.need = progress.need;
            match progress.state {
                progress_state::VIOLATION => self.violations += 1,
                progress_state::FINISHED => self.end = Some(End::Finished),
                progress_state::UPGRADED => self.end = Some(End::Upgraded),
                _ => {}
            }
        }
        let datagram = self.transport == Transport::Udp;
        assert!(!datagram || lane.resume_at == lane.position, "a datagram must not be kept");
    }
}

/// What `check` says to bytes from the client (or the server) of a connection that was seen from its start.
#[must_use]
pub fn check<P: Parser>(transport: Transport, sender: Option<Sender>, payload: &[u8]) -> Verdict {
    let probe = Probe { transport, source_port: 40_000, destination_port: 80, from_start: true, sender };
    P::check(payload, &probe)
}

fn read_messages(lists: &Lists, arena: &[u8], into: &mut Vec<Message>) {
    let text = |value: &abi::Value| {
        let (offset, length) = (value.bits as u32 as usize, (value.bits >> 32) as usize);
        match value.case {
            value_case::SLICE => String::from_utf8_lossy(&arena[offset..offset + length]).into_owned(),
            value_case::OWNED => {
                String::from_utf8_lossy(&lists.owned()[offset..offset + length]).into_owned()
            }
            _ => {
                let mut number = String::new();
                let _ = write!(number, "{}", value.bits as i64);
                number
            }
        }
    };
    let (mut fields, mut attributes) = (lists.fields().iter(), lists.attributes().iter());
    let mut pieces = lists.pieces().iter();
    for message in lists.messages() {
        let owned = |offset: u32, length: u32| {
            String::from_utf8_lossy(&lists.owned()[offset as usize..(offset + length) as usize]).into_owned()
        };
        into.push(Message {
            direction: Direction::from_raw(message.direction),
            kind: [Kind::Request, Kind::Response, Kind::OneWay][usize::from(message.kind)],
            part: [Part::Whole, Part::Begin, Part::End, Part::More][usize::from(message.part)],
            status: [Status::None, Status::Ok, Status::ClientError, Status::ServerError]
                [usize::from(message.status)],
            protocol: message.protocol,
            correlation: (message.has_correlation != 0).then_some(message.correlation),
            start: message.start,
            end: message.end,
            fields: fields
                .by_ref()
                .take(usize::from(message.fields))
                .map(|f| (Field::ALL[usize::from(f.name)], text(&f.value)))
                .collect(),
            attributes: attributes
                .by_ref()
                .take(usize::from(message.attributes))
                .map(|a| (owned(a.key, a.key_length), text(&a.value)))
                .collect(),
            pieces: pieces
                .by_ref()
                .take(usize::from(message.pieces))
                .map(|p| pieces::read(p, arena, lists.owned()))
                .collect(),
        });
    }
}

fn endpoint(host: u64, port: u16) -> abi::Endpoint {
    abi::Endpoint { high: 0, low: 0xffff_0a00_0000 + host, port, ..abi::Endpoint::default() }
}
