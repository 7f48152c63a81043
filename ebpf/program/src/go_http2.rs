//! Calls of Go's HTTP/2 servers and clients -> records of requests and their answers.
//!
//! Takes: calls of their functions, behind their check of the stack, in Go's register ABI. Gives: records, for connections over TLS that were there before the probes: what
//! their header fields mean depends on fields that nobody saw (RFC 7541, 2.3.2), but both ends know them in the clear. Does not do: what
//! is in bodies, fields of a server's answers, connections whose beginning is seen: their bytes are told as those of any other.
//!
//! A connection is told by one of both from its first call on, so nothing is told twice.

use aya_ebpf::EbpfContext;
use aya_ebpf::bindings::BPF_RB_NO_WAKEUP;
use aya_ebpf::helpers::generated::{bpf_get_attach_cookie, bpf_ktime_get_ns, bpf_probe_read_user};
use aya_ebpf::programs::ProbeContext;
use weir_ebpf_common::{
    Counter, ENDS_STREAM, Event, FIELD_NAME, FIELD_VALUE, FIELD_VALUE_AT, FIELDS, FieldPlace, GoLayout,
    OF_CLIENT, Record,
};

use crate::admission::{self, Caller};
use crate::emit::{self, HEAD, hidden};
use crate::go::{self, words};
use crate::kernel::{PtRegs, read_user};
use crate::maps::{CONNECTIONS, HTTP2_RECORDS, RECORDS, count_atomically};
use crate::socket::Socket;
use crate::tls::{self, Connection, Object};

/// Nobody looked at the connection yet.
const UNDECIDED: u16 = 0;
/// Its bytes are told.
const BYTES: u16 = 1;
/// The hooks tell it.
const HOOKS: u16 = 2;

/// Whether hooks tell what this connection carries. `buffer`: what a call carried just now; of the first one it is looked at.
#[inline(always)]
pub fn tells(object: Object, layout: GoLayout, event: u32, buffer: u64) -> bool {
    if layout.roles == 0 {
        return false;
    }
    let Some(connection) = CONNECTIONS.get_ptr_mut(object) else { return false };
    // SAFETY: the map's memory. Two goroutines that are here at the same time come to the same end.
    let mut told_by = unsafe { (*connection).told_by };
    if told_by == UNDECIDED {
        let is_joined = is_joined(object.address, layout, event, buffer) == Some(true);
        told_by = if is_joined { HOOKS } else { BYTES };
        // SAFETY: as above.
        unsafe { (*connection).told_by = told_by };
    }
    told_by == HOOKS
}

/// Whether this is an end that has hooks, of an HTTP/2 connection that began before.
#[inline(always)]
fn is_joined(connection: u64, layout: GoLayout, event: u32, buffer: u64) -> Option<bool> {
    let role = role(connection, layout)?;
    let is_of_client = (role == GoLayout::CLIENTS) == (event == Event::Sent as u32);
    Some(layout.roles & role != 0 && !is_beginning(buffer, is_of_client)?)
}

/// Which end of an HTTP/2 connection it is, by what both agreed on (RFC 9113, 3.2).
#[inline(always)]
fn role(connection: u64, layout: GoLayout) -> Option<u8> {
    let is_client: u8 = read_user(connection.wrapping_add(layout.is_client.into()))?;
    let [name, length] = read_user::<[u64; 2]>(connection.wrapping_add(words(layout.protocol)))?;
    if length != 2 || read_user::<[u8; 2]>(name)? != *b"h2" {
        return None;
    }
    Some(if is_client == 0 { GoLayout::SERVERS } else { GoLayout::CLIENTS })
}

/// A client begins with its preface, a server with its settings (RFC 9113, 3.4); what comes later is no settings but their
/// acknowledgment.
#[inline(always)]
fn is_beginning(buffer: u64, is_of_client: bool) -> Option<bool> {
    let [a, b, c, kind, flags, stream @ ..] = read_user::<[u8; 9]>(buffer)?;
    if is_of_client {
        return Some([a, b, c, kind, flags] == *b"PRI *");
    }
    const SETTINGS: u8 = 4;
    const ACKNOWLEDGES: u8 = 1;
    Some(a == 0 && kind == SETTINGS && flags & ACKNOWLEDGES == 0 && stream == [0; 4])
}

/// A hooked call.
struct Hook {
    layout: GoLayout,
    caller: Caller,
    /// The `crypto/tls.Conn`.
    object: Object,
    goroutine: Object,
}

impl Hook {
    #[inline(always)]
    fn new(context: &ProbeContext, receiver: u64, g: u64) -> Option<Self> {
        let caller = Caller::present();
        let process = caller.process_thread >> 32;
        // SAFETY: takes what the kernel gave.
        let layout = GoLayout::from_cookie(unsafe { bpf_get_attach_cookie(context.as_ptr()) });
        let end = if layout.roles & GoLayout::INDIRECT == 0 { receiver } else { read_user(receiver)? };
        let address = read_user(end.wrapping_add(words(layout.tls_data)))?;
        Some(Self {
            layout,
            caller,
            object: Object { address, process },
            goroutine: Object { address: g, process },
        })
    }

    #[inline(always)]
    fn is_of_client(&self) -> bool {
        self.layout.roles & GoLayout::CLIENTS != 0
    }

    /// The connection. None: the hooks do not tell it.
    #[inline(always)]
    fn connection(&self) -> Option<*mut Connection> {
        let connection = CONNECTIONS.get_ptr_mut(self.object)?;
        // SAFETY: the map's memory.
        let is_told = unsafe { (*connection).told_by } == HOOKS && admission::admits_process(&self.caller);
        is_told.then_some(connection)
    }

    /// A client writes a header before anything of the connection was seen: had it begun since, its preface would have been.
    #[inline(always)]
    fn join(&self) -> Option<()> {
        if let Some(connection) = CONNECTIONS.get_ptr(self.object)
            // SAFETY: the map's memory.
            && unsafe { (*connection).told_by } != UNDECIDED
        {
            return Some(());
        }
        if role(self.object.address, self.layout)? != GoLayout::CLIENTS
            || !admission::admits_process(&self.caller)
        {
            return None;
        }
        go::learn_socket(self.caller.process_thread, self.object.address, self.layout)?;
        let connection = CONNECTIONS.get_ptr_mut(self.object)?;
        // SAFETY: the map's memory.
        unsafe { (*connection).told_by = HOOKS };
        Some(())
    }

    /// A record that says which connection and stream it is.
    #[inline(always)]
    fn record<'a>(&self, connection: *const Connection, event: Event, stream: u32) -> Option<&'a mut Record> {
        // SAFETY: the map's memory.
        let (number, sock) = unsafe { ((*connection).number, (*connection).address) };
        let socket = Socket::still(number, sock as usize)?;
        if HTTP2_RECORDS.get_ptr(self.goroutine).is_none() {
            HTTP2_RECORDS.insert(self.goroutine, emit::empty(event), 0).ok()?;
        }
        // SAFETY: the map's memory; only this goroutine uses its entry.
        let record = unsafe { &mut *HTTP2_RECORDS.get_ptr_mut(self.goroutine)? };
        tls::describe(record, event as u8, number, &socket)?;
        record.process_thread = self.caller.process_thread;
        record.coroutine = go::number_of(self.goroutine.address, self.layout);
        record.sequence = stream;
        record.flags = if self.is_of_client() { OF_CLIENT } else { 0 };
        Some(record)
    }

    /// Hands over what has no payload.
    #[inline(always)]
    fn tell(&self, event: Event, stream: u32, word: u32, flags: u8) -> Option<()> {
        let record = self.record(self.connection()?, event, stream)?;
        record.acknowledgment = word;
        record.flags |= flags;
        emit::put(record, 0);
        Some(())
    }
}

/// What every frame begins with in memory: valid, type, flags, a byte of padding; length; number of the stream.
#[derive(Clone, Copy)]
#[repr(C)]
struct Frame {
    kind: [u8; 4],
    length: u32,
    stream: u32,
    /// Of a `RSTStreamFrame`; of others something else.
    code: u32,
}

impl Frame {
    #[inline(always)]
    fn flags(&self) -> u8 {
        if self.kind[2] & 1 != 0 { ENDS_STREAM } else { 0 }
    }
}

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
pub unsafe fn answered(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let (server, _, head, g) = unsafe { PtRegs::go(context.regs.cast()) };
    // `writeResHeaders`: number of the stream, four bytes of padding, status; 0 for trailers.
    let [stream, status] = read_user::<[u64; 2]>(head)?;
    if status == 0 || status > 999 {
        return None;
    }
    Hook::new(context, server, g)?.tell(Event::ResponseStatus, stream as u32, status as u32, 0)
}

/// An end has read a part of a body.
#[inline(always)]
pub unsafe fn data_read(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let (receiver, frame, _, g) = unsafe { PtRegs::go(context.regs.cast()) };
    let hook = Hook::new(context, receiver, g)?;
    let frame: Frame = read_user(frame)?;
    let event = if hook.is_of_client() { Event::ResponseData } else { Event::RequestData };
    hook.tell(event, frame.stream, frame.length, frame.flags())
}

/// A handler writes a part of a body.
#[inline(always)]
pub unsafe fn data_written(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let ((server, stream, _, g), function) =
        unsafe { (PtRegs::go(context.regs.cast()), PtRegs::function(context.regs.cast())) };
    // Behind the `*serverConn`.
    let stream = read_user::<u32>(stream.wrapping_add(8))?;
    // The fourth word is the length of the data.
    Hook::new(context, server, g)?.tell(Event::ResponseData, stream, function.arguments[0] as u32, 0)
}

/// What the present goroutine told last, if that was of a request that it writes as a client.
#[inline(always)]
fn request_of<'a>(g: u64) -> Option<&'a mut Record> {
    let process = Caller::present().process_thread >> 32;
    // SAFETY: the map's memory; only this goroutine uses its entry.
    let record = unsafe { &mut *HTTP2_RECORDS.get_ptr_mut(Object { address: g, process })? };
    let is_own = record.flags & OF_CLIENT != 0
        && (record.event == Event::RequestFields as u8 || record.event == Event::RequestData as u8);
    is_own.then_some(record)
}

/// An end writes a part of a body. The function does not say which connection it is; but a client writes header and body of a request
/// in one goroutine, which does nothing else meanwhile.
#[inline(always)]
pub unsafe fn request_data_written(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let ((_, stream, ends, g), function) =
        unsafe { (PtRegs::go(context.regs.cast()), PtRegs::function(context.regs.cast())) };
    let record = request_of(g).filter(|record| record.sequence == stream as u32)?;
    record.event = Event::RequestData as u8;
    // The fifth word is the length.
    record.acknowledgment = function.arguments[1] as u32;
    // A bool has the lowest byte.
    record.flags = OF_CLIENT | if ends & 0xff != 0 { ENDS_STREAM } else { 0 };
    // SAFETY: takes nothing and can not fail.
    record.time = unsafe { bpf_ktime_get_ns() };
    emit::put(record, 0);
    Some(())
}

/// A client has written a request, or gave it up; its goroutine may do something else.
#[inline(always)]
pub unsafe fn request_written(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let (_, _, _, g) = unsafe { PtRegs::go(context.regs.cast()) };
    request_of(g)?.sequence = 0;
    Some(())
}

/// A server is done with a stream.
#[inline(always)]
pub unsafe fn ended(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let (server, stream, _, g) = unsafe { PtRegs::go(context.regs.cast()) };
    // Behind the `*serverConn`.
    let stream = read_user::<u32>(stream.wrapping_add(8))?;
    Hook::new(context, server, g)?.tell(Event::StreamEnded, stream, 0, 0)
}

/// An end gives a stream up.
#[inline(always)]
pub unsafe fn reset_sent(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let (receiver, stream, code, g) = unsafe { PtRegs::go(context.regs.cast()) };
    Hook::new(context, receiver, g)?.tell(Event::ResetSent, stream as u32, code as u32, 0)
}

/// The other end gave a stream up.
#[inline(always)]
pub unsafe fn reset_received(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let (receiver, frame, _, g) = unsafe { PtRegs::go(context.regs.cast()) };
    let frame: Frame = read_user(frame)?;
    Hook::new(context, receiver, g)?.tell(Event::ResetReceived, frame.stream, frame.code, 0)
}
