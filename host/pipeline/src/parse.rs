//! Stream chunks -> messages, by calling parsers in batches.

/// What a parser gets.
pub mod event;

/// What a parser answers.
pub mod outcome;

/// The door to a parser.
pub mod parser;
