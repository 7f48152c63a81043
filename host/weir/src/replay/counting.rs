//! Takes: records on their way to a sink. Gives: how many there were of each protocol and status.

use std::sync::Arc;

use weir_request_log::{LogSink, RequestLog};
use weir_sinks::Sink;

use super::report::LogCount;

/// Records by protocol: a handful of entries, as many as plugins have protocols.
pub(super) type LogCounts = Vec<(Arc<str>, LogCount)>;

/// A sink that counts what it hands on.
pub(super) struct CountingSink {
    sink: Box<dyn Sink>,
    counts: LogCounts,
}

impl CountingSink {
    pub(super) fn new(sink: Box<dyn Sink>) -> Self {
        Self { sink, counts: Vec::new() }
    }

    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        self.sink.buffer()
    }

    pub(super) fn into_counts(self) -> LogCounts {
        self.counts
    }

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

impl LogSink for CountingSink {
    fn log(&mut self, log: &RequestLog) {
        self.count(log);
        self.sink.log(log);
    }
}
