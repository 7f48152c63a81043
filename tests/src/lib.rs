//! What no single crate can prove, and what several of these proofs share.
#![forbid(unsafe_code)]

/// The built-in parsers without the sandbox.
pub mod native;
