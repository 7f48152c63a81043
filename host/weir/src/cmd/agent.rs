//! `weir agent`: puts a run and the sink that was asked for together, and says on standard error what it was.

use std::sync::atomic::AtomicBool;

use weir_sinks::Output;

use super::terminal::{self, say};
use super::{summary, tables};
use crate::agent::{Agent, Ended, Seen, Sinks};
use crate::cli::agent::AgentArgs;
use crate::failure::Failure;

/// Runs the command.
#[must_use]
pub fn run(arguments: &AgentArgs) -> Vec<Failure> {
    match try_run(arguments) {
        Ok(failures) => failures,
        Err(failure) => vec![failure],
    }
}

fn try_run(arguments: &AgentArgs) -> Result<Vec<Failure>, Failure> {
    let output = Output::new(terminal::output()?);
    let agent = Agent::prepare(&arguments.capture)?;
    agent.notes().iter().for_each(|note| say(&format!("weir: note: {note}\n")));
    let make = terminal::sinks(arguments.format);
    let sinks = Sinks { make: &make, output: &output, seen: &Seen::default(), last_words: || {} };
    let Ended { report, costs, took } = agent.run(&AtomicBool::new(false), &sinks);
    if arguments.stats {
        say(&tables::tables(&report, &costs));
    }
    if !report.interfaces.is_empty() || report.calls.is_some() {
        say(&summary::summary(&report, &costs, took));
    }
    Ok(report.failures)
}
