//! Records -> messages.
//!
//! Takes: what the guest handed over for one payload. Gives: messages with fields and attributes, texts in `owned`. The payload's
//! direction says whether they are requests or responses, as in the original; an empty text is no text.

use weir_pipeline::parse::event::Direction;
use weir_pipeline::parse::outcome::{
    FieldName, Message, MessageKind, MessagePart, MessageStatus, Outcome, Value,
};
use weir_pipeline::parse::parser::PluginFault;

use super::call::Slot;
use super::claims::Connection;
use super::records::{Record, ResponseStatus};
use super::writer::{Lists, Writer};
use crate::fault::too_much;
use crate::limits::Limits;

/// Trace ids of one record that are kept; DeepFlow's server keeps two.
const TRACE_IDS: usize = 8;
/// Messages of one direction of a connection that are put together of several records at a time; more are told as they come.
const BEGUN: usize = 64;
/// Fields that belong to the request: a response fills them only where the request said nothing.
const OF_REQUEST: [FieldName; 8] = [
    FieldName::RequestType,
    FieldName::RequestDomain,
    FieldName::RequestResource,
    FieldName::Endpoint,
    FieldName::Version,
    FieldName::SpanId,
    FieldName::ParentSpanId,
    FieldName::HttpProxyClient,
];

/// Where the records come from.
pub(super) struct Payload {
    pub(super) connection: u32,
    pub(super) direction: Direction,
    /// Positions in the stream.
    pub(super) start: u64,
    pub(super) end: u64,
}

/// Adds one message for each record in the slot. `name`: of the protocol, as `check_payload` gave it.
pub(super) fn tell(
    slot: &Slot,
    payload: &Payload,
    connection: &mut Connection,
    name: &[u8],
    outcome: &mut Outcome,
    limits: &Limits,
) -> Result<(), PluginFault> {
    if slot.records().is_empty() {
        return Ok(());
    }
    if outcome.messages.len() + slot.records().len() > limits.messages {
        return Err(too_much(format!("parse_payload: more than {} messages of one batch", limits.messages)));
    }
    let mut start = payload.start;
    let Outcome { messages, fields, attributes, owned, .. } = outcome;
    let mut writer = Writer::new(&slot.bytes, Lists { fields, attributes, owned });
    let name = writer.own(name);
    for record in slot.records() {
        let end = end(record, payload, start);
        writer.start();
        write(record, payload, connection, name, &mut writer);
        let message = Message {
            connection: payload.connection,
            direction: payload.direction,
            kind: kind(record, payload.direction),
            part: part(record, payload.direction, connection),
            status: record.status.map_or(MessageStatus::None, ResponseStatus::message_status),
            protocol: 0,
            fields: writer.fields,
            attributes: writer.attributes,
            pieces: 0,
            correlation: record.request_id.map(u64::from),
            start,
            end,
        };
        messages.push(message);
        if end < payload.end {
            start = end;
        }
    }
    within(limits, [outcome.fields.len(), outcome.attributes.len(), outcome.owned.len()])
}

/// Numbers of fields, attributes and bytes of texts of one batch.
pub(super) fn within(limits: &Limits, lengths: [usize; 3]) -> Result<(), PluginFault> {
    let limits = [
        ("fields", limits.fields),
        ("attributes", limits.attributes),
        ("bytes of texts", limits.owned_bytes),
    ];
    let long = limits.into_iter().zip(lengths).find(|((_, limit), length)| length > limit);
    long.map_or(Ok(()), |((what, limit), length)| {
        Err(too_much(format!("{length} {what} of one batch, the limit is {limit}")))
    })
}

/// A length that the record states ends its message inside of the payload; several records of one payload follow one another then.
fn end(record: &Record, payload: &Payload, start: u64) -> u64 {
    let end = stated_length(record, payload.direction).map(|length| start + u64::from(length));
    end.filter(|end| *end > start && *end <= payload.end).unwrap_or(payload.end)
}

fn stated_length(record: &Record, direction: Direction) -> Option<u32> {
    match direction {
        Direction::ClientToServer => record.request_length,
        Direction::ServerToClient => record.response_length,
    }
}

fn kind(record: &Record, direction: Direction) -> MessageKind {
    match direction {
        _ if record.is_async == Some(true) => MessageKind::OneWay,
        Direction::ClientToServer => MessageKind::Request,
        Direction::ServerToClient => MessageKind::Response,
    }
}

/// Several records make one message where the plugin says so: the first begins it, the one with the end flag ends it.
fn part(record: &Record, direction: Direction, connection: &mut Connection) -> MessagePart {
    let Some(is_end) = record.is_end else { return MessagePart::Whole };
    let begun = &mut connection.begun[direction.index()];
    let place = begun.iter().position(|id| *id == record.request_id);
    match (place, is_end) {
        (Some(place), true) => {
            begun.swap_remove(place);
            MessagePart::End
        }
        (Some(_), false) => MessagePart::More,
        (None, false) if begun.len() < BEGUN => {
            begun.push(record.request_id);
            MessagePart::Begin
        }
        (None, _) => MessagePart::Whole,
    }
}

fn write(record: &Record, payload: &Payload, connection: &mut Connection, name: Value, to: &mut Writer<'_>) {
    if !matches!(name, Value::Owned { length: 0, .. }) {
        to.field(FieldName::BizProtocol, name);
    } else if !record.protocol.is_empty() {
        to.field(FieldName::BizProtocol, to.value(record.protocol));
    }
    if let Some(id) = record.request_id {
        to.field(FieldName::RequestId, Value::Number(i64::from(id)));
    }
    of_request(record, payload.direction, connection, to);
    if let Some(code) = record.code {
        to.field(FieldName::ResponseCode, Value::Number(i64::from(code)));
    }
    to.text(FieldName::ResponseException, record.exception);
    to.text(FieldName::ResponseResult, record.result);
    to.text(FieldName::XRequestId, record.x_request_id);
    trace_ids(record, payload.direction, connection, to);
    to.own_attributes(record);
    to.business(record);
    rest(record, payload, to);
}

fn of_request(record: &Record, direction: Direction, connection: &mut Connection, to: &mut Writer<'_>) {
    let is_request = direction == Direction::ClientToServer;
    if is_request {
        connection.told = 0;
    }
    let texts = [
        record.request_type,
        record.domain,
        record.resource,
        record.endpoint,
        record.version,
        record.span_id,
        record.parent_span_id,
        record.http_proxy_client,
    ];
    for (index, (field, text)) in OF_REQUEST.into_iter().zip(texts).enumerate() {
        if text.is_empty() {
            continue;
        }
        if is_request {
            connection.told |= 1 << index;
        } else if connection.told & 1 << index != 0 {
            continue;
        }
        to.field(field, to.value(text));
    }
}

/// The first id is the message's, the others are attributes. A response says again what its request said, or adds to it.
fn trace_ids(record: &Record, direction: Direction, connection: &mut Connection, to: &mut Writer<'_>) {
    if direction == Direction::ClientToServer {
        connection.trace = 0;
    }
    let bytes = to.bytes;
    let mut known = [&[][..]; TRACE_IDS];
    let mut count = 0;
    for id in record.trace_ids(bytes).filter(|id| !id.is_empty()) {
        let text = id.of(bytes);
        let hash = hash(text);
        if known.iter().take(count).any(|known| *known == text) || connection.trace == hash {
            continue;
        }
        let Some(place) = known.get_mut(count) else { return };
        *place = text;
        count += 1;
        let before = usize::from(connection.trace != 0 && direction == Direction::ServerToClient);
        match count + before {
            1 => to.field(FieldName::TraceId, to.value(id)),
            nth => to.attribute(format!("trace_id_{nth}").as_bytes(), to.value(id)),
        }
        if count == 1 && direction == Direction::ClientToServer {
            connection.trace = hash;
        }
    }
}

/// FNV-1a, never 0: only tells whether a response repeats the id of its request.
fn hash(text: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    text.iter().fold(0xcbf2_9ce4_8422_2325, step).max(1)
}

/// What the host can not say in a message.
fn rest(record: &Record, payload: &Payload, to: &mut Writer<'_>) {
    if record.status == Some(ResponseStatus::Timeout) {
        let timeout = to.own(b"timeout");
        to.attribute(b"response_status", timeout);
    }
    // The host counts lengths itself; one that it can not know is kept.
    let longer = |length: &u32| u64::from(*length) > payload.end - payload.start;
    let [own, other] = match payload.direction {
        Direction::ClientToServer => [
            (b"req_len".as_slice(), record.request_length.filter(longer)),
            (b"resp_len".as_slice(), record.response_length),
        ],
        Direction::ServerToClient => [
            (b"resp_len".as_slice(), record.response_length.filter(longer)),
            (b"req_len".as_slice(), record.request_length),
        ],
    };
    for (key, length) in [own, other] {
        if let Some(length) = length {
            to.attribute(key, Value::Number(i64::from(length)));
        }
    }
}
