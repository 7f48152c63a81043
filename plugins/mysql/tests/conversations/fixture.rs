//! Takes: a file of `fixtures`. Gives: the segments of each connection, in the order they were captured.

use std::io::Read;

use weir_plugin_sdk::prelude::*;

/// Segments of one connection.
pub(crate) struct Conversation {
    /// The client's port.
    pub(crate) name: String,
    pub(crate) segments: Vec<(Direction, Vec<u8>)>,
}

impl Conversation {
    pub(crate) fn script(&self) -> Vec<(Direction, &[u8])> {
        self.segments.iter().map(|(direction, bytes)| (*direction, bytes.as_slice())).collect()
    }
}

pub(crate) fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap()
}

/// A zlib stream of records: `O` begins a connection, `C` and `S` are segments of client and server; then a length of four
/// bytes, lowest first, and as many bytes.
pub(crate) fn conversations(name: &str) -> Vec<Conversation> {
    let packed = std::fs::read(path(&format!("{name}.stream.z"))).unwrap();
    let mut bytes = Vec::new();
    flate2::read::ZlibDecoder::new(packed.as_slice()).read_to_end(&mut bytes).unwrap();
    let (mut conversations, mut rest) = (Vec::<Conversation>::new(), bytes.as_slice());
    while let Some((head, behind)) = rest.split_first_chunk::<5>() {
        let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let (content, behind) = behind.split_at(length);
        rest = behind;
        let direction = match head[0] {
            b'O' => {
                let name = String::from_utf8(content.to_vec()).unwrap();
                conversations.push(Conversation { name, segments: Vec::new() });
                continue;
            }
            b'C' => Direction::ClientToServer,
            _ => Direction::ServerToClient,
        };
        conversations.last_mut().unwrap().segments.push((direction, content.to_vec()));
    }
    assert!(!conversations.is_empty());
    conversations
}

/// Every file.
pub(crate) const ALL: [&str; 9] =
    ["core", "tricky", "cli", "sysbench_text", "sysbench_ps", "matrix", "node", "clis", "conn"];

fn path(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}
