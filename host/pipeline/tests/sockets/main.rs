//! From records of system calls to request logs: the same path as packets, and what only calls tell.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)] // a test

#[path = "../common/mod.rs"]
mod common;

mod batches;
mod callers;
mod datagrams;
mod hostile;
mod losses;
mod machine;
mod verdicts;
