//! Records as protobuf message `AppInfo`. Takes: the bytes behind `PB`. Gives: a record. Fields that are not known are stepped over,
//! those of a wrong type reject it, as a protobuf library does.

use super::cursor::{Cursor, Text};
use super::{Pairs, Record, ResponseStatus};

/// Fields of `AppInfo`.
mod app {
    pub(super) const REQUEST_LENGTH: u32 = 1;
    pub(super) const RESPONSE_LENGTH: u32 = 2;
    pub(super) const REQUEST_ID: u32 = 3;
    pub(super) const REQUEST: u32 = 10;
    pub(super) const RESPONSE: u32 = 11;
    pub(super) const TRACE: u32 = 12;
    pub(super) const PROTOCOL: u32 = 13;
    pub(super) const IS_END: u32 = 21;
    pub(super) const IS_ASYNC: u32 = 22;
    pub(super) const IS_REVERSED: u32 = 23;
    pub(super) const ATTRIBUTE: u32 = 31;
    pub(super) const BIZ_TYPE: u32 = 32;
    pub(super) const BIZ_CODE: u32 = 33;
    pub(super) const BIZ_SCENARIO: u32 = 34;
    pub(super) const BIZ_RESPONSE_CODE: u32 = 35;
}

/// Further trace ids in `AppTrace`.
const TRACE_IDS: u32 = 6;

/// What a field holds.
enum Wire {
    Number(u64),
    Bytes(Text),
    /// Fixed width: nothing here has it.
    Other,
}

impl Wire {
    fn number(self) -> Option<u64> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }

    fn bytes(self) -> Option<Text> {
        if let Self::Bytes(text) = self { Some(text) } else { None }
    }
}

/// Number and content of the next field.
#[inline]
fn field(message: &mut Cursor<'_>) -> Option<(u32, Wire)> {
    let tag = u32::try_from(message.varint()?).ok()?;
    let wire = match tag & 7 {
        0 => Wire::Number(message.varint()?),
        1 => message.take(8).map(|_| Wire::Other)?,
        2 => {
            let length = usize::try_from(message.varint()?).ok()?;
            Wire::Bytes(message.take(length)?)
        }
        5 => message.take(4).map(|_| Wire::Other)?,
        _ => return None,
    };
    Some((tag >> 3, wire)).filter(|(number, _)| *number > 0)
}

pub(super) fn read(mut message: Cursor<'_>) -> Option<Record> {
    let whole = message;
    let mut record = Record::default();
    let within = |range| whole.part(range);
    while !message.is_empty() {
        let (number, wire) = field(&mut message)?;
        match number {
            app::REQUEST_LENGTH => record.request_length = Some(wire.number()? as u32),
            app::RESPONSE_LENGTH => record.response_length = Some(wire.number()? as u32),
            app::REQUEST_ID => record.request_id = Some(wire.number()? as u32),
            app::REQUEST => read_request(within(wire.bytes()?), &mut record)?,
            app::RESPONSE => read_response(within(wire.bytes()?), &mut record)?,
            app::TRACE => {
                record.trace = wire.bytes()?;
                read_trace(within(record.trace), &mut record)?;
            }
            app::PROTOCOL => record.protocol = wire.bytes()?,
            app::IS_END => record.is_end = Some(wire.number()? != 0),
            app::IS_ASYNC => record.is_async = Some(wire.number()? != 0),
            app::IS_REVERSED => record.is_reversed = Some(wire.number()? != 0),
            app::ATTRIBUTE => {
                pair(within(wire.bytes()?))?;
                record.attributes = Pairs::Protobuf(whole.rest());
            }
            app::BIZ_TYPE => record.biz_type = wire.number()? as u8,
            app::BIZ_CODE => record.biz_code = wire.bytes()?,
            app::BIZ_SCENARIO => record.biz_scenario = wire.bytes()?,
            app::BIZ_RESPONSE_CODE => record.biz_response_code = wire.bytes()?,
            _ => {}
        }
    }
    Some(record)
}

/// `AppRequest`.
fn read_request(mut message: Cursor<'_>, record: &mut Record) -> Option<()> {
    (record.status, record.code) = (None, None);
    (record.exception, record.result) = (Text::default(), Text::default());
    while !message.is_empty() {
        let (number, wire) = field(&mut message)?;
        let text = match number {
            1 => &mut record.version,
            2 => &mut record.request_type,
            3 => &mut record.domain,
            4 => &mut record.resource,
            5 => &mut record.endpoint,
            _ => continue,
        };
        *text = wire.bytes()?;
    }
    Some(())
}

/// `AppResponse`. One without a status is not taken.
fn read_response(mut message: Cursor<'_>, record: &mut Record) -> Option<()> {
    (record.version, record.domain, record.resource) = <_>::default();
    (record.request_type, record.endpoint) = <_>::default();
    while !message.is_empty() {
        let (number, wire) = field(&mut message)?;
        match number {
            1 => record.status = Some(ResponseStatus::from_raw(wire.number()?)?),
            2 => record.code = Some(wire.number()? as i32),
            3 => record.exception = wire.bytes()?,
            4 => record.result = wire.bytes()?,
            5 => record.request_type = wire.bytes()?,
            6 => record.endpoint = wire.bytes()?,
            _ => {}
        }
    }
    record.status.map(|_| ())
}

/// `AppTrace`.
fn read_trace(mut message: Cursor<'_>, record: &mut Record) -> Option<()> {
    while !message.is_empty() {
        let (number, wire) = field(&mut message)?;
        let text = match number {
            1 => &mut record.trace_id,
            2 => &mut record.span_id,
            3 => &mut record.parent_span_id,
            4 => &mut record.x_request_id,
            5 => &mut record.http_proxy_client,
            TRACE_IDS => {
                wire.bytes()?;
                continue;
            }
            _ => continue,
        };
        *text = wire.bytes()?;
    }
    Some(())
}

/// `KeyVal`.
fn pair(mut message: Cursor<'_>) -> Option<(Text, Text)> {
    let (mut key, mut value) = (Text::default(), Text::default());
    while !message.is_empty() {
        match field(&mut message)? {
            (1, wire) => key = wire.bytes()?,
            (2, wire) => value = wire.bytes()?,
            _ => {}
        }
    }
    Some((key, value))
}

/// The contents of all fields of that number.
fn all<'a>(mut message: Cursor<'a>, wanted: u32) -> impl Iterator<Item = Text> + 'a {
    std::iter::from_fn(move || {
        while !message.is_empty() {
            if let (number, Wire::Bytes(text)) = field(&mut message)?
                && number == wanted
            {
                return Some(text);
            }
        }
        None
    })
}

pub(super) fn trace_ids<'a>(trace: Cursor<'a>) -> impl Iterator<Item = Text> + 'a {
    all(trace, TRACE_IDS)
}

pub(super) fn attributes<'a>(message: Cursor<'a>) -> impl Iterator<Item = (Text, Text)> + 'a {
    all(message, app::ATTRIBUTE).filter_map(move |range| pair(message.part(range)))
}
