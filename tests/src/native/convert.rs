//! Records of the SDK <-> records of the pipeline. Takes what the SDK itself made, so numbers are trusted.
#![allow(clippy::field_reassign_with_default)] // the records have private padding: no literal makes one

use weir_pipeline::decode::{Address, Transport};
use weir_pipeline::parse::event::{self, FlowFacts};
use weir_pipeline::parse::outcome::{
    Encoding, FieldName, Message, MessageKind, MessagePart, MessageStatus, Outcome, ParserState, Piece,
    PieceKind, Progress, Value,
};
use weir_pipeline::parse::parser::{self, CheckVerdict};
use weir_plugin_sdk::abi::{self, progress_state, value_case};
use weir_plugin_sdk::manifest::Manifest;
use weir_plugin_sdk::message::Lists;
use weir_plugin_sdk::parser::{Probe, Sender, Transport as SdkTransport, Verdict};

pub(super) fn manifest(manifest: &Manifest) -> parser::Manifest {
    let signatures = manifest.signatures().iter().map(|signature| parser::Signature {
        transport: match signature.transport {
            SdkTransport::Tcp => Transport::Tcp,
            SdkTransport::Udp => Transport::Udp,
        },
        offset: signature.offset,
        any_of: signature.any_of.clone(),
        ports: signature.ports.clone(),
    });
    parser::Manifest {
        name: manifest.name().to_owned(),
        version: manifest.version().to_owned(),
        protocols: manifest.protocols().iter().map(|&name| name.into()).collect(),
        signatures: signatures.collect(),
    }
}

pub(super) fn verdict(verdict: Verdict) -> CheckVerdict {
    match verdict {
        Verdict::No => CheckVerdict::No,
        Verdict::NeedMore => CheckVerdict::NeedMore,
        Verdict::ClientSpeaks => CheckVerdict::ClientSpeaks,
        Verdict::ServerSpeaks => CheckVerdict::ServerSpeaks,
    }
}

pub(super) fn probe(probe: &parser::Probe) -> Probe {
    Probe {
        transport: match probe.transport {
            Transport::Tcp => SdkTransport::Tcp,
            Transport::Udp => SdkTransport::Udp,
        },
        source_port: probe.source_port,
        destination_port: probe.destination_port,
        from_start: probe.from_start,
        sender: probe.from_client.map(|client| if client { Sender::Client } else { Sender::Server }),
    }
}

pub(super) fn flow(facts: &FlowFacts) -> abi::Flow {
    let mut flow = abi::Flow::default();
    flow.connection = facts.connection;
    flow.transport = u8::from(facts.transport == Transport::Udp);
    flow.client = endpoint(facts.client);
    flow.server = endpoint(facts.server);
    flow.from_start = u8::from(facts.from_start);
    flow.heads = u8::from(facts.heads);
    flow.body_limit = facts.body_limit;
    flow
}

fn endpoint((address, port): (Address, u16)) -> abi::Endpoint {
    let mut endpoint = abi::Endpoint::default();
    endpoint.high = (address.0 >> 64) as u64;
    endpoint.low = address.0 as u64;
    endpoint.port = port;
    endpoint
}

#[inline]
pub(super) fn event(event: &event::StreamEvent) -> abi::StreamEvent {
    match *event {
        event::StreamEvent::Opened { flow } => abi::StreamEvent::opened(flow),
        event::StreamEvent::Data { connection, direction, offset, length, position, time } => {
            abi::StreamEvent::data(connection, direction as u8, offset, length, position, time)
        }
        event::StreamEvent::Gap { connection, direction, offset, length, position, bytes } => {
            abi::StreamEvent::gap(connection, direction as u8, offset, length, position, bytes)
        }
        event::StreamEvent::Closed { connection } => abi::StreamEvent::closed(connection),
    }
}

/// Owned texts keep their places: the SDK's offsets count from the start of its buffer, as the outcome's do.
pub(super) fn outcome(lists: &Lists, outcome: &mut Outcome) {
    outcome.owned.extend_from_slice(lists.owned());
    outcome.messages.extend(lists.messages().iter().map(message));
    outcome.fields.extend(
        lists.fields().iter().map(|field| (FieldName::ALL[usize::from(field.name)], value(&field.value))),
    );
    outcome.attributes.extend(lists.attributes().iter().map(|attribute| {
        let key = Value::Owned { offset: attribute.key, length: attribute.key_length };
        (key, value(&attribute.value))
    }));
    outcome.pieces.extend(lists.pieces().iter().map(|piece| Piece {
        kind: if piece.kind == 0 { PieceKind::Head } else { PieceKind::Body },
        encoding: Encoding::ALL[usize::from(piece.encoding)],
        last: piece.last != 0,
        bytes: value(&piece.bytes),
    }));
    outcome.progress.extend(lists.progress().iter().map(progress));
}

#[inline]
fn message(message: &abi::Message) -> Message {
    Message {
        connection: message.connection,
        direction: match message.direction {
            0 => event::Direction::ClientToServer,
            _ => event::Direction::ServerToClient,
        },
        kind: match message.kind {
            0 => MessageKind::Request,
            1 => MessageKind::Response,
            _ => MessageKind::OneWay,
        },
        part: match message.part {
            0 => MessagePart::Whole,
            1 => MessagePart::Begin,
            2 => MessagePart::End,
            _ => MessagePart::More,
        },
        status: match message.status {
            0 => MessageStatus::None,
            1 => MessageStatus::Ok,
            2 => MessageStatus::ClientError,
            _ => MessageStatus::ServerError,
        },
        protocol: message.protocol,
        fields: message.fields,
        attributes: message.attributes,
        pieces: message.pieces,
        correlation: (message.has_correlation != 0).then_some(message.correlation),
        start: message.start,
        end: message.end,
    }
}

#[inline]
fn value(value: &abi::Value) -> Value {
    let (offset, length) = (value.bits as u32, (value.bits >> 32) as u32);
    match value.case {
        value_case::SLICE => Value::Slice { offset, length },
        value_case::OWNED => Value::Owned { offset, length },
        _ => Value::Number(value.bits as i64),
    }
}

fn progress(progress: &abi::Progress) -> Progress {
    Progress {
        event: progress.event,
        state: match progress.state {
            progress_state::VIOLATION => ParserState::Violation,
            progress_state::FINISHED => ParserState::Finished,
            progress_state::UPGRADED => ParserState::Upgraded,
            _ => ParserState::Going,
        },
        need: progress.need,
        resume_at: progress.resume_at,
    }
}
