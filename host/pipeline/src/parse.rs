//! Stream chunks -> messages, by calling parsers in batches.

/// What is put together for one call.
pub(crate) mod batch;

/// Who made the calls that carried bytes.
pub(crate) mod callers;

/// A connection that a parser follows.
pub(crate) mod connection;

/// One parser and all connections that it follows.
pub(crate) mod driver;

/// What a parser gets.
pub mod event;

/// What waits behind a gap.
pub(crate) mod held;

/// One direction of a connection.
pub(crate) mod lane;

/// What a parser answers.
pub mod outcome;

/// The door to a parser.
pub mod parser;
