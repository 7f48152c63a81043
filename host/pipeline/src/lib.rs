//! The middle of the data path: frames -> segments -> streams -> messages -> sessions -> request logs.
//!
//! Takes: bytes and times as arguments. Gives: request logs through a callback. Does not do: sockets, files, clocks, threads,
//! async, Wasm. A capture file, a fuzzer, a kernel ring and a syscall record drive the very same code.
//!
//! Rules of this crate: no unsafe, no I/O, no clock; every limit in [`limits`], every drop counted in [`stats`].
#![forbid(unsafe_code)]

/// What capture hands over.
pub mod captured;

/// Frames -> segments.
pub mod decode;

/// Stream chunks -> messages, by calling parsers in batches.
pub mod parse;
