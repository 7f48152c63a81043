//! Fields of headers and trailers. Takes: calls that read or write them. Gives: a record for each, with what fits of name and value.

use aya_ebpf::helpers::generated::bpf_probe_read_user;
use aya_ebpf::programs::ProbeContext;
use weir_ebpf_common::{
    Counter, ENDS_STREAM, Event, FIELD_NAME, FIELD_VALUE, FIELD_VALUE_AT, FIELDS, FieldPlace, Record,
};

use super::{Frame, Hook};
use crate::emit::{HEAD, hidden};
use crate::kernel::{PtRegs, read_user};
use crate::maps::{RECORDS, count_atomically, submit_flags};

/// An end has read a header, or trailers.
#[inline(always)]
pub unsafe fn fields_read(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let (receiver, frame, _, g) = unsafe { PtRegs::go(context.regs.cast()) };
    let hook = Hook::new(context, receiver, g)?;
    let connection = hook.connection()?;
    // `MetaHeadersFrame`: a `*HeadersFrame`, then a slice of `hpack.HeaderField`.
    let [header, fields, number] = read_user::<[u64; 3]>(frame)?;
    let header: Frame = read_user(header)?;
    let event = if hook.is_of_client() { Event::ResponseField } else { Event::RequestField };
    let record = hook.record(connection, event, header.stream)?;
    record.flags |= header.flags();
    let number = bounded::<{ FIELDS as usize }>(number);
    let (mut index, mut failures) = (0, 0);
    // The kernel's verifier knows how often at most; the compiler does not, or it would write all rounds one behind the other.
    while index < number {
        // Two strings and a bool.
        let field = read_user::<[u64; 4]>(fields.wrapping_add(index * 40))?;
        record.acknowledgment = FieldPlace { index: index as u16, number: number as u16 }.word();
        failures |= put_field(record, &field)?;
        index += 1;
    }
    if failures != 0 {
        count_atomically(Counter::Unreadable, 1);
    }
    Some(())
}

/// A client writes a field. Those of a connection are written one after the other.
#[inline(always)]
pub unsafe fn field_written(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let ((client, name, name_length, g), function) =
        unsafe { (PtRegs::go(context.regs.cast()), PtRegs::function(context.regs.cast())) };
    let hook = Hook::new(context, client, g)?;
    hook.join()?;
    let connection = hook.connection()?;
    // SAFETY: the map's memory.
    let index = unsafe { (*connection).fields };
    if u32::from(index) >= FIELDS {
        return None;
    }
    // SAFETY: as above.
    unsafe { (*connection).fields = index + 1 };
    let record = hook.record(connection, Event::RequestField, 0)?;
    record.acknowledgment = FieldPlace { index, number: 0 }.word();
    // The fourth and the fifth word.
    let [value, value_length, ..] = function.arguments;
    if put_field(record, &[name, name_length, value, value_length])? != 0 {
        count_atomically(Counter::Unreadable, 1);
    }
    Some(())
}

/// A client has written all fields of a header, or of trailers.
#[inline(always)]
pub unsafe fn fields_written(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let (client, stream, ends, g) = unsafe { PtRegs::go(context.regs.cast()) };
    let hook = Hook::new(context, client, g)?;
    let connection = hook.connection()?;
    // SAFETY: the map's memory.
    let number = unsafe { (*connection).fields };
    // SAFETY: as above.
    unsafe { (*connection).fields = 0 };
    // A bool has the lowest byte.
    let flags = if ends & 0xff != 0 { ENDS_STREAM } else { 0 };
    hook.tell(Event::RequestFields, stream as u32, number.into(), flags)
}

/// Hands one field over. Gives 0, or something else where it could not be read; none where the ring is full. There are no branches, as the
/// verifier would follow both ways in each round.
#[inline(always)]
fn put_field(record: &mut Record, field: &[u64; 4]) -> Option<u64> {
    let [name, name_length, value, value_length] = *field;
    const SIZE: usize = HEAD + FIELD_VALUE_AT + FIELD_VALUE + 1;
    let Some(mut entry) = RECORDS.reserve_bytes(SIZE, 0) else {
        count_atomically(Counter::RingFull, 1);
        return None;
    };
    let payload = entry.as_mut_ptr().wrapping_add(HEAD);
    let lengths = [bounded::<FIELD_NAME>(name_length), bounded::<FIELD_VALUE>(value_length)];
    // SAFETY: the entry has room for so much at these places; the helper checks the program's addresses, and takes 0 bytes from any.
    let failed = unsafe {
        bpf_probe_read_user(payload.add(4).cast(), lengths[0] as u32, name as *const _)
            | bpf_probe_read_user(payload.add(FIELD_VALUE_AT).cast(), lengths[1] as u32, value as *const _)
    } as u64;
    // Errors are negative.
    let succeeded = !sign(failed);
    let [name_length, value_length] = lengths.map(|length| length & succeeded);
    record.captured = (FIELD_VALUE_AT as u64 + value_length) as u32;
    record.length = record.captured;
    // SAFETY: as above; an entry is aligned to eight bytes.
    unsafe {
        payload.cast::<[u16; 2]>().write([name_length as u16, value_length as u16]);
        entry.as_mut_ptr().cast::<Record>().write(*record);
    }
    entry.submit(submit_flags(SIZE));
    Some(failed)
}

/// The smaller one of both; `MOST` is one less than a power of two, by which the verifier knows it.
#[inline(always)]
fn bounded<const MOST: usize>(length: u64) -> u64 {
    // No string has 2^63 bytes.
    let beyond = length.wrapping_sub(MOST as u64);
    hidden((beyond & sign(beyond)).wrapping_add(MOST as u64)) & MOST as u64
}

/// All bits set where the number is negative, else none.
#[inline(always)]
fn sign(number: u64) -> u64 {
    hidden((number as i64 >> 63) as u64)
}
