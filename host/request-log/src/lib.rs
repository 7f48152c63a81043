//! The product's output: one record for each request, with or without its response.
//!
//! Takes: nothing. Gives: [`RequestLog`], spoken by the pipeline, the sinks and the tests. Does not do: I/O, formatting
//! (see `host/sinks`), deciding what goes in.
//!
//! Rules of this crate: no dependency but serde, no unsafe, no async.

/// Named values of a record.
pub mod field;

/// The record.
pub mod request_log;

/// Where records go.
pub mod sink;

pub use field::{Field, Fields, Stored, Value};
pub use request_log::{RequestLog, SessionType, SignalSource, Status, Transport};
pub use sink::LogSink;
