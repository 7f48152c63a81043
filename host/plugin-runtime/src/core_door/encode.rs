//! Flows and events -> records in guest memory. Takes: exactly as many bytes as the records need.

use weir_pipeline::decode::{Address, Transport};
use weir_pipeline::hooks::hook::{SessionType, Slice, Status, Subject};
use weir_pipeline::parse::event::{Direction, FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::{FieldName, Value};

use super::layout::{endpoint, event, field, flow, known_attribute, subject, value};

const SLICE: u8 = 0;
const NUMBER: u8 = 2;
const OPENED: u8 = 0;
const DATA: u8 = 1;
const GAP: u8 = 2;
const CLOSED: u8 = 3;

/// `transport` of the WIT.
pub(super) fn transport(transport: Transport) -> u32 {
    match transport {
        Transport::Tcp => 0,
        Transport::Udp => 1,
    }
}

pub(super) fn events(events: &[StreamEvent], memory: &mut [u8]) {
    let (records, _) = memory.as_chunks_mut();
    for (record, event) in records.iter_mut().zip(events) {
        *record = encode_event(event);
    }
}

pub(super) fn flows(flows: &[FlowFacts], memory: &mut [u8]) {
    let (records, _) = memory.as_chunks_mut();
    for (record, flow) in records.iter_mut().zip(flows) {
        *record = encode_flow(flow);
    }
}

#[inline]
fn encode_event(stream_event: &StreamEvent) -> [u8; event::SIZE] {
    let mut record = [0; event::SIZE];
    let (case, first) = match *stream_event {
        StreamEvent::Opened { flow } => (OPENED, flow),
        StreamEvent::Data { connection, direction, offset, length, position, time } => {
            span(&mut record, direction, (offset, length), position, time);
            (DATA, connection)
        }
        StreamEvent::Gap { connection, direction, offset, length, position, bytes } => {
            span(&mut record, direction, (offset, length), position, bytes);
            (GAP, connection)
        }
        StreamEvent::Closed { connection } => (CLOSED, connection),
    };
    record[0] = case;
    put(&mut record, event::PAYLOAD, first.to_le_bytes());
    record
}

/// What `data` and `gap` have in common.
#[inline(always)]
fn span(
    record: &mut [u8; event::SIZE],
    direction: Direction,
    (offset, length): (u32, u32),
    position: u64,
    last: u64,
) {
    record[event::DIRECTION] = direction as u8;
    put(record, event::OFFSET, offset.to_le_bytes());
    put(record, event::LENGTH, length.to_le_bytes());
    put(record, event::POSITION, position.to_le_bytes());
    put(record, event::LAST, last.to_le_bytes());
}

fn encode_flow(facts: &FlowFacts) -> [u8; flow::SIZE] {
    let mut record = [0; flow::SIZE];
    put(&mut record, flow::CONNECTION, facts.connection.to_le_bytes());
    record[flow::TRANSPORT] = transport(facts.transport) as u8;
    put(&mut record, flow::CLIENT, encode_endpoint(facts.client));
    put(&mut record, flow::SERVER, encode_endpoint(facts.server));
    record[flow::FROM_START] = u8::from(facts.from_start);
    record[flow::HEADS] = u8::from(facts.heads);
    put(&mut record, flow::BODY_LIMIT, facts.body_limit.to_le_bytes());
    record
}

pub(super) fn subjects(subjects: &[Subject], memory: &mut [u8]) {
    let (records, _) = memory.as_chunks_mut();
    for (record, subject) in records.iter_mut().zip(subjects) {
        *record = encode_subject(subject);
    }
}

pub(super) fn fields(fields: &[(FieldName, Value)], memory: &mut [u8]) {
    let (records, _) = memory.as_chunks_mut::<{ field::SIZE }>();
    for (record, (name, value)) in records.iter_mut().zip(fields) {
        *record = [0; field::SIZE];
        // The enum stands in the order of the WIT, as a test proves.
        record[field::NAME] = *name as u8;
        put_value(record, field::VALUE, *value);
    }
}

pub(super) fn known_attributes(attributes: &[(Slice, Value)], memory: &mut [u8]) {
    let (records, _) = memory.as_chunks_mut::<{ known_attribute::SIZE }>();
    for (record, (key, value)) in records.iter_mut().zip(attributes) {
        *record = [0; known_attribute::SIZE];
        put(record, known_attribute::KEY, slice(*key));
        put_value(record, known_attribute::VALUE, *value);
    }
}

fn encode_subject(facts: &Subject) -> [u8; subject::SIZE] {
    let mut record = [0; subject::SIZE];
    put(&mut record, subject::PROTOCOL, slice(facts.protocol));
    put(&mut record, subject::CLIENT, encode_endpoint(facts.client));
    put(&mut record, subject::SERVER, encode_endpoint(facts.server));
    put(&mut record, subject::FLOW_ID, facts.flow_id.to_le_bytes());
    put(&mut record, subject::TIME, facts.time.to_le_bytes());
    put(&mut record, subject::DURATION, facts.duration.to_le_bytes());
    put(&mut record, subject::HEAD, slice(facts.head));
    put(&mut record, subject::BODY, slice(facts.body));
    put(&mut record, subject::FIELDS, facts.fields.to_le_bytes());
    put(&mut record, subject::ATTRIBUTES, facts.attributes.to_le_bytes());
    record[subject::TRANSPORT] = transport(facts.transport) as u8;
    record[subject::DIRECTION] = facts.direction as u8;
    record[subject::STATUS] = match facts.status {
        Status::Unknown => 0,
        Status::Ok => 1,
        Status::ClientError => 2,
        Status::ServerError => 3,
        Status::Timeout => 4,
    };
    record[subject::SESSION_TYPE] = match facts.session_type {
        SessionType::Session => 0,
        SessionType::Request => 1,
        SessionType::Response => 2,
    };
    record[subject::CUT] = u8::from(facts.cut);
    record
}

fn slice(slice: Slice) -> [u8; 8] {
    (u64::from(slice.offset) | u64::from(slice.length) << 32).to_le_bytes()
}

/// What the host gives is a slice or a number.
#[inline(always)]
fn put_value<const N: usize>(record: &mut [u8; N], at: usize, given: Value) {
    let (case, bits) = match given {
        Value::Number(number) => (NUMBER, number as u64),
        Value::Slice { offset, length } | Value::Owned { offset, length } => {
            (SLICE, u64::from(offset) | u64::from(length) << 32)
        }
    };
    record[at] = case;
    put(record, at + value::PAYLOAD, bits.to_le_bytes());
}

fn encode_endpoint((address, port): (Address, u16)) -> [u8; endpoint::SIZE] {
    let mut record = [0; endpoint::SIZE];
    put(&mut record, endpoint::HIGH, ((address.0 >> 64) as u64).to_le_bytes());
    put(&mut record, endpoint::LOW, (address.0 as u64).to_le_bytes());
    put(&mut record, endpoint::PORT, port.to_le_bytes());
    record
}

/// Offsets are constants of [`super::layout`]: inside of the record, as tests prove.
#[inline(always)]
fn put<const N: usize, const M: usize>(record: &mut [u8; N], at: usize, bytes: [u8; M]) {
    record[at..at + M].copy_from_slice(&bytes);
}
