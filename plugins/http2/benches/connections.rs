//! Whole connections of the fixtures, natively and without a host: `cargo bench -p weir-plugin-http2`. The counter gives requests a
//! second; each has its response.

use std::path::Path;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use weir_plugin_http2::Http2;
use weir_plugin_sdk::abi;
use weir_plugin_sdk::instance::Instance;

fn main() {
    divan::main();
}

/// A connection as one batch.
struct Batch {
    arena: Vec<u8>,
    events: Vec<abi::StreamEvent>,
    requests: usize,
}

impl Batch {
    /// Reads a fixture: lines `C 193` or `S 237`, as many bytes, a line end.
    fn read(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let stream = std::fs::read(folder.join(format!("{name}.stream"))).expect("a fixture");
        let expected = std::fs::read_to_string(folder.join(format!("{name}.expected"))).expect("a fixture");
        let (mut arena, mut events) = (Vec::new(), vec![abi::StreamEvent::opened(0)]);
        let (mut rest, mut positions) = (stream.as_slice(), [0_u64; 2]);
        while let Some(end) = rest.iter().position(|b| *b == b'\n') {
            let line = std::str::from_utf8(&rest[..end]).expect("text");
            let (way, length) = line.split_once(' ').expect("two words");
            let (way, length) = (usize::from(way == "S"), length.parse::<usize>().expect("a number"));
            let offset = arena.len() as u32;
            events.push(abi::StreamEvent::data(0, way as u8, offset, length as u32, positions[way], 0));
            positions[way] += length as u64;
            arena.extend_from_slice(&rest[end + 1..end + 1 + length]);
            rest = &rest[end + 2 + length..];
        }
        Self { arena, events, requests: expected.lines().count() }
    }
}

/// `wanted`: whether hooks want heads and 64 KiB of each body.
#[divan::bench(args = ["grpcio", "httpx_hypercorn", "nginx"], consts = [false, true])]
fn connection<const WANTED: bool>(bencher: Bencher<'_, '_>, name: &str) {
    let batch = Batch::read(name);
    let mut flow = abi::Flow::default();
    flow.from_start = 1;
    flow.heads = u8::from(WANTED);
    flow.body_limit = if WANTED { 64 << 10 } else { 0 };
    let mut instance = Instance::<Http2>::default();
    bencher.counter(ItemsCount::new(batch.requests)).bench_local(|| {
        let lists = instance.process(black_box(&batch.arena), &[flow], &batch.events);
        black_box(lists.messages().len())
    });
}
