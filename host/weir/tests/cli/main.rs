//! The program as a user meets it: arguments, files, standard output and error, exit statuses.
//!
//! Captures are made here, so that each test says what is in them.

#![allow(clippy::unwrap_used)] // a test that can not go on fails

mod bad_input;
mod capture;
mod configuration;
mod help;
mod output;
mod program;
mod threads;
