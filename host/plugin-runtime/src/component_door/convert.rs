//! The WIT's types <-> the pipeline's. Takes: what wasmtime lifted. Gives: what [`Checks`] let through.

use weir_pipeline::decode::{Address, Transport};
use weir_pipeline::parse::event::{Direction, FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::{
    Encoding, FieldName, Message, MessageKind, MessagePart, MessageStatus, Outcome, ParserState, Piece,
    PieceKind, Progress, Value,
};
use weir_pipeline::parse::parser::{CheckVerdict, Manifest, PluginFault, Probe, Signature};

use super::bindings::exports::weir::plugin::{identity, parser};
use super::bindings::weir::plugin::types;
use crate::checks::{Checks, Lengths, Lie};
use crate::fault::too_much;
use crate::plugin::{MANIFEST_LIST, MANIFEST_TEXT};

fn transport_in(transport: Transport) -> types::Transport {
    match transport {
        Transport::Tcp => types::Transport::Tcp,
        Transport::Udp => types::Transport::Udp,
    }
}

pub(super) fn direction_in(direction: Direction) -> types::Direction {
    match direction {
        Direction::ClientToServer => types::Direction::ClientToServer,
        Direction::ServerToClient => types::Direction::ServerToClient,
    }
}

pub(super) fn probe(probe: &Probe) -> parser::Probe {
    parser::Probe {
        transport: transport_in(probe.transport),
        source_port: probe.source_port,
        destination_port: probe.destination_port,
        from_start: probe.from_start,
        client_known: probe.from_client.is_some(),
        from_client: probe.from_client == Some(true),
    }
}

pub(super) fn flow(flow: &FlowFacts) -> types::Flow {
    types::Flow {
        connection: flow.connection,
        transport: transport_in(flow.transport),
        client: endpoint(flow.client),
        server: endpoint(flow.server),
        from_start: flow.from_start,
        heads: flow.heads,
        body_limit: flow.body_limit,
    }
}

pub(super) fn endpoint((Address(bits), port): (Address, u16)) -> types::Endpoint {
    types::Endpoint { address: types::Address { high: (bits >> 64) as u64, low: bits as u64 }, port }
}

pub(super) fn event(event: &StreamEvent) -> parser::StreamEvent {
    match *event {
        StreamEvent::Opened { flow } => parser::StreamEvent::Opened(flow),
        StreamEvent::Data { connection, direction, offset, length, position, time } => {
            let direction = direction_in(direction);
            parser::StreamEvent::Data(parser::Data { connection, direction, offset, length, position, time })
        }
        StreamEvent::Gap { connection, direction, offset, length, position, bytes } => {
            let direction = direction_in(direction);
            parser::StreamEvent::Gap(parser::Gap { connection, direction, offset, length, position, bytes })
        }
        StreamEvent::Closed { connection } => parser::StreamEvent::Closed(connection),
    }
}

pub(super) fn verdict(verdict: parser::Verdict) -> CheckVerdict {
    match verdict {
        parser::Verdict::No => CheckVerdict::No,
        parser::Verdict::NeedMore => CheckVerdict::NeedMore,
        parser::Verdict::ClientSpeaks => CheckVerdict::ClientSpeaks,
        parser::Verdict::ServerSpeaks => CheckVerdict::ServerSpeaks,
    }
}

/// The same bounds as the core door has; the rules are checked elsewhere.
pub(super) fn manifest(manifest: parser::Manifest) -> Result<Manifest, PluginFault> {
    let parser::Manifest { name, version, protocols, signatures } = manifest;
    let texts = [name.len(), version.len()].into_iter().chain(protocols.iter().map(String::len));
    let lists = [protocols.len(), signatures.len()]
        .into_iter()
        .chain(signatures.iter().flat_map(|s| [s.any_of.len(), s.ports.len()]));
    check_texts(texts, lists)?;
    let protocols = protocols.into_iter().map(Into::into).collect();
    Ok(Manifest { name, version, protocols, signatures: signatures.into_iter().map(signature).collect() })
}

/// A plugin without a parser: the manifest has its name and version alone.
pub(super) fn about(about: identity::About) -> Result<Manifest, PluginFault> {
    let identity::About { name, version } = about;
    check_texts([name.len(), version.len()].into_iter(), std::iter::empty())?;
    Ok(Manifest { name, version, protocols: Vec::new(), signatures: Vec::new() })
}

/// Lengths of what a plugin says of itself.
pub(super) fn check_texts(
    mut texts: impl Iterator<Item = usize>,
    mut lists: impl Iterator<Item = usize>,
) -> Result<(), PluginFault> {
    if let Some(length) = texts.find(|length| *length > MANIFEST_TEXT) {
        return Err(too_much(format!("a text of {length} bytes, the limit is {MANIFEST_TEXT}")));
    }
    match lists.find(|length| *length > MANIFEST_LIST) {
        Some(length) => Err(too_much(format!("a list of {length} entries, the limit is {MANIFEST_LIST}"))),
        None => Ok(()),
    }
}

fn signature(signature: parser::Signature) -> Signature {
    Signature {
        transport: match signature.transport {
            types::Transport::Tcp => Transport::Tcp,
            types::Transport::Udp => Transport::Udp,
        },
        offset: signature.offset,
        any_of: signature.any_of,
        ports: signature.ports,
    }
}

pub(super) fn outcome(
    answer: &parser::Outcome,
    mut checks: Checks<'_>,
    into: &mut Outcome,
) -> Result<(), PluginFault> {
    let parser::Outcome { messages, fields, attributes, progress, pieces } = answer;
    checks.lengths(&Lengths {
        messages: messages.len(),
        fields: fields.len(),
        attributes: attributes.len(),
        pieces: pieces.len(),
        progress: progress.len(),
    })?;
    lists(answer, &mut checks, into).map_err(|lie| lie.fault("process"))
}

fn lists(answer: &parser::Outcome, checks: &mut Checks<'_>, into: &mut Outcome) -> Result<(), Lie> {
    let parser::Outcome { messages, fields, attributes, progress, pieces } = answer;
    for message in messages {
        let message = message_out(message);
        checks.message(&message)?;
        into.messages.push(message);
    }
    checks.claims(fields.len(), attributes.len(), pieces.len())?;
    self::fields(fields, checks, &mut into.owned, &mut into.fields)?;
    self::attributes(attributes, checks, &mut into.owned, &mut into.attributes)?;
    for piece in pieces {
        let bytes = value(&piece.bytes, checks, &mut into.owned)?;
        into.pieces.push(piece_out(piece, bytes));
    }
    for progress in progress {
        let progress = progress_out(progress);
        checks.progress(&progress)?;
        into.progress.push(progress);
    }
    Ok(())
}

pub(super) fn fields(
    fields: &[types::Field],
    checks: &Checks<'_>,
    owned: &mut Vec<u8>,
    into: &mut Vec<(FieldName, Value)>,
) -> Result<(), Lie> {
    for field in fields {
        into.push((field_name(field.name), value(&field.value, checks, owned)?));
    }
    Ok(())
}

pub(super) fn attributes(
    attributes: &[types::Attribute],
    checks: &Checks<'_>,
    owned: &mut Vec<u8>,
    into: &mut Vec<(Value, Value)>,
) -> Result<(), Lie> {
    for attribute in attributes {
        let key = self::owned(&attribute.key, checks, owned)?;
        into.push((key, value(&attribute.value, checks, owned)?));
    }
    Ok(())
}

fn value(value: &types::Value, checks: &Checks<'_>, into: &mut Vec<u8>) -> Result<Value, Lie> {
    match value {
        types::Value::Slice(types::Slice { offset, length }) => {
            checks.slice(*offset, *length)?;
            Ok(Value::Slice { offset: *offset, length: *length })
        }
        types::Value::Owned(text) => owned(text, checks, into),
        types::Value::Number(number) => Ok(Value::Number(*number)),
    }
}

fn owned(text: &str, checks: &Checks<'_>, into: &mut Vec<u8>) -> Result<Value, Lie> {
    let (offset, length) = checks.own(text.as_bytes(), into)?;
    Ok(Value::Owned { offset, length })
}

fn message_out(message: &parser::Message) -> Message {
    Message {
        connection: message.connection,
        direction: match message.direction {
            types::Direction::ClientToServer => Direction::ClientToServer,
            types::Direction::ServerToClient => Direction::ServerToClient,
        },
        kind: match message.kind {
            parser::Kind::Request => MessageKind::Request,
            parser::Kind::Response => MessageKind::Response,
            parser::Kind::OneWay => MessageKind::OneWay,
        },
        part: match message.part {
            parser::Part::Whole => MessagePart::Whole,
            parser::Part::Begin => MessagePart::Begin,
            parser::Part::End => MessagePart::End,
            parser::Part::More => MessagePart::More,
        },
        status: status_out(message.status),
        protocol: message.protocol,
        fields: message.fields,
        attributes: message.attributes,
        pieces: message.pieces,
        correlation: message.correlation,
        start: message.start,
        end: message.end,
    }
}

pub(super) fn status_out(status: types::Status) -> MessageStatus {
    match status {
        types::Status::None => MessageStatus::None,
        types::Status::Ok => MessageStatus::Ok,
        types::Status::ClientError => MessageStatus::ClientError,
        types::Status::ServerError => MessageStatus::ServerError,
    }
}

fn piece_out(piece: &parser::Piece, bytes: Value) -> Piece {
    Piece {
        kind: match piece.kind {
            parser::PieceKind::Head => PieceKind::Head,
            parser::PieceKind::Body => PieceKind::Body,
        },
        encoding: match piece.encoding {
            types::Encoding::Identity => Encoding::Identity,
            types::Encoding::Gzip => Encoding::Gzip,
            types::Encoding::Deflate => Encoding::Deflate,
            types::Encoding::Brotli => Encoding::Brotli,
            types::Encoding::Zstd => Encoding::Zstd,
        },
        last: piece.last,
        bytes,
    }
}

fn progress_out(progress: &parser::Progress) -> Progress {
    Progress {
        event: progress.event,
        state: match progress.state {
            parser::State::Going => ParserState::Going,
            parser::State::Violation => ParserState::Violation,
            parser::State::Finished => ParserState::Finished,
            parser::State::Upgraded => ParserState::Upgraded,
        },
        need: progress.need,
        resume_at: progress.resume_at,
    }
}

fn field_name(name: types::FieldName) -> FieldName {
    match name {
        types::FieldName::RequestType => FieldName::RequestType,
        types::FieldName::RequestDomain => FieldName::RequestDomain,
        types::FieldName::RequestResource => FieldName::RequestResource,
        types::FieldName::Endpoint => FieldName::Endpoint,
        types::FieldName::RequestId => FieldName::RequestId,
        types::FieldName::ResponseCode => FieldName::ResponseCode,
        types::FieldName::ResponseException => FieldName::ResponseException,
        types::FieldName::ResponseResult => FieldName::ResponseResult,
        types::FieldName::Version => FieldName::Version,
        types::FieldName::TraceId => FieldName::TraceId,
        types::FieldName::SpanId => FieldName::SpanId,
        types::FieldName::ParentSpanId => FieldName::ParentSpanId,
        types::FieldName::XRequestId => FieldName::XRequestId,
        types::FieldName::HttpProxyClient => FieldName::HttpProxyClient,
        types::FieldName::BizProtocol => FieldName::BizProtocol,
    }
}

pub(super) fn field_name_in(name: FieldName) -> types::FieldName {
    match name {
        FieldName::RequestType => types::FieldName::RequestType,
        FieldName::RequestDomain => types::FieldName::RequestDomain,
        FieldName::RequestResource => types::FieldName::RequestResource,
        FieldName::Endpoint => types::FieldName::Endpoint,
        FieldName::RequestId => types::FieldName::RequestId,
        FieldName::ResponseCode => types::FieldName::ResponseCode,
        FieldName::ResponseException => types::FieldName::ResponseException,
        FieldName::ResponseResult => types::FieldName::ResponseResult,
        FieldName::Version => types::FieldName::Version,
        FieldName::TraceId => types::FieldName::TraceId,
        FieldName::SpanId => types::FieldName::SpanId,
        FieldName::ParentSpanId => types::FieldName::ParentSpanId,
        FieldName::XRequestId => types::FieldName::XRequestId,
        FieldName::HttpProxyClient => types::FieldName::HttpProxyClient,
        FieldName::BizProtocol => types::FieldName::BizProtocol,
    }
}
