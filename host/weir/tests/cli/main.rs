//! The program as a user meets it: arguments, files, standard output and error, exit statuses.
//!
//! Captures are made here, so that each test says what is in them.

mod bad_input;
mod capture;
mod configuration;
mod help;
mod output;
mod program;
mod threads;
