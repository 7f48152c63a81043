//! The middle of the data path: frames -> segments -> streams -> messages -> sessions -> request logs.
//!
//! Takes: bytes and times as arguments. Gives: request logs through a callback. Does not do: sockets, files, clocks, threads,
//! async, Wasm. A capture file, a fuzzer, a kernel ring and a syscall record drive the very same code.
//!
//! Rules of this crate: no unsafe, no I/O, no clock; every limit in [`limits`], every drop counted in [`stats`].
#![forbid(unsafe_code)]

/// Which new flows are taken under load.
pub mod admission;

/// Ordered chunks -> the parser that claimed the flow.
pub mod application;

/// What capture hands over.
pub mod captured;

/// Frames -> segments.
pub mod decode;

/// Segments -> ordered chunks of each direction of a flow.
pub mod flow;

/// Request logs -> plugins that change them -> the sink.
pub mod hooks;

/// Which parser follows a flow.
pub mod inference;

/// Every limit with the reason for its number.
pub mod limits;

/// Stream chunks -> messages, by calling parsers in batches.
pub mod parse;

/// Messages -> sessions -> request logs.
pub mod session;

/// Every counter with its stage and reason.
pub mod stats;

/// The stages in order, for one core.
pub mod worker;
