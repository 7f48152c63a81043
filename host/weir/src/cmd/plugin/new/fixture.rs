//! The talk that the example's tests are about, as a capture.

use weir_capture::write::PcapWriter;
use weir_pipeline::captured::LinkType;
use weir_pipeline::decode::{Address, Transport};
use weir_pipeline::parse::event::Direction;

use crate::cmd::plugin::conversation::{Chunk, Conversation};
use crate::cmd::plugin::packets::frames;

/// 2026-01-01.
const TIME: u64 = 1_767_225_600_000_000_000;

/// Requests and answers: one that works, then two at once whose answers come in the other order.
const TALK: [(Direction, &str); 5] = [
    (Direction::ClientToServer, "ASK 1 price umbrella\r\n"),
    (Direction::ServerToClient, "OK 1 12.50\r\n"),
    (Direction::ClientToServer, "ASK 2 price moon\r\nASK 3 order umbrella\r\n"),
    (Direction::ServerToClient, "ERR 3 503 out of stock\r\n"),
    (Direction::ServerToClient, "ERR 2 404 no such thing\r\n"),
];

/// A pcap file.
pub(super) fn capture() -> Vec<u8> {
    let chunks = TALK.iter().map(|(direction, text)| Chunk::new(*direction, text.as_bytes().to_vec()));
    let conversation = Conversation {
        transport: Transport::Tcp,
        client: (Address::v4([192, 0, 2, 1]), 40_000),
        server: (Address::v4([192, 0, 2, 2]), 7000),
        from_start: true,
        chunks: chunks.collect(),
    };
    let mut list = Vec::new();
    frames(&conversation, TIME, &mut list);
    let write = || -> std::io::Result<Vec<u8>> {
        let mut writer = PcapWriter::new(Vec::new(), LinkType::Ethernet)?;
        list.iter().try_for_each(|frame| writer.frame(&frame.frame()))?;
        writer.finish()
    };
    // Writing a few hundred bytes to memory can not fail.
    write().unwrap_or_default()
}
