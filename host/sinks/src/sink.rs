//! Takes: records. Gives: a buffer of whole lines that its owner hands on when it is large enough, or when a burst ends.

use weir_request_log::LogSink;

/// A [`LogSink`] that formats into memory. Each worker has its own.
pub trait Sink: LogSink + Send {
    /// What was formatted since the buffer was emptied: whole lines only. Its owner empties it and leaves the memory.
    fn buffer(&mut self) -> &mut Vec<u8>;

    /// A burst of records is over, or the buffer is about to be handed on: for sinks that hand on something else.
    fn burst_end(&mut self) {}
}
