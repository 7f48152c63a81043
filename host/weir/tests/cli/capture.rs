//! Makes captures of HTTP connections: handshake, requests with their responses, end.

use std::collections::HashMap;

use weir_capture::write::PcapWriter;
use weir_pipeline::captured::{Frame, LinkType};

const CLIENT: [u8; 4] = [10, 0, 0, 1];
const SERVER: [u8; 4] = [10, 0, 0, 2];
const SERVER_PORT: u16 = 8080;
const SYN: u8 = 0x02;
const FIN: u8 = 0x01;
const ACK: u8 = 0x10;

/// A capture that grows.
pub(crate) struct Capture {
    writer: PcapWriter<Vec<u8>>,
    time: u64,
    /// By direction (client port, from client): next sequence number.
    sequences: HashMap<(u16, bool), u32>,
}

impl Capture {
    pub(crate) fn new() -> Self {
        let writer = PcapWriter::new(Vec::new(), LinkType::Ethernet).unwrap();
        Self { writer, time: 1_763_731_625_000_000_000, sequences: HashMap::new() }
    }

    /// `connections` connections with `requests` requests each, one after the other in turns; `/ITEM` with the number of the
    /// request, every third one is not found.
    pub(crate) fn http(connections: u16, requests: usize) -> Vec<u8> {
        let mut capture = Self::new();
        let ports = 20_000..20_000 + connections;
        ports.clone().for_each(|port| capture.open(port));
        for request in 0..requests {
            for port in ports.clone() {
                let ask = format!("GET /{port}/{request} HTTP/1.1\r\nHost: shop.test\r\n\r\n");
                capture.segment(port, true, ACK, ask.as_bytes());
                let answer = if request % 3 == 2 { "404 Not Found" } else { "200 OK" };
                let answer = format!("HTTP/1.1 {answer}\r\nContent-Length: 2\r\n\r\nok");
                capture.segment(port, false, ACK, answer.as_bytes());
            }
        }
        ports.for_each(|port| capture.close(port));
        capture.finish()
    }

    /// One connection; who speaks (`true`: the client) and what.
    #[allow(dead_code)] // not every test crate that takes this file in needs it
    pub(crate) fn talk(chunks: &[(bool, &str)]) -> Vec<u8> {
        let mut capture = Self::new();
        capture.open(20_000);
        chunks.iter().for_each(|(client, text)| capture.segment(20_000, *client, ACK, text.as_bytes()));
        capture.close(20_000);
        capture.finish()
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.writer.finish().unwrap()
    }

    fn open(&mut self, port: u16) {
        self.segment(port, true, SYN, b"");
        self.segment(port, false, SYN | ACK, b"");
        self.segment(port, true, ACK, b"");
    }

    fn close(&mut self, port: u16) {
        self.segment(port, true, FIN | ACK, b"");
        self.segment(port, false, FIN | ACK, b"");
        self.segment(port, true, ACK, b"");
    }

    fn segment(&mut self, port: u16, from_client: bool, flags: u8, payload: &[u8]) {
        let sequence = *self.sequences.entry((port, from_client)).or_insert(1000);
        let acknowledgment = *self.sequences.entry((port, !from_client)).or_insert(1000);
        let length = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        self.sequences.insert((port, from_client), sequence.wrapping_add(length));
        let (source, destination) = if from_client { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
        let ports = if from_client { [port, SERVER_PORT] } else { [SERVER_PORT, port] };

        let mut frame = vec![0; 12];
        frame.extend([0x08, 0x00]);
        frame.extend([0x45, 0]);
        frame.extend((40 + payload.len() as u16).to_be_bytes());
        frame.extend([0, 0, 0, 0, 64, 6, 0, 0]);
        frame.extend(source);
        frame.extend(destination);
        frame.extend(ports.into_iter().flat_map(u16::to_be_bytes));
        frame.extend(sequence.to_be_bytes());
        frame.extend(acknowledgment.to_be_bytes());
        frame.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        frame.extend(payload);
        self.time += 50_000;
        let frame = Frame {
            time: self.time,
            link: LinkType::Ethernet,
            bytes: &frame,
            wire_length: frame.len() as u32,
        };
        self.writer.frame(&frame).unwrap();
    }
}
