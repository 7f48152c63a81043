//! Records -> messages.
//!
//! Takes: what the guest handed over for one payload. Gives: messages with fields and attributes, texts in `owned`. The payload's
//! direction says whether they are requests or responses, as in the original; an empty text is no text.

use weir_pipeline::parse::event::Direction;
use weir_pipeline::parse::outcome::{FieldName, Message, MessageKind, MessagePart, MessageStatus, Outcome, Value};
use weir_pipeline::parse::parser::PluginFault;

use super::call::Slot;
use super::claims::Connection;
use super::records::{Record, ResponseStatus, Text};
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
    let base = outcome.owned.len() as u32;
    outcome.owned.extend_from_slice(&slot.bytes);
    let mut writer = Writer { bytes: &slot.bytes, base, outcome, fields: 0, attributes: 0 };
    let name = writer.own(name);
    for record in slot.records() {
        let end = end(record, payload, start);
        (writer.fields, writer.attributes) = (0, 0);
        write(record, payload, connection, name, &mut writer);
        let (fields, attributes) = (writer.fields, writer.attributes);
        let message = Message {
            connection: payload.connection,
            direction: payload.direction,
            kind: kind(record, payload.direction),
            part: part(record, payload.direction, connection),
            status: record.status.map_or(MessageStatus::None, ResponseStatus::message_status),
            protocol: 0,
            fields,
            attributes,
            pieces: 0,
            correlation: record.request_id.map(u64::from),
            start,
            end,
        };
        writer.outcome.messages.push(message);
        if end < payload.end {
            start = end;
        }
    }
    let lists = [
        ("fields", outcome.fields.len(), limits.fields),
        ("attributes", outcome.attributes.len(), limits.attributes),
        ("bytes of texts", outcome.owned.len(), limits.owned_bytes),
    ];
    let long = lists.into_iter().find(|(_, length, limit)| length > limit);
    long.map_or(Ok(()), |(what, length, limit)| {
        Err(too_much(format!("parse_payload: {length} {what} of one batch, the limit is {limit}")))
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

/// Writes the entries of one message.
struct Writer<'a> {
    /// The guest's; they stand in `owned` from `base` on.
    bytes: &'a [u8],
    base: u32,
    outcome: &'a mut Outcome,
    fields: u16,
    attributes: u16,
}

impl Writer<'_> {
    fn value(&self, text: Text) -> Value {
        Value::Owned { offset: self.base + text.at, length: text.length }
    }

    fn own(&mut self, text: &[u8]) -> Value {
        let offset = self.outcome.owned.len() as u32;
        self.outcome.owned.extend_from_slice(text);
        Value::Owned { offset, length: text.len() as u32 }
    }

    fn field(&mut self, name: FieldName, value: Value) {
        self.outcome.fields.push((name, value));
        self.fields += 1;
    }

    fn text_attribute(&mut self, key: &[u8], text: Text) {
        if !text.is_empty() {
            self.attribute(key, self.value(text));
        }
    }

    fn attribute(&mut self, key: &[u8], value: Value) {
        let key = self.own(key);
        self.pair(key, value);
    }

    /// A record has 65535 bytes and each of its attributes three, so that they can be counted.
    fn pair(&mut self, key: Value, value: Value) {
        self.outcome.attributes.push((key, value));
        self.attributes += 1;
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
    let texts = [
        (FieldName::ResponseException, record.exception),
        (FieldName::ResponseResult, record.result),
        (FieldName::XRequestId, record.x_request_id),
    ];
    for (field, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        to.field(field, to.value(text));
    }
    trace_ids(record, payload.direction, connection, to);
    for (key, value) in record.attributes(to.bytes).filter(|(key, _)| !key.is_empty()) {
        to.pair(to.value(key), to.value(value));
    }
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

/// What request logs have no field for.
fn rest(record: &Record, payload: &Payload, to: &mut Writer<'_>) {
    to.text_attribute(b"biz_code", record.biz_code);
    to.text_attribute(b"biz_scenario", record.biz_scenario);
    to.text_attribute(b"biz_response_code", record.biz_response_code);
    if record.biz_type > 0 {
        to.attribute(b"biz_type", Value::Number(i64::from(record.biz_type)));
    }
    if record.is_reversed == Some(true) {
        let yes = to.own(b"true");
        to.attribute(b"is_reversed", yes);
    }
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
