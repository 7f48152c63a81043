//! Flows and events -> records in guest memory. Takes: exactly as many bytes as the records need.

use weir_pipeline::decode::{Address, Transport};
use weir_pipeline::parse::event::{Direction, FlowFacts, StreamEvent};

use super::layout::{endpoint, event, flow};

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
