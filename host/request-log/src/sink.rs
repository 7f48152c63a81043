//! Takes: finished records, one at a time. Gives: nothing back. What happens to them is the implementor's business.

use crate::request_log::RequestLog;

/// Where the pipeline puts a finished record.
///
/// The record's memory is used again for the next one, so a sink keeps what it made of it, never the record.
pub trait LogSink {
    /// Takes one record. It can not fail: whoever owns the sink asks it later for errors.
    fn log(&mut self, log: &RequestLog);
}
