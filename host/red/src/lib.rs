//! Request logs -> rate, errors and durations (RED) of each endpoint.
//!
//! Takes: records, one at a time, by each worker for itself ([`Tallies`]); what time it is, from who calls. Gives: one [`Board`] of all
//! workers with counts over a sliding window, percentiles, the last errors. Does not do: I/O, clocks, threads, printing.
//!
//! Traffic is hostile: names are endless, so there is room for [`KEYS`] of them; what is over is counted together, so that sums are
//! always right. A record of a known key costs no allocation, and about 90 ns (`benches/count.rs`): 7 % of what a request
//! costs before.
//!
//! Rules of this crate: no unsafe, no I/O, no clock, nothing panics on what a record holds.
#![forbid(unsafe_code)]

/// All workers together, over a sliding window.
pub mod board;

/// Durations, counted by their size.
pub mod histogram;

/// What is counted together.
pub mod key;

/// What is counted of a key.
pub mod tally;

/// One worker's counts.
pub mod worker;

mod endpoint;
mod keyed;
mod row;

pub use board::{Board, Line};
pub use histogram::Histogram;
pub use key::Key;
pub use row::HISTORY;
pub use tally::{Code, Counts, Failed};
pub use worker::Tallies;

/// Keys that are told apart. More than a screen shows or a person reads; a busy one takes about 10 KB on the board (which may have twice as
/// many between two ticks of a flood) and 4 KB in each worker, so that this many stay below 25 MB.
pub const KEYS: usize = 1024;
