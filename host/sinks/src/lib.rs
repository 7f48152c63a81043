//! Request logs -> bytes for people and programs.
//!
//! Takes: [`RequestLog`](weir_request_log::RequestLog)s by reference. Gives: whole lines in a buffer, and the buffer to a writer
//! that workers share. Does not do: choose, change or cut what a record says (the pipeline did), open files.
//!
//! A sink belongs to one worker, so formatting takes no lock. Only handing over a buffer of whole lines does.
//!
//! Rules of this crate: no unsafe, no async.
#![forbid(unsafe_code)]

/// One JSON object a line.
pub mod json_lines;

/// Nothing: for measuring what comes before.
pub mod null;

/// The writer that workers share.
pub mod output;

/// What all sinks have in common.
pub mod sink;

/// Columns for people.
pub mod table;

mod time;

pub use time::rfc3339;

pub use json_lines::JsonLines;
pub use null::Null;
pub use output::{Output, OutputState};
pub use sink::Sink;
pub use table::{Table, TableStyle, harmless};
