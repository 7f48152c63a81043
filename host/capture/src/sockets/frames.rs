//! Records of the kernel -> frames for the pipeline.
//!
//! Takes: records in the order of the ring. Gives: frames with what a packet would have said: a SYN for a connection that begins,
//! sequence and acknowledgment numbers, RST for its end.

mod http2;

use std::collections::VecDeque;

use weir_ebpf_common::{Event, Record, START, TLS, WILDCARD};
use weir_pipeline::captured::{Caller, LinkType, Sender, SocketHeader};
use weir_pipeline::decode::{Address, TcpFlags, TcpHeader, TransportHeader};

use self::http2::Hooked;
use super::clock::Clock;
use super::counts::SocketCounts;
use super::order::{Beginning, Order, Step};
use super::recent::Recent;
use super::threads::Threads;
use crate::block::{Block, FrameAt};

const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;
const AF_INET: u8 = 2;
const IPPROTO_TCP: u8 = 6;

/// How long a socket that has ended is remembered, nanoseconds. The end may be told first: what a program sends to an end that is
/// gone brings the reset back before its call returns, and a TLS library returns even later: after its thread got a processor again.
const LINGER: u64 = 100_000_000;

/// Sockets that are remembered so; more in that time is a flood.
const CLOSING: usize = 1 << 14;

/// Others that sockets without an address of their own speak with: more at the same time, and answers to the oldest have none.
const PEERS: usize = 1 << 14;

/// One other end of such a socket: the socket's number, the other's address and port.
type Peer = (u64, [u8; 16], u16);

/// Turns records into frames.
#[derive(Debug)]
pub(super) struct Frames {
    order: Order,
    threads: Threads,
    /// Connections that hooks tell.
    hooked: Hooked,
    /// Frames of what system calls carry are wanted, not of TLS libraries alone.
    calls: bool,
    /// Time of the latest record, as the kernel has it.
    now: u64,
    /// A datagram that comes in several records.
    datagram: Vec<u8>,
    /// To which of this machine's addresses each of them sent its first datagram.
    addressed: Recent<[u8; 16], Peer>,
    /// Sockets that have ended, in order.
    closing: VecDeque<Record>,
    /// The kernel's are not filled in.
    counts: SocketCounts,
}

impl Frames {
    /// `calls`: not of TLS libraries alone.
    pub(super) fn new(calls: bool) -> Self {
        Self {
            order: Order::new(),
            threads: Threads::new(),
            hooked: Hooked::new(),
            calls,
            now: 0,
            datagram: Vec::new(),
            addressed: Recent::new(PEERS),
            closing: VecDeque::new(),
            counts: SocketCounts::default(),
        }
    }

    /// What was counted on this side.
    pub(super) fn counts(&self) -> SocketCounts {
        SocketCounts { given_up: self.order.given_up, ..self.counts.clone() }
    }

    /// Time of the latest record, as the kernel has it.
    pub(super) fn latest(&self) -> u64 {
        self.now
    }

    /// Appends the frames of a record.
    pub(super) fn record(&mut self, bytes: &[u8], clock: &Clock, block: &mut Block) {
        let read = Record::read(bytes);
        let Some((record, payload, event)) =
            read.and_then(|(record, payload)| Some((record, payload, Event::from_number(record.event)?)))
        else {
            self.counts.malformed += 1;
            return;
        };
        self.counts.records += 1;
        self.counts.carried_bytes += u64::from(record.length);
        self.counts.beyond_limit_bytes += u64::from(record.length.saturating_sub(record.captured));
        self.now = self.now.max(record.time);
        let time = clock.time(record.time);
        if record.protocol != IPPROTO_TCP {
            return self.datagram(&record, event, payload, time, block);
        }
        match event {
            Event::Sent | Event::Received => self.carried(&record, event, payload, time, block),
            Event::Connected => self.connected(&record, Sender::Local, time, block),
            Event::Accepted => self.connected(&record, Sender::Remote, time, block),
            Event::Closed => {
                self.closing.push_back(record);
                self.close(0, clock, block);
            }
            Event::RequestField
            | Event::RequestFields
            | Event::RequestData
            | Event::ResponseField
            | Event::ResponseStatus
            | Event::ResponseData
            | Event::ResetSent
            | Event::ResetReceived
            | Event::StreamEnded => {
                self.of_stream(&record, event, payload, time, block);
            }
        }
    }

    /// What a hook tells, as the bytes that say the same.
    fn of_stream(&mut self, record: &Record, event: Event, payload: &[u8], time: u64, block: &mut Block) {
        let Some(told) = self.hooked.tell(record, event, payload) else { return };
        let numbers = (told.sequence, told.acknowledgment);
        let header = header(record, told.sender, PSH | ACK, numbers, caller(record));
        let header = SocketHeader { cut: told.cut, ..header };
        if told.is_first {
            let begin = Record { sequence: 0, acknowledgment: 0, ..*record };
            self.opened(&begin, told.sender, time, block);
        }
        if let Some(told) = self.hooked.told() {
            append(block, time, &header, told);
        }
    }

    /// Appends frames whose predecessors are waited for in vain, and ends. `now`: until when all records have been seen, as their times are.
    /// `has_lost`: so much was lost meanwhile that nothing is worth waiting for, or the machine never catches up.
    pub(super) fn release(&mut self, now: u64, has_lost: bool, clock: &Clock, block: &mut Block) {
        self.close(now, clock, block);
        let patient_until = if has_lost { u64::MAX } else { now };
        while !self.order.is_idle()
            && let Some((socket, time, frame)) = self.order.overdue(patient_until)
        {
            push(block, time, &frame);
            self.give_ready(socket, block);
        }
    }

    fn carried(&mut self, record: &Record, event: Event, payload: &[u8], time: u64, block: &mut Block) {
        let sender = if event == Event::Sent { Sender::Local } else { Sender::Remote };
        let guess = self.beginning(record, sender);
        if let Some(Beginning { opener, local, remote }) = self.order.begins(record.socket, guess) {
            self.opened(&Record { sequence: local, acknowledgment: remote, ..*record }, opener, time, block);
        }
        let caller = self.caller(record, event);
        let header = header(record, sender, PSH | ACK, (record.sequence, record.acknowledgment), caller);
        let step = Step {
            socket: record.socket,
            sender,
            bytes: record.sequence..record.sequence.wrapping_add(record.length),
            other: record.acknowledgment,
        };
        if !self.order.admits(&step) {
            let mut frame = Vec::with_capacity(SocketHeader::SIZE + payload.len());
            header.write(&mut frame);
            frame.extend_from_slice(payload);
            return self.order.keep(step, record.time, (time, frame));
        }
        append(block, time, &header, payload);
        self.give_ready(record.socket, block);
    }

    /// Appends what waited for what was given just now.
    fn give_ready(&mut self, socket: u64, block: &mut Block) {
        while !self.order.is_idle()
            && let Some((time, frame)) = self.order.ready(socket)
        {
            push(block, time, &frame);
        }
    }

    /// What a record says of the beginning of its connection, should it be the first.
    #[inline]
    fn beginning(&self, record: &Record, sender: Sender) -> Option<Beginning> {
        let is_plaintext = record.socket & TLS != 0;
        if record.flags & START == 0 && !is_plaintext {
            return None;
        }
        let (local, remote) = match sender {
            Sender::Local => (record.sequence, record.acknowledgment),
            Sender::Remote => (record.acknowledgment, record.sequence),
        };
        // Plaintext has the opener of the socket that carries it.
        let opener = self.order.opener(record.socket & !TLS);
        if record.flags & START != 0 {
            // A connection that this end had asked for would be known.
            return Some(Beginning { opener: opener.unwrap_or(Sender::Remote), local, remote });
        }
        // It begins at 0, and one that was joined does not.
        opener.filter(|_| local == 0 || remote == 0).map(|opener| Beginning { opener, local: 0, remote: 0 })
    }

    fn connected(&mut self, record: &Record, opener: Sender, time: u64, block: &mut Block) {
        let (local, remote) = (record.sequence, record.acknowledgment);
        self.order.begin(record.socket, Beginning { opener, local, remote });
        // Where the first bytes of a connection are known as such, it is told with them: it may be one that nobody asked for.
        if self.calls && record.flags & START == 0 {
            self.order.begins(record.socket, None);
            self.opened(record, opener, time, block);
        }
    }

    /// What the handshake was.
    fn opened(&self, record: &Record, opener: Sender, time: u64, block: &mut Block) {
        // What the record has are the numbers behind the SYNs. What it carried comes behind them, and so does what was cut off.
        let (local, remote) = (record.sequence, record.acknowledgment);
        let record = &Record { length: 0, captured: 0, ..*record };
        let (first, second, own, others) = match opener {
            Sender::Local => (Sender::Local, Sender::Remote, local, remote),
            Sender::Remote => (Sender::Remote, Sender::Local, remote, local),
        };
        append(block, time, &header(record, first, SYN, (own.wrapping_sub(1), 0), caller(record)), &[]);
        // A connect that has only begun does not know the other's number.
        if record.acknowledgment != 0 || record.socket & TLS != 0 {
            let numbers = (others.wrapping_sub(1), own);
            append(block, time, &header(record, second, SYN | ACK, numbers, caller(record)), &[]);
        }
    }

    /// Ends sockets whose time has come.
    fn close(&mut self, now: u64, clock: &Clock, block: &mut Block) {
        let is_due = |record: &mut Record| now.saturating_sub(record.time) >= LINGER;
        while let Some(record) = self.closing.pop_front_if(is_due) {
            self.closed(&record, clock.time(record.time), block);
        }
        while self.closing.len() > CLOSING
            && let Some(record) = self.closing.pop_front()
        {
            self.closed(&record, clock.time(record.time), block);
        }
    }

    fn closed(&mut self, record: &Record, time: u64, block: &mut Block) {
        self.closed_one(&Record { socket: record.socket | TLS, ..*record }, time, block);
        self.closed_one(record, time, block);
    }

    fn closed_one(&mut self, record: &Record, time: u64, block: &mut Block) {
        while let Some((time, frame)) = self.order.rest(record.socket) {
            push(block, time, &frame);
        }
        let told = self.order.forget(record.socket);
        let Some(told) = self.hooked.forget(record.socket).or(told) else { return };
        let is_plaintext = record.socket & TLS != 0;
        if is_plaintext || self.calls {
            let numbers = if is_plaintext { told } else { (record.sequence, record.acknowledgment) };
            append(block, time, &header(record, Sender::Local, RST | ACK, numbers, caller(record)), &[]);
        }
    }

    /// A call may carry more than a record has room for, or in several buffers; a datagram is one.
    fn datagram(&mut self, record: &Record, event: Event, payload: &[u8], time: u64, block: &mut Block) {
        let sender = match event {
            Event::Sent => Sender::Local,
            Event::Received => Sender::Remote,
            _ => return,
        };
        if record.remote_port == 0 {
            // The program did not ask who sent it.
            self.counts.without_peer += 1;
            return;
        }
        let record = &self.with_own_address(record);
        let (offset, whole) = (record.sequence, record.acknowledgment);
        let is_last = offset.saturating_add(record.length) >= whole;
        let mut header = header(record, sender, 0, (0, 0), Caller::default());
        if offset == 0 && is_last {
            header.caller = self.caller(record, event);
            return append(block, time, &header, payload);
        }
        if offset == 0 {
            self.datagram.clear();
        }
        // A record that is missing between two leaves a datagram that nobody can use; what comes before it still says something.
        if self.datagram.len() == offset as usize {
            self.datagram.extend_from_slice(payload);
        }
        if is_last {
            header.caller = self.caller(record, event);
            header.cut = whole.saturating_sub(self.datagram.len() as u32);
            append(block, time, &header, &self.datagram);
            self.datagram.clear();
        }
    }

    /// A socket that is bound to no address has that of the first datagram, in what it answers too. Where it began, nobody knows any.
    fn with_own_address(&mut self, record: &Record) -> Record {
        let mut record = *record;
        if record.flags & WILDCARD != 0 || record.local_address == [0; 16] {
            let peer = (record.socket, record.remote_address, record.remote_port);
            record.local_address = *self.addressed.entry(peer, || record.local_address);
        }
        record
    }

    fn caller(&mut self, record: &Record, event: Event) -> Caller {
        let process = record.process_thread & 0xffff_ffff_0000_0000;
        let thread = if record.coroutine == 0 { record.process_thread } else { process ^ record.coroutine };
        let syscall_trace_id = if event == Event::Sent {
            self.threads.sent(thread)
        } else {
            self.threads.received(thread, record.socket)
        };
        Caller { syscall_trace_id, ..caller(record) }
    }
}

fn caller(record: &Record) -> Caller {
    Caller {
        process_id: (record.process_thread >> 32) as u32,
        thread_id: record.process_thread as u32,
        coroutine_id: record.coroutine,
        syscall_trace_id: 0,
        process_name: record.name,
    }
}

fn header(
    record: &Record,
    sender: Sender,
    flags: u8,
    (sequence, acknowledgment): (u32, u32),
    caller: Caller,
) -> SocketHeader {
    let address = |bytes: [u8; 16]| {
        let [a, b, c, d, ..] = bytes;
        if record.family == AF_INET { Address::v4([a, b, c, d]) } else { Address::v6(bytes) }
    };
    let transport = if record.protocol == IPPROTO_TCP {
        TransportHeader::Tcp(TcpHeader { sequence, acknowledgment, flags: TcpFlags(flags) })
    } else {
        TransportHeader::Udp
    };
    SocketHeader {
        socket: record.socket,
        local: (address(record.local_address), record.local_port),
        remote: (address(record.remote_address), record.remote_port),
        sender,
        transport,
        cut: record.length.saturating_sub(record.captured),
        caller,
    }
}

fn append(block: &mut Block, time: u64, header: &SocketHeader, payload: &[u8]) {
    let offset = block.bytes.len();
    header.write(&mut block.bytes);
    block.bytes.extend_from_slice(payload);
    place(block, time, offset);
}

fn push(block: &mut Block, time: u64, frame: &[u8]) {
    let offset = block.bytes.len();
    block.bytes.extend_from_slice(frame);
    place(block, time, offset);
}

fn place(block: &mut Block, time: u64, offset: usize) {
    let length = (block.bytes.len() - offset) as u32;
    let at = FrameAt { time, offset: offset as u32, length, wire_length: length, link: LinkType::Socket };
    block.frames.push(at);
}

#[cfg(test)]
mod tests;
