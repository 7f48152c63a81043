//! Files -> places for probes: a real library, forged files, broken files.
//!
//! Go programs are in `src/go/tests.rs`, where the search can be compared with debugging information too.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // tests

mod broken;
mod forged;
mod forgery;
mod inner;
mod libssl;
