//! Takes: records. Gives: nothing.

use weir_request_log::{LogSink, RequestLog};

use crate::sink::Sink;

/// Formats nothing, for measuring what comes before.
#[derive(Debug, Default)]
pub struct Null {
    buffer: Vec<u8>,
}

impl LogSink for Null {
    fn log(&mut self, log: &RequestLog) {
        // Keeps the compiler from leaving out the work that led here.
        std::hint::black_box(log);
    }
}

impl Sink for Null {
    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }
}
