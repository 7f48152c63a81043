//! A fuzzer's bytes as a capture file, through the whole path but for the sandbox: frames, segments, streams, inference, the
//! built-in parsers (linked natively), pairing, JSON.
//!
//! Takes: a capture file. Gives: panics, also when a request log is no JSON object or is told in pieces.

#[path = "../../src/native/adapter.rs"]
mod adapter;
#[path = "../../src/native/convert.rs"]
mod convert;

use serde::de::IgnoredAny;
use weir_capture::{Block, CaptureFile};
use weir_pipeline::decode::Decoder;
use weir_pipeline::parse::parser::ProtocolParser;
use weir_pipeline::worker::{Worker, WorkerConfig};
use weir_sinks::{JsonLines, Sink};

use adapter::Native;

/// Flows, so that a small capture can have too many.
const FLOWS: usize = 64;

/// Replays the file.
pub fn play(data: &[u8]) {
    let Ok(mut file) = CaptureFile::from_reader("fuzz", std::io::Cursor::new(data.to_vec())) else { return };
    let mut config = WorkerConfig::default();
    config.limits.flows = FLOWS;
    let parsers: Vec<Box<dyn ProtocolParser>> = vec![
        Box::new(Native::<weir_plugin_dns::Dns>::new()),
        Box::new(Native::<weir_plugin_http::Http>::new()),
        Box::new(Native::<weir_plugin_mysql::MySql>::new()),
        Box::new(Native::<weir_plugin_redis::Redis>::new()),
    ];
    let mut worker = Worker::new(config, parsers, Vec::new());
    let (mut decoder, mut block, mut sink) = (Decoder::default(), Block::default(), JsonLines::default());
    while let Ok(true) = file.fill(&mut block) {
        for frame in block.frames() {
            if let Ok(segment) = decoder.frame(&frame) {
                worker.segment(&segment, &mut sink);
            }
        }
        worker.flush(&mut sink);
    }
    worker.finish(&mut sink);
    for line in sink.buffer().split_inclusive(|byte| *byte == b'\n') {
        let log = serde_json::from_slice::<IgnoredAny>(line);
        assert!(log.is_ok() && line.ends_with(b"}\n"), "no request log: {:?}", String::from_utf8_lossy(line));
    }
}
