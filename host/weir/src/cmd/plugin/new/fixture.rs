//! The talks that the examples' tests are about, as captures.

use weir_capture::write::PcapWriter;
use weir_pipeline::captured::LinkType;
use weir_pipeline::decode::{Address, Transport};
use weir_pipeline::parse::event::Direction::{self, ClientToServer, ServerToClient};

use crate::cmd::plugin::conversation::{Chunk, Conversation};
use crate::cmd::plugin::packets::frames;

/// 2026-01-01.
const TIME: u64 = 1_767_225_600_000_000_000;

/// One connection of an example.
pub(super) struct Talk {
    /// The server's.
    pub(super) port: u16,
    said: &'static [(Direction, &'static str)],
}

/// Requests and answers of the line protocol: one that works, then two at once whose answers come in the other order.
pub(super) fn lines() -> Talk {
    let said = &[
        (ClientToServer, "ASK 1 price umbrella\r\n"),
        (ServerToClient, "OK 1 12.50\r\n"),
        (ClientToServer, "ASK 2 price moon\r\nASK 3 order umbrella\r\n"),
        (ServerToClient, "ERR 3 503 out of stock\r\n"),
        (ServerToClient, "ERR 2 404 no such thing\r\n"),
    ];
    Talk { port: 7000, said }
}

/// HTTP/1.1: an order with a secret in its query, a health check, an order that fails.
pub(super) fn http() -> Talk {
    let said = &[
        (
            ClientToServer,
            "GET /orders/7?token=s3cret HTTP/1.1\r\nHost: shop.example.com\r\nX-Tenant: acme\r\n\r\n",
        ),
        (
            ServerToClient,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n{\"order\":\"A-7\",\"sum\":1250}",
        ),
        (ClientToServer, "GET /healthz HTTP/1.1\r\nHost: shop.example.com\r\n\r\n"),
        (ServerToClient, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        (
            ClientToServer,
            "POST /orders HTTP/1.1\r\nHost: shop.example.com\r\nX-Tenant: umbra\r\nContent-Type: application/json\r\n\
             Content-Length: 33\r\n\r\n{\"order\":\"A-8\",\"item\":\"umbrella\"}",
        ),
        (
            ServerToClient,
            "HTTP/1.1 503 Service Unavailable\r\nX-Reason: out of stock\r\nContent-Length: 0\r\n\r\n",
        ),
    ];
    Talk { port: 8080, said }
}

impl Talk {
    /// What the client says first, and what the server answers, as `printf` takes it.
    pub(super) fn first(&self) -> [String; 2] {
        let text = |place: usize| self.said.get(place).map_or("", |(_, text)| text).replace("\r\n", "\\r\\n");
        [text(0), text(1)]
    }

    /// A pcap file.
    pub(super) fn capture(&self) -> Vec<u8> {
        let chunks =
            self.said.iter().map(|(direction, text)| Chunk::new(*direction, text.as_bytes().to_vec()));
        let conversation = Conversation {
            transport: Transport::Tcp,
            client: (Address::v4([192, 0, 2, 1]), 40_000),
            server: (Address::v4([192, 0, 2, 2]), self.port),
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_as_long_as_they_say() {
        for (_, text) in http().said {
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            let length =
                head.split_once("Content-Length: ").map_or("0", |(_, rest)| rest.lines().next().unwrap());
            assert_eq!(length.parse(), Ok(body.len()), "{head}");
        }
    }
}
