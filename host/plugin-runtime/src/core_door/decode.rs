//! Records in guest memory -> a checked [`Outcome`].
//!
//! Takes: an address that a guest answered. Gives: an outcome of which every index names something and every range lies
//! inside of what it refers to, or what is wrong. Each list's bounds are looked at once, each record once.

use weir_pipeline::hooks::hook::{Action, Patch, Patches};
use weir_pipeline::parse::event::Direction;
use weir_pipeline::parse::outcome::{
    Encoding, FieldName, Message, MessageKind, MessagePart, MessageStatus, Outcome, ParserState, Piece,
    PieceKind, Progress, Value,
};
use weir_pipeline::parse::parser::{CheckVerdict, PluginFault};

use super::layout::{
    attribute, field, message, outcome, patch, patches, piece, progress, u16_at, u32_at, u64_at, value,
};
use crate::checks::{Checks, Lengths, Lie};

/// Alignment of every list of `outcome`.
const ALIGN: u32 = 8;
/// Cases of `value`.
const SLICE: u8 = 0;
const OWNED: u8 = 1;
const NUMBER: u8 = 2;

/// `verdict` of the WIT.
pub(super) fn verdict(raw: u32) -> Option<CheckVerdict> {
    Some(match raw {
        0 => CheckVerdict::No,
        1 => CheckVerdict::NeedMore,
        2 => CheckVerdict::ClientSpeaks,
        3 => CheckVerdict::ServerSpeaks,
        _ => return None,
    })
}

/// Reads the `patches` at `area`. `subjects`: how many were shown.
pub(super) fn read_patches(
    memory: &[u8],
    area: u32,
    subjects: usize,
    mut checks: Checks<'_>,
    into: &mut Patches,
) -> Result<(), PluginFault> {
    let heads: &[u8; patches::SIZE] =
        record(memory, area).ok_or_else(|| Lie::Outcome(area).fault("observe"))?;
    let length = |at: usize| u32_at(heads, at + 4) as usize;
    checks.hook_lengths(
        length(patches::PATCHES),
        length(patches::FIELDS),
        length(patches::ATTRIBUTES),
        subjects,
    )?;
    read_patch_lists(memory, heads, subjects, &mut checks, into).map_err(|lie| lie.fault("observe"))
}

fn read_patch_lists(
    memory: &[u8],
    heads: &[u8; patches::SIZE],
    subjects: usize,
    checks: &mut Checks<'_>,
    into: &mut Patches,
) -> Result<(), Lie> {
    for record in
        aligned_list::<{ patch::SIZE }, _>(memory, heads, patches::PATCHES, "patches", patch::ALIGN)?
    {
        let patch = decode_patch(record).ok_or(Lie::Case("patch"))?;
        checks.patch(&patch, subjects)?;
        into.patches.push(patch);
    }
    let fields = list::<{ field::SIZE }, _>(memory, heads, patches::FIELDS, "fields")?;
    let attributes = list::<{ attribute::SIZE }, _>(memory, heads, patches::ATTRIBUTES, "attributes")?;
    checks.claims(fields.len(), attributes.len(), 0)?;
    let Patches { fields: into_fields, attributes: into_attributes, owned, .. } = into;
    read_fields(memory, fields, checks, owned, into_fields)?;
    read_attributes(memory, attributes, checks, owned, into_attributes)
}

fn read_fields(
    memory: &[u8],
    fields: &[[u8; field::SIZE]],
    checks: &Checks<'_>,
    owned: &mut Vec<u8>,
    into: &mut Vec<(FieldName, Value)>,
) -> Result<(), Lie> {
    into.reserve(fields.len());
    for record in fields {
        let name = *FieldName::ALL.get(usize::from(record[field::NAME])).ok_or(Lie::Case("field"))?;
        decode_value(record, field::VALUE, memory, checks, owned, |value| into.push((name, value)))?;
    }
    Ok(())
}

fn read_attributes(
    memory: &[u8],
    attributes: &[[u8; attribute::SIZE]],
    checks: &Checks<'_>,
    owned: &mut Vec<u8>,
    into: &mut Vec<(Value, Value)>,
) -> Result<(), Lie> {
    for record in attributes {
        let (address, length) = (u32_at(record, attribute::KEY), u32_at(record, attribute::KEY + 4));
        let (offset, length) = checks.own(text(memory, address, length)?, owned)?;
        let key = Value::Owned { offset, length };
        decode_value(record, attribute::VALUE, memory, checks, owned, |value| into.push((key, value)))?;
    }
    Ok(())
}

fn decode_patch(record: &[u8; patch::SIZE]) -> Option<Patch> {
    Some(Patch {
        subject: u32_at(record, patch::SUBJECT),
        action: match record[patch::ACTION] {
            0 => Action::Next,
            1 => Action::Stop,
            2 => Action::Drop,
            _ => return None,
        },
        status: decode_status(record[patch::STATUS])?,
        fields: u16_at(record, patch::FIELDS),
        attributes: u16_at(record, patch::ATTRIBUTES),
    })
}

fn decode_status(raw: u8) -> Option<MessageStatus> {
    Some(match raw {
        0 => MessageStatus::None,
        1 => MessageStatus::Ok,
        2 => MessageStatus::ClientError,
        3 => MessageStatus::ServerError,
        _ => return None,
    })
}

/// Reads the `outcome` at `area`.
pub(super) fn read(
    memory: &[u8],
    area: u32,
    mut checks: Checks<'_>,
    outcome: &mut Outcome,
) -> Result<(), PluginFault> {
    let heads = record(memory, area).ok_or_else(|| Lie::Outcome(area).fault("process"))?;
    let length = |at: usize| u32_at(heads, at + 4) as usize;
    let (fields, attributes) = (length(outcome::FIELDS), length(outcome::ATTRIBUTES));
    checks.lengths(&Lengths {
        messages: length(outcome::MESSAGES),
        fields,
        attributes,
        pieces: length(outcome::PIECES),
        progress: length(outcome::PROGRESS),
    })?;
    read_lists(memory, heads, &mut checks, outcome).map_err(|lie| lie.fault("process"))
}

fn read_lists(
    memory: &[u8],
    heads: &[u8; outcome::SIZE],
    checks: &mut Checks<'_>,
    outcome: &mut Outcome,
) -> Result<(), Lie> {
    let records = list::<{ message::SIZE }, _>(memory, heads, outcome::MESSAGES, "messages")?;
    outcome.messages.reserve(records.len());
    for record in records {
        let message = decode_message(record).ok_or(Lie::Case("message"))?;
        checks.message(&message)?;
        outcome.messages.push(message);
    }

    let fields = list::<{ field::SIZE }, _>(memory, heads, outcome::FIELDS, "fields")?;
    let attributes = list::<{ attribute::SIZE }, _>(memory, heads, outcome::ATTRIBUTES, "attributes")?;
    let pieces = list::<{ piece::SIZE }, _>(memory, heads, outcome::PIECES, "pieces")?;
    checks.claims(fields.len(), attributes.len(), pieces.len())?;
    let Outcome { fields: into, owned, .. } = outcome;
    read_fields(memory, fields, checks, owned, into)?;
    read_attributes(memory, attributes, checks, owned, &mut outcome.attributes)?;

    for record in pieces {
        let (kind, encoding, last) = decode_piece(record).ok_or(Lie::Case("piece"))?;
        let into = &mut outcome.pieces;
        decode_value(record, piece::BYTES, memory, checks, owned, |bytes| {
            into.push(Piece { kind, encoding, last, bytes });
        })?;
    }

    for record in list::<{ progress::SIZE }, _>(memory, heads, outcome::PROGRESS, "progress")? {
        let progress = decode_progress(record).ok_or(Lie::Case("progress"))?;
        checks.progress(&progress)?;
        outcome.progress.push(progress);
    }
    Ok(())
}

/// Four bytes aligned, as `outcome` and `manifest` are.
pub(super) fn record<const SIZE: usize>(memory: &[u8], address: u32) -> Option<&[u8; SIZE]> {
    memory.get(address as usize..)?.first_chunk().filter(|_| address.is_multiple_of(4))
}

/// The list of which address and length stand at `at`.
fn list<'m, const SIZE: usize, const HEADS: usize>(
    memory: &'m [u8],
    heads: &[u8; HEADS],
    at: usize,
    name: &'static str,
) -> Result<&'m [[u8; SIZE]], Lie> {
    aligned_list(memory, heads, at, name, ALIGN)
}

fn aligned_list<'m, const SIZE: usize, const HEADS: usize>(
    memory: &'m [u8],
    heads: &[u8; HEADS],
    at: usize,
    name: &'static str,
    align: u32,
) -> Result<&'m [[u8; SIZE]], Lie> {
    let (address, length) = (u32_at(heads, at), u32_at(heads, at + 4));
    records(memory, address, length, align).ok_or(Lie::List { name, address, length })
}

/// So many records, when they lie inside of the memory.
pub(super) fn records<const SIZE: usize>(
    memory: &[u8],
    address: u32,
    length: u32,
    align: u32,
) -> Option<&[[u8; SIZE]]> {
    let bytes = (length as usize).checked_mul(SIZE)?;
    let records = memory.get(address as usize..)?.get(..bytes)?.as_chunks().0;
    address.is_multiple_of(align).then_some(records)
}

/// A text of the guest.
pub(super) fn text(memory: &[u8], address: u32, length: u32) -> Result<&[u8], Lie> {
    let rest = memory.get(address as usize..).and_then(|rest| rest.get(..length as usize));
    rest.ok_or(Lie::Text { address, length })
}

#[inline(always)]
fn decode_message(record: &[u8; message::SIZE]) -> Option<Message> {
    let correlation = match record[message::CORRELATION] {
        0 => None,
        1 => Some(u64_at(record, message::CORRELATION_VALUE)),
        _ => return None,
    };
    Some(Message {
        connection: u32_at(record, message::CONNECTION),
        direction: match record[message::DIRECTION] {
            0 => Direction::ClientToServer,
            1 => Direction::ServerToClient,
            _ => return None,
        },
        kind: match record[message::KIND] {
            0 => MessageKind::Request,
            1 => MessageKind::Response,
            2 => MessageKind::OneWay,
            _ => return None,
        },
        part: match record[message::PART] {
            0 => MessagePart::Whole,
            1 => MessagePart::Begin,
            2 => MessagePart::End,
            3 => MessagePart::More,
            _ => return None,
        },
        status: decode_status(record[message::STATUS])?,
        protocol: record[message::PROTOCOL],
        fields: u16_at(record, message::FIELDS),
        attributes: u16_at(record, message::ATTRIBUTES),
        pieces: u16_at(record, message::PIECES),
        correlation,
        start: u64_at(record, message::START),
        end: u64_at(record, message::END),
    })
}

/// Hands the value on from each arm by itself: one that goes through a common place is put together on the stack and read
/// back in one piece, which stalls the processor (a third of the time of this module, measured).
#[inline(always)]
fn decode_value<const N: usize>(
    record: &[u8; N],
    at: usize,
    memory: &[u8],
    checks: &Checks<'_>,
    owned: &mut Vec<u8>,
    hand_on: impl FnOnce(Value),
) -> Result<(), Lie> {
    let (offset, length) = (u32_at(record, at + value::PAYLOAD), u32_at(record, at + value::PAYLOAD + 4));
    match record[at] {
        SLICE => {
            checks.slice(offset, length)?;
            hand_on(Value::Slice { offset, length });
        }
        OWNED => {
            let (offset, length) = checks.own(text(memory, offset, length)?, owned)?;
            hand_on(Value::Owned { offset, length });
        }
        NUMBER => hand_on(Value::Number(u64_at(record, at + value::PAYLOAD) as i64)),
        _ => return Err(Lie::Case("value")),
    }
    Ok(())
}

fn decode_piece(record: &[u8; piece::SIZE]) -> Option<(PieceKind, Encoding, bool)> {
    let kind = match record[piece::KIND] {
        0 => PieceKind::Head,
        1 => PieceKind::Body,
        _ => return None,
    };
    Some((kind, *Encoding::ALL.get(usize::from(record[piece::ENCODING]))?, record[piece::LAST] != 0))
}

fn decode_progress(record: &[u8; progress::SIZE]) -> Option<Progress> {
    Some(Progress {
        event: u32_at(record, progress::EVENT),
        state: match record[progress::STATE] {
            0 => ParserState::Going,
            1 => ParserState::Violation,
            2 => ParserState::Finished,
            3 => ParserState::Upgraded,
            _ => return None,
        },
        need: u32_at(record, progress::NEED),
        resume_at: u64_at(record, progress::RESUME_AT),
    })
}
