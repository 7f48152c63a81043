//! What fuzz targets share: a fuzzer's bytes played as something that the code under test can take.
//!
//! Takes: random bytes. Gives: panics, when a promise is broken. Holds no fuzzing engine: targets are five lines of glue.
#![forbid(unsafe_code)]

/// Bytes -> a conversation -> a plugin's parser.
pub mod conversation;

/// Bytes -> a payload -> the protobuf hook.
pub mod protobuf;

/// Bytes -> segments in any order -> reassembly.
pub mod reassembly;

/// Bytes -> a capture file -> the whole path.
pub mod replay;
