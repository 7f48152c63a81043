//! The program `weir`: its command line over the crates of the data path.
//!
//! Takes: arguments. Gives: an exit status: 0 done, 1 something outside went wrong, 2 wrong usage. Errors are one line on
//! standard error. [`replay`] can be used without the command line: the benchmark links parsers in and drives the same code.
//!
//! Rules of this crate: no unsafe; nothing panics on what a user typed or a file holds.
#![forbid(unsafe_code)]

/// Network interfaces -> request logs, as they come.
#[cfg(target_os = "linux")]
mod agent;

/// The command line.
pub mod cli;

/// What each command does.
pub mod cmd;

/// Why a command did not do what it was asked.
pub mod failure;

/// What a group of agents is configured with.
pub mod group_config;

/// The valid name that was probably meant.
pub mod nearest;

/// Which plugins run, and instances of them.
pub mod plugins;

/// Capture files -> request logs.
pub mod replay;

/// Request logs -> the busiest endpoints on a screen.
#[cfg(target_os = "linux")]
mod top;

pub use cli::run;
pub use failure::Failure;
