//! Records of the kernel -> frames for the pipeline.
//!
//! Takes: records in the order of the ring. Gives: frames with what a packet would have said: a SYN for a connection that begins,
//! sequence and acknowledgment numbers, RST for its end.

use std::collections::VecDeque;

use weir_ebpf_common::{Event, Record};
use weir_pipeline::captured::{Caller, LinkType, Sender, SocketHeader};
use weir_pipeline::decode::{Address, TcpFlags, TcpHeader, TransportHeader};

use super::clock::Clock;
use super::order::{Order, Step};
use super::threads::Threads;
use crate::block::{Block, FrameAt};

const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;
const AF_INET: u16 = 2;
const IPPROTO_TCP: u8 = 6;

/// How long the end of a connection waits, nanoseconds: the other end's FIN may come before the thread that was just reading tells
/// what it read.
const END_WAITS: u64 = 20_000_000;

/// Ends that wait at the same time: a burst of short connections has some thousands in that time.
const ENDS: usize = 4096;

/// Turns records into frames.
#[derive(Debug)]
pub(super) struct Frames {
    order: Order,
    threads: Threads,
    /// Time of the latest record, as the kernel has it.
    now: u64,
    /// Connections that end soon, with their time.
    ends: VecDeque<(u64, Record)>,
    /// A datagram that comes in several records.
    datagram: Vec<u8>,
    pub(super) malformed: u64,
    pub(super) without_peer: u64,
}

impl Default for Frames {
    fn default() -> Self {
        let (order, threads) = (Order::new(), Threads::new());
        let (ends, datagram) = (VecDeque::new(), Vec::new());
        Self { order, threads, now: 0, ends, datagram, malformed: 0, without_peer: 0 }
    }
}

impl Frames {
    pub(super) fn given_up(&self) -> u64 {
        self.order.given_up
    }

    /// Appends the frames of a record.
    pub(super) fn record(&mut self, bytes: &[u8], clock: &Clock, block: &mut Block) {
        let read = Record::read(bytes);
        let Some((record, payload, event)) =
            read.and_then(|(record, payload)| Some((record, payload, Event::from_number(record.event)?)))
        else {
            self.malformed += 1;
            return;
        };
        self.now = self.now.max(record.time);
        let time = clock.time(record.time);
        if record.protocol != IPPROTO_TCP {
            return self.datagram(&record, event, payload, time, block);
        }
        match event {
            Event::Sent | Event::Received => self.carried(&record, event, payload, time, block),
            Event::Connected => self.opened(&record, Sender::Local, time, block),
            Event::Accepted => self.opened(&record, Sender::Remote, time, block),
            Event::Closed => self.closing(record, time, block),
        }
    }

    /// It is so late, though no record may say so. `now`: as records have it.
    pub(super) fn is_now(&mut self, now: u64) {
        self.now = self.now.max(now);
    }

    /// Appends frames whose predecessors are waited for in vain.
    pub(super) fn release(&mut self, block: &mut Block) {
        while !self.order.is_idle()
            && let Some((time, frame)) = self.order.overdue(self.now)
        {
            push(block, time, &frame);
        }
        while let Some((_, record)) = self.ends.front()
            && self.now.saturating_sub(record.time) >= END_WAITS
        {
            self.end_next(block);
        }
    }

    /// Appends what still waits, as nothing comes any more.
    pub(super) fn finish(&mut self, block: &mut Block) {
        while !self.ends.is_empty() {
            self.end_next(block);
        }
    }

    fn carried(&mut self, record: &Record, event: Event, payload: &[u8], time: u64, block: &mut Block) {
        let sender = if event == Event::Sent { Sender::Local } else { Sender::Remote };
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
            return self.order.keep(step, time, frame);
        }
        append(block, time, &header, payload);
        while !self.order.is_idle()
            && let Some((time, frame)) = self.order.ready(record.socket)
        {
            push(block, time, &frame);
        }
    }

    /// What the handshake was.
    fn opened(&mut self, record: &Record, opener: Sender, time: u64, block: &mut Block) {
        self.order.begin(record.socket);
        // What the record has are the numbers behind the SYNs.
        let (local, remote) = (record.sequence, record.acknowledgment);
        let (first, second, own, others) = match opener {
            Sender::Local => (Sender::Local, Sender::Remote, local, remote),
            Sender::Remote => (Sender::Remote, Sender::Local, remote, local),
        };
        append(block, time, &header(record, first, SYN, (own.wrapping_sub(1), 0), caller(record)), &[]);
        // A connect that has only begun does not know the other's number.
        if record.acknowledgment != 0 {
            let numbers = (others.wrapping_sub(1), own);
            append(block, time, &header(record, second, SYN | ACK, numbers, caller(record)), &[]);
        }
    }

    fn closing(&mut self, record: Record, time: u64, block: &mut Block) {
        if self.ends.len() >= ENDS {
            self.end_next(block);
        }
        self.ends.push_back((time, record));
    }

    fn end_next(&mut self, block: &mut Block) {
        if let Some((time, record)) = self.ends.pop_front() {
            self.closed(&record, time, block);
        }
    }

    fn closed(&mut self, record: &Record, time: u64, block: &mut Block) {
        while let Some((time, frame)) = self.order.rest(record.socket) {
            push(block, time, &frame);
        }
        if self.order.forget(record.socket) {
            let numbers = (record.sequence, record.acknowledgment);
            append(block, time, &header(record, Sender::Local, RST | ACK, numbers, caller(record)), &[]);
        }
    }

    /// A call may carry more than a record has room for, or in several buffers; a datagram is one.
    fn datagram(&mut self, record: &Record, event: Event, payload: &[u8], time: u64, block: &mut Block) {
        let sender = match event {
            Event::Sent => Sender::Local,
            Event::Received => Sender::Remote,
            Event::Connected | Event::Accepted | Event::Closed => return,
        };
        if record.remote_port == 0 {
            // The program did not ask who sent it.
            self.without_peer += 1;
            return;
        }
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
mod tests {
    use super::*;

    fn record(event: Event, sequence: u32, acknowledgment: u32, length: u32) -> Record {
        Record {
            time: 1000,
            socket: 7,
            process_thread: 1,
            coroutine: 0,
            local_address: [1; 16],
            remote_address: [2; 16],
            local_port: 1,
            remote_port: 2,
            family: AF_INET,
            protocol: IPPROTO_TCP,
            event: event as u8,
            sequence,
            acknowledgment,
            length,
            captured: length,
            name: [0; 16],
        }
    }

    /// TCP's control bits of each frame, and how many bytes it carries.
    fn told(block: &Block) -> Vec<(u8, usize)> {
        let frames = block.frames.iter().map(|at| &block.bytes[at.offset as usize..][..at.length as usize]);
        frames.map(|frame| (frame[6], frame.len() - SocketHeader::SIZE)).collect()
    }

    #[test]
    fn an_end_waits_for_who_was_just_reading() {
        let (mut frames, mut block) = (Frames::default(), Block::default());
        frames.carried(&record(Event::Sent, 100, 500, 5), Event::Sent, b"hello", 1, &mut block);
        frames.closing(record(Event::Closed, 105, 506, 0), 2, &mut block);
        frames.carried(&record(Event::Received, 500, 105, 6), Event::Received, b"answer", 3, &mut block);
        frames.is_now(1000 + END_WAITS - 1);
        frames.release(&mut block);
        assert_eq!(told(&block), [(PSH | ACK, 5), (PSH | ACK, 6)]);
        frames.is_now(1000 + END_WAITS);
        frames.release(&mut block);
        assert_eq!(told(&block)[2..], [(RST | ACK, 0)]);
    }

    #[test]
    fn an_answer_whose_question_was_lost_is_given_though_nothing_further_comes() {
        let (mut frames, mut block) = (Frames::default(), Block::default());
        frames.carried(&record(Event::Sent, 100, 500, 5), Event::Sent, b"hello", 1, &mut block);
        frames.carried(&record(Event::Received, 500, 110, 6), Event::Received, b"answer", 3, &mut block);
        frames.release(&mut block);
        assert_eq!(told(&block).len(), 1);
        frames.is_now(1000 + END_WAITS);
        frames.release(&mut block);
        assert_eq!((told(&block).len(), frames.given_up()), (2, 1));
    }

    #[test]
    fn few_ends_wait_and_none_is_forgotten() {
        let (mut frames, mut block) = (Frames::default(), Block::default());
        for number in 0..2 * ENDS as u64 {
            let open = Record { socket: number + 1, ..record(Event::Sent, 100, 500, 1) };
            frames.carried(&open, Event::Sent, b"x", 1, &mut block);
            frames.closing(
                Record { socket: number + 1, ..record(Event::Closed, 101, 500, 0) },
                1,
                &mut block,
            );
            assert!(frames.ends.len() <= ENDS);
        }
        frames.finish(&mut block);
        assert_eq!(told(&block).iter().filter(|(flags, _)| flags & RST != 0).count(), 2 * ENDS);
    }
}
