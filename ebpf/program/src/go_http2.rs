//! Calls of Go's HTTP/2 server -> records of requests and their answers.
//!
//! Takes: calls of its functions, behind their check of the stack, in Go's register ABI. Gives: records, for connections over TLS that were there before the probes: what
//! their header fields mean depends on fields that nobody saw (RFC 7541, 2.3.2), but the server knows them in the clear. Does not do: clients,
//! what is in bodies, fields of answers, connections whose beginning is seen: their bytes are told as those of any other.
//!
//! A connection is told by one of both from its first call on, so nothing is told twice.

use aya_ebpf::EbpfContext;
use aya_ebpf::bindings::BPF_RB_NO_WAKEUP;
use aya_ebpf::helpers::generated::{bpf_get_attach_cookie, bpf_probe_read_user};
use aya_ebpf::programs::ProbeContext;
use weir_ebpf_common::{
    Counter, ENDS_STREAM, Event, FIELD_NAME, FIELD_VALUE, FIELD_VALUE_AT, FIELDS, FieldPlace, GoHttp2Layout,
    GoLayout, Record,
};

use crate::admission::{self, Caller};
use crate::emit::{self, HEAD, hidden};
use crate::kernel::{PtRegs, read_user};
use crate::maps::{CONNECTIONS, HTTP2_RECORDS, RECORDS, count_atomically};
use crate::socket::Socket;
use crate::tls::{self, Object};

/// Nobody looked at the connection yet.
const UNDECIDED: u32 = 0;
/// Its bytes are told.
const BYTES: u32 = 1;
/// The hooks tell it.
const HOOKS: u32 = 2;

/// Whether hooks tell what this connection carries. `buffer`: what a call carried just now; of the first one it is looked at.
#[inline(always)]
pub fn tells(object: Object, layout: GoLayout, event: u32, buffer: u64) -> bool {
    if layout.protocol == 0 {
        return false;
    }
    let Some(connection) = CONNECTIONS.get_ptr_mut(object) else { return false };
    // SAFETY: the map's memory. Two goroutines that are here at the same time come to the same end.
    let mut told_by = unsafe { (*connection).told_by };
    if told_by == UNDECIDED {
        let is_hooked = is_http2_server(object.address, layout) == Some(true)
            && is_beginning(event, buffer) == Some(false);
        told_by = if is_hooked { HOOKS } else { BYTES };
        // SAFETY: as above.
        unsafe { (*connection).told_by = told_by };
    }
    told_by == HOOKS
}

/// By what both ends agreed on (RFC 9113, 3.2).
#[inline(always)]
fn is_http2_server(connection: u64, layout: GoLayout) -> Option<bool> {
    let is_client: u8 = read_user(connection.wrapping_add(layout.is_client.into()))?;
    let [name, length] = read_user::<[u64; 2]>(connection.wrapping_add(layout.protocol.into()))?;
    Some(is_client == 0 && length == 2 && read_user::<[u8; 2]>(name)? == *b"h2")
}

/// A client begins with its preface, a server with its settings (RFC 9113, 3.4); what comes later is no settings but their
/// acknowledgment.
#[inline(always)]
fn is_beginning(event: u32, buffer: u64) -> Option<bool> {
    let [a, b, c, kind, flags, stream @ ..] = read_user::<[u8; 9]>(buffer)?;
    if event == Event::Received as u32 {
        return Some([a, b, c, kind, flags] == *b"PRI *");
    }
    const SETTINGS: u8 = 4;
    const ACKNOWLEDGES: u8 = 1;
    Some(a == 0 && kind == SETTINGS && flags & ACKNOWLEDGES == 0 && stream == [0; 4])
}

/// A server has read the header of a request, or its trailers.
#[inline(always)]
pub unsafe fn request(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let (server, frame, _, g) = unsafe { PtRegs::go(context.regs.cast()) };
    let record = described(context, server, g, Event::RequestField)?;
    // `MetaHeadersFrame`: a `*HeadersFrame`, then a slice of `hpack.HeaderField`.
    let [header, fields, number] = read_user::<[u64; 3]>(frame)?;
    // It begins with a `FrameHeader`: valid, type, flags, a byte of padding; length; number of the stream.
    let [[_, _, flags, _], _, stream] = read_user::<[[u8; 4]; 3]>(header)?;
    record.sequence = u32::from_ne_bytes(stream);
    record.flags = if flags & 1 != 0 { ENDS_STREAM } else { 0 };
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

/// Hands one field over. Gives 0, or something else where it could not be read; none where the ring is full. There are no branches, as the
/// verifier would follow both ways in each round.
#[inline(always)]
fn put_field(record: &mut Record, field: &[u64; 4]) -> Option<u64> {
    let [name, name_length, value, value_length] = *field;
    let Some(mut entry) = RECORDS.reserve_bytes(HEAD + FIELD_VALUE_AT + FIELD_VALUE + 1, 0) else {
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
    entry.submit(u64::from(BPF_RB_NO_WAKEUP));
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

/// A handler answers.
#[inline(always)]
pub unsafe fn response(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let (server, _, head, g) = unsafe { PtRegs::go(context.regs.cast()) };
    // `writeResHeaders`: number of the stream, four bytes of padding, status; 0 for trailers.
    let [stream, status] = read_user::<[u64; 2]>(head)?;
    if status == 0 || status > 999 {
        return None;
    }
    let record = described(context, server, g, Event::ResponseStatus)?;
    (record.sequence, record.acknowledgment) = (stream as u32, status as u32);
    emit::put(record, 0);
    Some(())
}

/// A server has read a part of a body.
#[inline(always)]
pub unsafe fn request_data(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let (server, frame, _, g) = unsafe { PtRegs::go(context.regs.cast()) };
    let record = described(context, server, g, Event::RequestData)?;
    // A `DataFrame` begins with its `FrameHeader`, as above.
    let [[_, _, flags, _], length, stream] = read_user::<[[u8; 4]; 3]>(frame)?;
    record.sequence = u32::from_ne_bytes(stream);
    record.acknowledgment = u32::from_ne_bytes(length);
    record.flags = if flags & 1 != 0 { ENDS_STREAM } else { 0 };
    emit::put(record, 0);
    Some(())
}

/// A handler writes a part of a body.
#[inline(always)]
pub unsafe fn response_data(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let ((server, stream, _, g), function) =
        unsafe { (PtRegs::go(context.regs.cast()), PtRegs::function(context.regs.cast())) };
    let record = described(context, server, g, Event::ResponseData)?;
    // Behind the `*serverConn`.
    record.sequence = read_user::<u32>(stream.wrapping_add(8))?;
    // The fourth word is the length of the data.
    record.acknowledgment = function.arguments[0] as u32;
    emit::put(record, 0);
    Some(())
}

/// A stream is done.
#[inline(always)]
pub unsafe fn ended(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let (server, stream, _, g) = unsafe { PtRegs::go(context.regs.cast()) };
    let record = described(context, server, g, Event::StreamEnded)?;
    // Behind the `*serverConn`.
    record.sequence = read_user::<u32>(stream.wrapping_add(8))?;
    emit::put(record, 0);
    Some(())
}

/// A record that says which connection it is. None: the hooks do not tell it.
#[inline(always)]
fn described<'a>(context: &ProbeContext, server: u64, g: u64, event: Event) -> Option<&'a mut Record> {
    let caller = Caller::present();
    let thread = caller.process_thread;
    // SAFETY: takes what the kernel gave.
    let layout = GoHttp2Layout::from_cookie(unsafe { bpf_get_attach_cookie(context.as_ptr()) });
    let address: u64 = read_user(server.wrapping_add(layout.connection_data.into()))?;
    let connection = CONNECTIONS.get_ptr(Object { address, process: thread >> 32 })?;
    // SAFETY: the map's memory.
    let (number, sock, told_by) =
        unsafe { ((*connection).number, (*connection).address, (*connection).told_by) };
    if told_by != HOOKS || !admission::admits_process(&caller) {
        return None;
    }
    let socket = Socket::still(number, sock as usize)?;
    let goroutine = Object { address: g, process: thread >> 32 };
    if HTTP2_RECORDS.get_ptr(goroutine).is_none() {
        HTTP2_RECORDS.insert(goroutine, emit::empty(event), 0).ok()?;
    }
    // SAFETY: the map's memory; only this goroutine uses its entry.
    let record = unsafe { &mut *HTTP2_RECORDS.get_ptr_mut(goroutine)? };
    tls::describe(record, event as u8, number, &socket)?;
    record.process_thread = thread;
    record.coroutine = read_user(g.wrapping_add(layout.goroutine_id.into())).unwrap_or(0);
    Some(record)
}
