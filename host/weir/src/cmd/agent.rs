//! `weir agent`: puts a run and the sink that was asked for together, and says on standard error what it was.

use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use weir_sinks::Output;

use super::terminal::{self, say};
use super::{summary, tables};
use crate::agent::config::LogFormat;
use crate::agent::{self, Agent, AgentConfig, Ended, Log, Sinks};
use crate::cli::agent::AgentArgs;
use crate::cli::{end, status};
use crate::failure::Failure;

/// Runs the command.
#[must_use]
pub fn run(arguments: &AgentArgs) -> ExitCode {
    let config = match arguments.config() {
        Ok(config) => config,
        Err(failure) => return end(&[failure]),
    };
    let log = Log::start(config.log_level, config.log_format);
    let is_json = config.log_format == LogFormat::Json;
    let failures = if arguments.check { check(arguments) } else { capture(arguments, config, log) };
    let failures = failures.unwrap_or_else(|failure| vec![failure]);
    if is_json {
        failures.iter().for_each(|failure| tracing::error!("{failure}"));
        return status(&failures);
    }
    end(&failures)
}

fn check(arguments: &AgentArgs) -> Result<Vec<Failure>, Failure> {
    agent::check(arguments)?;
    terminal::print("OK\n");
    Ok(Vec::new())
}

fn capture(arguments: &AgentArgs, config: AgentConfig, log: Log) -> Result<Vec<Failure>, Failure> {
    let (format, with_stats, teller) = (config.format, config.stats, Teller(config.log_format));
    let output = Output::new(terminal::output()?);
    let agent = Agent::configured(arguments, config, log)?;
    agent.notes().iter().for_each(|note| teller.text(&format!("weir: note: {note}\n")));
    let make = terminal::sinks(format);
    let sinks = Sinks { make: &make, output: &output, last_words: || {} };
    let Ended { report, costs, took } = agent.run(&AtomicBool::new(false), &sinks);
    if with_stats {
        teller.text(&tables::tables(&report, &costs));
    }
    if !report.interfaces.is_empty() || report.calls.is_some() {
        teller.text(&summary::summary(&report, &costs, took));
    }
    Ok(report.failures)
}

/// Says what is no event on standard error.
struct Teller(LogFormat);

impl Teller {
    fn text(&self, text: &str) {
        match self.0 {
            LogFormat::Text => say(text),
            LogFormat::Json => text.lines().for_each(|line| tracing::info!("{line}")),
        }
    }
}
