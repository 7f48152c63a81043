//! Records as agents of 2023 and 2024 took them, packed by hand; four forms that do not say which one they are.
//!
//! Takes: the bytes of one record, and which way its payload went. Gives: the record in the newest form that explains every byte.

use weir_pipeline::parse::event::Direction;

use super::cursor::{Cursor, Text};
use super::{Pairs, Record, ResponseStatus};

/// What a form has besides what all have.
#[derive(Clone, Copy)]
struct Form {
    /// A byte that says whether several records make one message.
    merge: bool,
    /// A number of the business at the end.
    biz_type: bool,
    /// The name of the protocol.
    protocol: bool,
}

/// From April 2024, February 2024, August 2023 and April 2023.
const FORMS: [Form; 4] = [
    Form { merge: true, biz_type: true, protocol: true },
    Form { merge: true, biz_type: true, protocol: false },
    Form { merge: true, biz_type: false, protocol: false },
    Form { merge: false, biz_type: false, protocol: false },
];

/// Bits of the merge byte.
const NEEDS_MERGE: u8 = 0x80;
const IS_END: u8 = 0x01;
/// Bit of a length: it is there.
const IS_PRESENT: u32 = 1 << 31;

pub(super) fn read(record: Cursor<'_>, direction: Direction) -> Option<Record> {
    FORMS.into_iter().find_map(|form| read_form(record, direction, form))
}

fn read_form(mut from: Cursor<'_>, direction: Direction, form: Form) -> Option<Record> {
    let mut record = Record {
        request_length: length(&mut from)?,
        response_length: length(&mut from)?,
        request_id: optional(&mut from, Cursor::u32)?,
        ..Record::default()
    };
    match direction {
        Direction::ClientToServer => {
            record.request_type = from.text()?;
            record.endpoint = from.text()?;
            record.domain = from.text()?;
            record.resource = from.text()?;
        }
        Direction::ServerToClient => {
            record.status = Some(ResponseStatus::from_raw(u64::from(from.u8()?))?);
            record.code = optional(&mut from, |from| Some(from.u32()? as i32))?;
            record.result = from.text()?;
            record.exception = from.text()?;
        }
    }
    if form.protocol {
        record.protocol = from.text()?;
    }
    if form.merge {
        let merge = from.u8()?;
        record.is_end = (merge & NEEDS_MERGE != 0).then_some(merge & IS_END != 0);
    }
    trace(&mut from, &mut record)?;
    if from.flag()? {
        record.attributes = Pairs::Legacy(from.rest());
        pairs_of(&mut from).for_each(drop);
    }
    if form.biz_type {
        record.biz_type = from.u8()?;
    }
    from.is_empty().then_some(record)
}

/// `host_read_http_result`.
pub(super) fn http_result(mut from: Cursor<'_>) -> Option<Record> {
    let mut record = Record::default();
    trace(&mut from, &mut record)?;
    record.attributes = Pairs::Legacy(from.rest());
    pairs_of(&mut from).for_each(drop);
    from.is_empty().then_some(record)
}

fn trace(from: &mut Cursor<'_>, record: &mut Record) -> Option<()> {
    if from.flag()? {
        record.trace_id = from.text()?;
        record.span_id = from.text()?;
        record.parent_span_id = from.text()?;
    }
    Some(())
}

fn length(from: &mut Cursor<'_>) -> Option<Option<u32>> {
    let raw = from.u32()?;
    Some((raw & IS_PRESENT != 0).then_some(raw & !IS_PRESENT))
}

/// A value with a byte before it that says whether it is there.
fn optional<'a, T>(
    from: &mut Cursor<'a>,
    read: impl FnOnce(&mut Cursor<'a>) -> Option<T>,
) -> Option<Option<T>> {
    if from.flag()? { read(from).map(Some) } else { Some(None) }
}

/// Pairs until one does not fit any more; that one is left.
fn pairs_of<'c, 'a>(from: &'c mut Cursor<'a>) -> impl Iterator<Item = (Text, Text)> + use<'c, 'a> {
    std::iter::from_fn(move || {
        let mut ahead = *from;
        let pair = (ahead.text()?, ahead.text()?);
        *from = ahead;
        Some(pair)
    })
}

pub(super) fn pairs<'a>(mut from: Cursor<'a>) -> impl Iterator<Item = (Text, Text)> + 'a {
    std::iter::from_fn(move || pairs_of(&mut from).next())
}
