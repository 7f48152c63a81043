//! The runtime from outside: the echo plugin through both doors, guests that break every rule, and what is counted.

#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod backtrace;
mod bad_guests;
mod builtins;
mod doors;
mod echo;
#[path = "../../../../tests/guests/guests.rs"]
mod guests;
mod hooks;
mod lies;
mod limits;
mod load_errors;
mod quarantine;
mod support;
mod wasi;
