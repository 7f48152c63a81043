//! Which sockets a source is told to leave alone.

use std::io::Cursor;
use std::sync::{Arc, Mutex};

use weir_capture::write::PcapWriter;
use weir_capture::{Block, CaptureFile};
use weir_pipeline::captured::{Caller, Frame, LinkType, Sender, SocketHeader};
use weir_pipeline::decode::{Address, TcpFlags, TcpHeader, TransportHeader};
use weir_pipeline::parse::parser::ProtocolParser;
use weir_pipeline::worker::WorkerConfig;
use weir_sinks::{Null, Output};

use super::{PluginFactory, Replay, Report, Source, Unwanted};
use crate::failure::Failure;

const SOCKETS: u64 = 40;

/// Without parsers nobody wants anything.
struct NoPlugins;

impl PluginFactory for NoPlugins {
    fn parsers(&self) -> Result<Vec<Box<dyn ProtocolParser>>, Failure> {
        Ok(Vec::new())
    }
}

struct Calls {
    file: CaptureFile,
    told: Arc<Mutex<Vec<u64>>>,
}

impl Source for Calls {
    fn fill(&mut self, block: &mut Block) -> bool {
        self.file.fill(block).unwrap()
    }

    fn may_wait(&self) -> bool {
        true
    }

    fn unwanted(&self) -> Option<Unwanted> {
        let told = Arc::clone(&self.told);
        Some(Arc::new(move |sockets: &[u64]| told.lock().unwrap().extend(sockets)))
    }
}

/// Connections whose server reads what no protocol begins with.
fn capture() -> Vec<u8> {
    let mut writer = PcapWriter::new(Vec::new(), LinkType::Socket).unwrap();
    for sequence in 0..20 {
        for socket in 1..=SOCKETS {
            let flags = TcpFlags(if sequence == 0 { 0x02 } else { 0x18 });
            let tcp = TcpHeader { sequence, acknowledgment: 0, flags };
            let header = SocketHeader {
                socket,
                local: (Address::v4([10, 0, 0, 1]), 80),
                remote: (Address::v4([10, 0, 0, 2]), 1000 + socket as u16),
                sender: Sender::Remote,
                transport: TransportHeader::Tcp(tcp),
                cut: 0,
                caller: Caller::default(),
            };
            let mut bytes = Vec::new();
            header.write(&mut bytes);
            bytes.extend(if sequence == 0 { &b""[..] } else { b"x" });
            let (time, wire_length) = (u64::from(sequence) * 1000, bytes.len() as u32);
            writer.frame(&Frame { time, link: LinkType::Socket, bytes: &bytes, wire_length }).unwrap();
        }
    }
    writer.finish().unwrap()
}

#[test]
fn each_unwanted_socket_is_told_once_from_any_worker() {
    for threads in [1, 3] {
        let output = Output::new(Vec::new());
        let replay = Replay {
            threads,
            config: &WorkerConfig::default(),
            plugins: &NoPlugins,
            sinks: &|| Box::new(Null::default()),
            output: &output,
            monitor: None,
        };
        let told = Arc::default();
        let file = CaptureFile::from_reader("calls", Cursor::new(capture())).unwrap();
        let mut source = Calls { file, told: Arc::clone(&told) };
        let mut report = Report::default();
        replay.source(&mut source, &mut report).unwrap();
        let mut told = told.lock().unwrap().clone();
        told.sort_unstable();
        assert_eq!(told, (1..=SOCKETS).collect::<Vec<_>>(), "{threads} threads");
        assert_eq!(report.pipeline.sockets_unwanted, SOCKETS);
    }
}
