//! Takes: records of one worker. Gives: their lines to the output that workers share, and how many there were of each protocol
//! and status.

use std::io::Write;
use std::sync::Arc;

use weir_request_log::{LogSink, RequestLog};
use weir_sinks::{Output, OutputState, Sink};

use super::report::LogCount;
use crate::failure::Failure;

/// Lines are handed on in pieces of this size: the system copies them while they are still in the processor's cache, which costs
/// half of what pieces of 1 MiB do, and calls for smaller pieces would cost more than they save.
const PIECE_BYTES: usize = 64 << 10;

/// Records by protocol: a handful of entries, as many as plugins have protocols.
pub type LogCounts = Vec<(Arc<str>, LogCount)>;

/// Where a worker's records go.
pub(super) struct Lines<'a, W> {
    sink: Box<dyn Sink>,
    output: &'a Output<W>,
    counts: LogCounts,
    state: Result<OutputState, Failure>,
}

impl<'a, W: Write> Lines<'a, W> {
    pub(super) fn new(sink: Box<dyn Sink>, output: &'a Output<W>) -> Self {
        Self { sink, output, counts: Vec::new(), state: Ok(OutputState::Open) }
    }

    /// Hands on what was formatted. `false`: nobody takes it, so there is no use in going on.
    pub(super) fn hand_on(&mut self) -> bool {
        self.sink.burst_end();
        let result = self.output.append(self.sink.buffer());
        if self.state.is_ok() {
            self.state = result.map_err(|error| {
                Failure::runtime(format_args!(
                    "can not write to standard output: {error}; free some space or write elsewhere"
                ))
            });
        }
        self.state == Ok(OutputState::Open)
    }

    pub(super) fn counts(&self) -> &LogCounts {
        &self.counts
    }

    /// Whether the lines could be written, and the counts.
    pub(super) fn end(mut self) -> (Result<OutputState, Failure>, LogCounts) {
        self.hand_on();
        (self.state, self.counts)
    }

    #[inline]
    fn count(&mut self, log: &RequestLog) {
        // Records of one plugin share one name, so the address tells them apart faster than the letters.
        let place = self.counts.iter().position(|(name, _)| Arc::ptr_eq(name, &log.l7_protocol));
        let place = place.or_else(|| self.counts.iter().position(|(name, _)| *name == log.l7_protocol));
        match place.and_then(|place| self.counts.get_mut(place)) {
            Some((_, count)) => count.count(log),
            None => {
                let mut count = LogCount::default();
                count.count(log);
                self.counts.push((Arc::clone(&log.l7_protocol), count));
            }
        }
    }
}

impl<W: Write> LogSink for Lines<'_, W> {
    fn log(&mut self, log: &RequestLog) {
        self.count(log);
        self.sink.log(log);
        if self.sink.buffer().len() >= PIECE_BYTES {
            self.hand_on();
        }
    }
}
