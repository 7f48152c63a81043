//! `weir plugin`: what an author of plugins has. Everything runs through the code that the agent runs: the same loader, the same
//! pipeline, the same limits.

mod bench;
mod check;
mod conversation;
mod drive;
mod facts;
mod faults;
mod fuzz;
mod inspect;
mod module;
mod new;
mod packets;
mod print;
mod test;

use std::process::ExitCode;

use tracing::Level;

use crate::cli::end;
use crate::cli::plugin::PluginCommand;
use crate::cmd::{held_log, start_held_log, start_log};
use crate::failure::Failure;

/// Runs a command of `weir plugin`.
#[must_use]
pub fn run(command: &PluginCommand) -> ExitCode {
    // Plugins break thousands of times in a fuzz run and are called millions of times in a benchmark: their reports say
    // how often, and the log would say it each time.
    match command {
        PluginCommand::Bench(_) | PluginCommand::Fuzz(_) => start_log(Level::ERROR),
        // Its report is read from the top: that the plugin broke, and how often, comes before what was said each time.
        PluginCommand::Test(_) => start_held_log(Level::WARN),
        _ => start_log(Level::WARN),
    }
    let done: Result<(), Vec<Failure>> = match command {
        PluginCommand::New(arguments) => new::run(arguments).map_err(|failure| vec![failure]),
        PluginCommand::Check(arguments) => check::run(arguments),
        PluginCommand::Inspect(arguments) => inspect::run(&arguments.files),
        PluginCommand::Test(arguments) => test::run(arguments),
        PluginCommand::Bench(arguments) => bench::run(arguments),
        PluginCommand::Fuzz(arguments) => fuzz::run(arguments),
    };
    held_log::show();
    end(&done.err().unwrap_or_default())
}
