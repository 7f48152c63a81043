//! Captures of packets turned into what system calls of one end would have carried: other sizes, the same bytes.

use std::collections::HashMap;
use std::path::Path;

use weir_capture::write::PcapWriter;
use weir_pipeline::captured::{Caller, Frame, LinkType, Sender, SocketHeader};
use weir_pipeline::decode::{Address, TcpFlags, TcpHeader, TransportHeader};

use crate::packets::Packet;
use crate::trouble::Random;

/// Who makes the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Client,
    Server,
}

impl End {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// How the bytes of packets become records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Each packet becomes several: every byte keeps its time.
    Smaller,
    /// What one side sent in a row becomes one, with the time of its last packet.
    Larger,
}

/// A record on its way into a file.
pub(crate) struct Record {
    pub(crate) time: u64,
    pub(crate) header: SocketHeader,
    pub(crate) payload: Vec<u8>,
}

/// The records of one end of all connections. The server is who gets the SYN, or else has the smaller port.
pub(crate) fn of(packets: &[Packet], end: End, cut: Cut, random: &mut Random) -> Vec<Record> {
    let mut sockets: HashMap<_, Socket> = HashMap::new();
    let mut records = Vec::new();
    for packet in packets {
        let (a, b) = (packet.source, packet.destination);
        let opens = packet.tcp.is_some_and(|tcp| tcp.flags.syn() && !tcp.flags.ack());
        let client = if opens || a.1 > b.1 { a } else { b };
        let local = if (end == End::Client) == (client == a) { a } else { b };
        let number = sockets.len() as u64 * 2 + 1 + u64::from(end == End::Server);
        let socket = sockets.entry(if a <= b { (a, b) } else { (b, a) });
        let socket = socket.or_insert_with(|| Socket::new(number, local, end));
        socket.packet(packet, cut, random);
        records.append(&mut socket.done);
    }
    let mut rest: Vec<Socket> = sockets.into_values().collect();
    // A map has no order.
    rest.sort_by_key(|socket| socket.number);
    rest.iter_mut().for_each(|socket| records.extend(socket.row.take()));
    records
}

/// What one end of a connection carries.
struct Socket {
    number: u64,
    local: (Address, u16),
    caller: Caller,
    /// Next sequence number of each sender.
    next: [Option<u32>; 2],
    ended: [bool; 2],
    /// What one side sent in a row.
    row: Option<Record>,
    done: Vec<Record>,
}

impl Socket {
    fn new(number: u64, local: (Address, u16), end: End) -> Self {
        let mut process_name = [0; 16];
        process_name[..6].copy_from_slice(end.name().as_bytes());
        let caller = Caller { process_id: 7, thread_id: 8, process_name, ..Caller::default() };
        Self { number, local, caller, next: [None; 2], ended: [false; 2], row: None, done: Vec::new() }
    }

    fn packet(&mut self, packet: &Packet, cut: Cut, random: &mut Random) {
        let sender = if packet.source == self.local { Sender::Local } else { Sender::Remote };
        let Some(tcp) = packet.tcp else {
            if !packet.payload.is_empty() {
                let record = self.record(packet, sender, None, &packet.payload);
                self.done.push(record);
            }
            return;
        };
        if tcp.flags.syn() {
            self.next[sender as usize] = Some(tcp.sequence.wrapping_add(1));
            if !tcp.flags.ack() {
                let record = self.record(packet, sender, Some(tcp), b"");
                self.done.push(record);
            }
            return;
        }
        let first = *self.next[sender as usize].get_or_insert(tcp.sequence);
        // What was sent again is read once.
        let payload = packet.payload.get(first.wrapping_sub(tcp.sequence) as usize..).unwrap_or_default();
        self.next[sender as usize] = Some(first.wrapping_add(payload.len() as u32));
        let tcp = TcpHeader { sequence: first, flags: TcpFlags(0x18 | tcp.flags.0), ..tcp };
        match cut {
            _ if payload.is_empty() => {}
            Cut::Smaller => self.smaller(packet, sender, tcp, payload, random),
            Cut::Larger => self.larger(packet, sender, tcp, payload),
        }
        self.ended[sender as usize] |= tcp.flags.fin();
        if tcp.flags.rst() || self.ended == [true; 2] {
            self.close(packet);
        }
    }

    fn smaller(
        &mut self,
        packet: &Packet,
        sender: Sender,
        mut tcp: TcpHeader,
        mut payload: &[u8],
        random: &mut Random,
    ) {
        tcp.flags = TcpFlags(0x18);
        while !payload.is_empty() {
            let (piece, behind) = payload.split_at(payload.len().min(1 + random.below(700)));
            let record = self.record(packet, sender, Some(tcp), piece);
            self.done.push(record);
            tcp.sequence = tcp.sequence.wrapping_add(piece.len() as u32);
            payload = behind;
        }
    }

    fn larger(&mut self, packet: &Packet, sender: Sender, mut tcp: TcpHeader, payload: &[u8]) {
        tcp.flags = TcpFlags(0x18);
        match &mut self.row {
            Some(row) if row.header.sender == sender && row.payload.len() < 60_000 => {
                row.time = packet.time;
                row.payload.extend_from_slice(payload);
            }
            _ => {
                let record = self.record(packet, sender, Some(tcp), payload);
                self.done.extend(self.row.replace(record));
            }
        }
    }

    fn close(&mut self, packet: &Packet) {
        self.done.extend(self.row.take());
        if let [Some(sequence), Some(acknowledgment)] = self.next {
            let tcp = TcpHeader { sequence, acknowledgment, flags: TcpFlags(0x14) };
            let record = self.record(packet, Sender::Local, Some(tcp), b"");
            self.done.push(record);
        }
        (self.ended, self.next) = ([false; 2], [None; 2]);
    }

    fn record(&self, packet: &Packet, sender: Sender, tcp: Option<TcpHeader>, payload: &[u8]) -> Record {
        let header = SocketHeader {
            socket: self.number,
            local: self.local,
            remote: if packet.source == self.local { packet.destination } else { packet.source },
            sender,
            transport: tcp.map_or(TransportHeader::Udp, TransportHeader::Tcp),
            cut: 0,
            caller: self.caller,
        };
        Record { time: packet.time, header, payload: payload.to_vec() }
    }
}

/// Writes a capture of records.
pub(crate) fn write(records: &[Record], path: &Path) {
    let file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let mut writer = PcapWriter::new(file, LinkType::Socket).unwrap();
    for record in records {
        let mut bytes = Vec::new();
        record.header.write(&mut bytes);
        bytes.extend_from_slice(&record.payload);
        let wire_length = bytes.len() as u32;
        let frame = Frame { time: record.time, link: LinkType::Socket, bytes: &bytes, wire_length };
        writer.frame(&frame).unwrap();
    }
    writer.finish().unwrap();
}
