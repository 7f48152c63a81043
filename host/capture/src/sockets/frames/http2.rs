//! What hooks tell of the streams of an HTTP/2 server or client -> bytes of such a connection.
//!
//! Takes: records of fields, statuses, lengths of data, resets and ends. Gives: the bytes by which a client and a server that use no compression of headers would have
//! said the same (RFC 9113), so that the parser of all other connections reads them. What is in bodies is not told.

use std::collections::VecDeque;

use weir_ebpf_common::{ENDS_STREAM, Event, FIELD_NAME, FIELD_VALUE_AT, FieldPlace, OF_CLIENT, Record};
use weir_pipeline::captured::Sender;

use super::super::recent::Recent;

/// What a client begins with, and its settings, which are none (RFC 9113, 3.4 and 6.5).
const BEGIN: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Types and flags of frames (RFC 9113, 6.1, 6.2 and 6.4).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// What an answer begins with (RFC 9113, 8.3.2).
const STATUS: &[u8] = b":status";

/// Bytes of a frame that every server takes (RFC 9113, 4.2). Fields that do not fit are left out; those of HTTP/2 itself come first.
const FRAME: usize = 1 << 14;

/// The most that a frame can have (RFC 9113, 4.1). A handler that writes more at once has the rest left out of its length.
const LARGEST: u32 = (1 << 24) - 1;

/// Connections that are remembered: as many as there are sockets, see `order`.
const ROOM: usize = 1 << 16;

/// Streams of a connection that are open at once: servers allow 100 to 256.
const OPEN: usize = 512;

/// Headers that are being told at the same time, by as many processors; one whose end was lost stays until it is pushed out.
const HEADS: usize = 256;

/// Connections that hooks tell.
#[derive(Debug)]
pub(super) struct Hooked {
    connections: Recent<Connection>,
    heads: VecDeque<Head>,
    /// The bytes that are told.
    bytes: Vec<u8>,
}

/// Where bytes stand that are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// They begin the connection, which `sender` asked for.
    pub(super) is_first: bool,
    pub(super) sender: Sender,
    pub(super) sequence: u32,
    pub(super) acknowledgment: u32,
    /// So many bytes follow that nobody has.
    pub(super) cut: u32,
}

/// A connection.
#[derive(Debug, Default)]
struct Connection {
    /// By sender: number of the next byte.
    next: [u32; 2],
    /// Numbers of requests ascend (RFC 9113, 5.1.1).
    last_request: u32,
    /// Streams whose request was told, and whether its answer was.
    open: VecDeque<(u32, bool)>,
}

/// A header, or trailers, of which some fields were told.
#[derive(Debug)]
struct Head {
    socket: u64,
    is_request: bool,
    /// 0: it has none yet.
    stream: u32,
    next: u16,
    /// Of an answer; 0: it has none, so these are trailers.
    status: u16,
    block: Vec<u8>,
}

impl Hooked {
    pub(super) fn new() -> Self {
        Self { connections: Recent::new(ROOM), heads: VecDeque::new(), bytes: Vec::new() }
    }

    /// Whether a record completes something; if so, [`Hooked::told`] has the bytes.
    pub(super) fn tell(&mut self, record: &Record, event: Event, payload: &[u8]) -> Option<Told> {
        self.bytes.clear();
        let stream = record.sequence & 0x7fff_ffff;
        let (client, server) = if record.flags & OF_CLIENT == 0 {
            (Sender::Remote, Sender::Local)
        } else {
            (Sender::Local, Sender::Remote)
        };
        match event {
            Event::RequestField => {
                let head = self.field(record, stream, true, payload)?;
                self.request(record, &head, client)
            }
            Event::RequestFields => {
                let Some(head) = self.take(record.socket, true) else {
                    // Trailers, or fields whose first ones were lost.
                    let is_end = record.flags & ENDS_STREAM != 0;
                    let nothing = Record { acknowledgment: 0, ..*record };
                    return if is_end { self.data(&nothing, stream, client, false) } else { None };
                };
                let is_whole = u32::from(head.next) == record.acknowledgment && head.stream == 0;
                is_whole.then(|| self.request(record, &Head { stream, ..head }, client))?
            }
            Event::ResponseField => {
                let head = self.field(record, stream, false, payload)?;
                self.response(record, &head, server)
            }
            Event::ResponseStatus => {
                let mut block = Vec::new();
                literal(&mut block, STATUS, record.acknowledgment.to_string().as_bytes());
                let status = u16::try_from(record.acknowledgment).ok()?;
                let head = Head { socket: record.socket, is_request: false, stream, next: 1, status, block };
                self.response(record, &head, server)
            }
            Event::RequestData => self.data(record, stream, client, false),
            Event::ResponseData => self.data(record, stream, server, true),
            Event::ResetSent => self.reset(record, stream, Sender::Local),
            Event::ResetReceived => self.reset(record, stream, Sender::Remote),
            Event::StreamEnded => self.end(record.socket, stream, server),
            _ => None,
        }
    }

    /// What was told last.
    pub(super) fn told(&self) -> Option<&[u8]> {
        (!self.bytes.is_empty()).then_some(&self.bytes)
    }

    /// The socket has ended. Gives the number of the next byte of this side and of the other; none: nothing of it was told.
    pub(super) fn forget(&mut self, socket: u64) -> Option<(u32, u32)> {
        let connection = self.connections.remove(socket)?;
        self.heads.retain(|head| head.socket != socket);
        let [local, remote] = [Sender::Local, Sender::Remote].map(|sender| connection.next[sender as usize]);
        Some((local, remote))
    }

    fn take(&mut self, socket: u64, is_request: bool) -> Option<Head> {
        let at = self.heads.iter().position(|head| head.socket == socket && head.is_request == is_request)?;
        self.heads.remove(at)
    }

    /// The header, once it has all of its fields.
    fn field(&mut self, record: &Record, stream: u32, is_request: bool, payload: &[u8]) -> Option<Head> {
        let place = FieldPlace::from_word(record.acknowledgment);
        let (name, value) = field(payload)?;
        let socket = record.socket;
        let mut head = match self.take(socket, is_request) {
            Some(head) if head.stream == stream && head.next == place.index => head,
            // A field was lost, and nobody knows which.
            _ if place.index != 0 => return None,
            // Clients of Go begin with it. What begins otherwise are trailers, or fields of which the first ones were before the hooks.
            _ if place.number == 0 && name != b":authority" => return None,
            _ => Head { socket, is_request, stream, next: 0, status: 0, block: Vec::new() },
        };
        if !is_request && head.next == 0 && name == STATUS {
            head.status = std::str::from_utf8(value).ok()?.parse().ok()?;
        }
        literal(&mut head.block, name, value);
        head.next += 1;
        if head.next == place.number {
            return Some(head);
        }
        if self.heads.len() >= HEADS {
            self.heads.pop_front();
        }
        self.heads.push_back(head);
        None
    }

    fn request(&mut self, record: &Record, head: &Head, client: Sender) -> Option<Told> {
        let connection = self.connections.entry(record.socket, Connection::default);
        if head.stream <= connection.last_request {
            // Trailers.
            return None;
        }
        let is_first = connection.last_request == 0;
        connection.last_request = head.stream;
        if connection.open.len() >= OPEN {
            connection.open.pop_front();
        }
        connection.open.push_back((head.stream, false));
        if is_first {
            self.bytes.extend_from_slice(BEGIN);
        }
        frame(&mut self.bytes, HEADERS, END_HEADERS | end_of(record), head.stream, &head.block);
        Some(connection.told(is_first, client, &self.bytes, 0))
    }

    /// The header of an answer, or its trailers.
    fn response(&mut self, record: &Record, head: &Head, server: Sender) -> Option<Told> {
        let connection = self.connections.entry(record.socket, Connection::default);
        let (_, is_answered) = connection.open.iter_mut().find(|(open, _)| *open == head.stream)?;
        match head.status {
            0 if *is_answered => {}
            200..=999 if !*is_answered => *is_answered = true,
            // Those of one hundred are followed by another one (RFC 9110, 15.2).
            _ => return None,
        }
        connection.close(record, head.stream);
        frame(&mut self.bytes, HEADERS, END_HEADERS | end_of(record), head.stream, &head.block);
        Some(connection.told(false, server, &self.bytes, 0))
    }

    /// A frame whose data is not there.
    fn data(&mut self, record: &Record, stream: u32, sender: Sender, is_answer: bool) -> Option<Told> {
        let connection = self.connections.entry(record.socket, Connection::default);
        let (_, is_answered) = connection.open.iter().find(|(open, _)| *open == stream)?;
        if is_answer && !is_answered {
            return None;
        }
        if is_answer {
            connection.close(record, stream);
        }
        let cut = record.acknowledgment.min(LARGEST);
        head(&mut self.bytes, cut, DATA, end_of(record), stream);
        Some(connection.told(false, sender, &self.bytes, cut))
    }

    fn reset(&mut self, record: &Record, stream: u32, sender: Sender) -> Option<Told> {
        let connection = self.connections.entry(record.socket, Connection::default);
        let at = connection.open.iter().position(|(open, _)| *open == stream)?;
        connection.open.remove(at)?;
        frame(&mut self.bytes, RST_STREAM, 0, stream, &record.acknowledgment.to_be_bytes());
        Some(connection.told(false, sender, &self.bytes, 0))
    }

    fn end(&mut self, socket: u64, stream: u32, server: Sender) -> Option<Told> {
        let connection = self.connections.entry(socket, Connection::default);
        let at = connection.open.iter().position(|(open, _)| *open == stream)?;
        let (_, is_answered) = connection.open.remove(at)?;
        if !is_answered {
            // Who gave it up is not known, so the request stands alone.
            return None;
        }
        frame(&mut self.bytes, DATA, END_STREAM, stream, &[]);
        Some(connection.told(false, server, &self.bytes, 0))
    }
}

/// The flag of a frame, where a record says that nothing follows it.
fn end_of(record: &Record) -> u8 {
    if record.flags & ENDS_STREAM != 0 { END_STREAM } else { 0 }
}

impl Connection {
    /// Nothing of the answer follows, if the record says so.
    fn close(&mut self, record: &Record, stream: u32) {
        if record.flags & ENDS_STREAM != 0 {
            self.open.retain(|(open, _)| *open != stream);
        }
    }

    /// Counts bytes.
    fn told(&mut self, is_first: bool, sender: Sender, bytes: &[u8], cut: u32) -> Told {
        let other = match sender {
            Sender::Local => Sender::Remote,
            Sender::Remote => Sender::Local,
        };
        let acknowledgment = self.next[other as usize];
        let next = &mut self.next[sender as usize];
        let sequence = *next;
        *next = sequence.wrapping_add(bytes.len() as u32).wrapping_add(cut);
        Told { is_first, sender, sequence, acknowledgment, cut }
    }
}

/// Name and value.
fn field(payload: &[u8]) -> Option<(&[u8], &[u8])> {
    let &[a, b, c, d, ..] = payload else { return None };
    let (name, value) = (u16::from_ne_bytes([a, b]), u16::from_ne_bytes([c, d]));
    let name = payload.get(4..)?.get(..FIELD_NAME)?.get(..name.into())?;
    (!name.is_empty()).then_some((name, payload.get(FIELD_VALUE_AT..)?.get(..value.into())?))
}

/// A field that no table gets (RFC 7541, 6.2.2), if there is room for it.
fn literal(block: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    // The type, and three bytes for each length at most.
    if block.len() + name.len() + value.len() + 7 > FRAME {
        return;
    }
    block.push(0);
    for text in [name, value] {
        // RFC 7541, 5.1, with a prefix of seven bits; the eighth one says that the text is not compressed.
        match text.len().checked_sub(127) {
            None => block.push(text.len() as u8),
            Some(mut rest) => {
                block.push(127);
                while rest >= 128 {
                    block.push(rest as u8 | 128);
                    rest >>= 7;
                }
                block.push(rest as u8);
            }
        }
        block.extend_from_slice(text);
    }
}

/// What a frame begins with (RFC 9113, 4.1).
fn head(bytes: &mut Vec<u8>, length: u32, kind: u8, flags: u8, stream: u32) {
    let [_, length @ ..] = length.to_be_bytes();
    bytes.extend_from_slice(&length);
    bytes.extend_from_slice(&[kind, flags]);
    bytes.extend_from_slice(&stream.to_be_bytes());
}

fn frame(bytes: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    head(bytes, payload.len() as u32, kind, flags, stream);
    bytes.extend_from_slice(payload);
}

#[cfg(test)]
mod tests;
