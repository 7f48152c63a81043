//! Calls of Go's HTTP/2 servers and clients -> records of requests and their answers.
//!
//! Takes: calls of their functions, behind their check of the stack, in Go's register ABI. Gives: records, for connections over TLS that
//! were there before the probes: what their header fields mean depends on fields that nobody saw (RFC 7541, 2.3.2), but both ends know
//! them in the clear. Does not do: what is in bodies, fields of a server's answers, connections whose beginning is seen: their bytes are told as those of any other.
//!
//! A connection is told by one of both from its first call on, so nothing is told twice.

mod fields;
mod streams;

use aya_ebpf::EbpfContext;
use aya_ebpf::helpers::generated::bpf_get_attach_cookie;
use aya_ebpf::programs::ProbeContext;
use weir_ebpf_common::{ENDS_STREAM, Event, GoLayout, OF_CLIENT, Record};

pub use self::fields::{field_written, fields_read, fields_written};
pub use self::streams::{
    answered, data_read, data_written, ended, request_data_written, request_written, reset_received,
    reset_sent,
};
use crate::admission::{self, Caller};
use crate::emit;
use crate::go::{self, words};
use crate::kernel::read_user;
use crate::maps::{CONNECTIONS, HTTP2_RECORDS};
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
