//! A machine whose system calls are captured: sockets write records, which go through decode and a worker.

use weir_pipeline::captured::{Caller, Frame, LinkType, Sender, SocketHeader};
use weir_pipeline::decode::{Address, Decoder, TcpFlags, TcpHeader, TransportHeader};
use weir_pipeline::limits::Limits;
use weir_pipeline::worker::{Worker, WorkerConfig};

use crate::common::{Lines, Told};

pub(crate) struct Machine {
    pub(crate) worker: Worker,
    pub(crate) told: Told,
    pub(crate) time: u64,
    decoder: Decoder,
}

/// One end of a connection.
#[derive(Clone)]
pub(crate) struct Socket {
    pub(crate) header: SocketHeader,
    /// Next sequence numbers: of this end, of the other one.
    pub(crate) next: [u32; 2],
}

pub(crate) fn caller(process_id: u32, thread_id: u32, name: &[u8]) -> Caller {
    let mut process_name = [0; 16];
    process_name[..name.len()].copy_from_slice(name);
    Caller { process_id, thread_id, process_name, ..Caller::default() }
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    pub(crate) fn with_limits(limits: Limits) -> Self {
        Self {
            worker: Worker::new(WorkerConfig { limits }, vec![Box::new(Lines::new())], Vec::new()),
            told: Told::default(),
            time: 1_000_000_000,
            decoder: Decoder::default(),
        }
    }

    /// The server's end of a connection from port 40,000 to port 80, with the sequence numbers that both ends share.
    pub(crate) fn server(&mut self, socket: u64, caller: Caller) -> Socket {
        let ends = [(Address::v4([10, 0, 0, 1]), 80), (Address::v4([10, 0, 0, 9]), 40_000)];
        let mut server = Socket::new(socket, ends, [u32::MAX - 20, 100], caller);
        server.opened(self, Sender::Remote);
        server
    }

    /// The client's end of the same connection.
    pub(crate) fn client(&mut self, socket: u64, caller: Caller) -> Socket {
        let ends = [(Address::v4([10, 0, 0, 9]), 40_000), (Address::v4([10, 0, 0, 1]), 80)];
        let mut client = Socket::new(socket, ends, [100, u32::MAX - 20], caller);
        client.opened(self, Sender::Local);
        client
    }

    /// A record as the capture hands it over.
    pub(crate) fn record(&mut self, header: &SocketHeader, payload: &[u8]) {
        self.time += 1_000_000;
        let mut bytes = Vec::new();
        header.write(&mut bytes);
        bytes.extend_from_slice(payload);
        let wire_length = bytes.len() as u32;
        let frame = Frame { time: self.time, link: LinkType::Socket, bytes: &bytes, wire_length };
        let segment = self.decoder.frame(&frame).unwrap();
        self.worker.segment(&segment, &mut self.told);
    }

    pub(crate) fn finish(&mut self) -> &[String] {
        self.worker.finish(&mut self.told);
        &self.told.0
    }
}

impl Socket {
    pub(crate) fn new(
        socket: u64,
        [local, remote]: [(Address, u16); 2],
        next: [u32; 2],
        caller: Caller,
    ) -> Self {
        let header = SocketHeader {
            socket,
            local,
            remote,
            sender: Sender::Local,
            transport: TransportHeader::Udp,
            cut: 0,
            caller,
        };
        Self { header, next }
    }

    /// The next calls are made by this thread, and belong to this trace.
    pub(crate) fn thread(&mut self, thread_id: u32, syscall_trace_id: u64) -> &mut Self {
        self.header.caller = Caller { thread_id, syscall_trace_id, ..self.header.caller };
        self
    }

    pub(crate) fn opened(&mut self, machine: &mut Machine, by: Sender) {
        let first = self.next[by as usize].wrapping_sub(1);
        self.segment(machine, by, first, 0x02, (b"", 0));
    }

    pub(crate) fn sent(&mut self, machine: &mut Machine, bytes: &[u8]) -> &mut Self {
        self.carried(machine, Sender::Local, bytes, 0)
    }

    pub(crate) fn received(&mut self, machine: &mut Machine, bytes: &[u8]) -> &mut Self {
        self.carried(machine, Sender::Remote, bytes, 0)
    }

    /// `cut`: so many bytes behind them were carried but not captured.
    pub(crate) fn carried(
        &mut self,
        machine: &mut Machine,
        sender: Sender,
        bytes: &[u8],
        cut: u32,
    ) -> &mut Self {
        let sequence = self.next[sender as usize];
        self.segment(machine, sender, sequence, 0x18, (bytes, cut));
        self.lost(sender, bytes.len() as u32 + cut)
    }

    /// So many bytes were carried, and the record was lost.
    pub(crate) fn lost(&mut self, sender: Sender, bytes: u32) -> &mut Self {
        let next = &mut self.next[sender as usize];
        *next = next.wrapping_add(bytes);
        self
    }

    pub(crate) fn closed(&mut self, machine: &mut Machine) {
        self.segment(machine, Sender::Local, self.next[0], 0x14, (b"", 0));
    }

    pub(crate) fn segment(
        &mut self,
        machine: &mut Machine,
        sender: Sender,
        sequence: u32,
        flags: u8,
        (payload, cut): (&[u8], u32),
    ) {
        let acknowledgment = if flags & 0x10 == 0 { 0 } else { self.next[1 - sender as usize] };
        let tcp = TcpHeader { sequence, acknowledgment, flags: TcpFlags(flags) };
        let header = SocketHeader { sender, transport: TransportHeader::Tcp(tcp), cut, ..self.header };
        machine.record(&header, payload);
    }
}
