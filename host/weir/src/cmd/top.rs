//! `weir top`: puts a run of the agent and the screen together, or prints one table.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use weir_red::Board;
use weir_sinks::Output;

use super::held_log;
use super::terminal::{self, say};
use crate::agent::{Agent, Ended, Sinks};
use crate::cli::agent::CaptureArgs;
use crate::cli::top::TopArgs;
use crate::failure::Failure;
use crate::top::{self, Look, Loss, Shared, Snapshot};

/// How long `--once` counts, where nothing else is said.
const ONCE: Duration = Duration::from_secs(5);

/// Seconds that a rate and a percentile are of: few, so that they follow what happens; enough that they do not dance.
const WINDOW: u32 = 10;

/// Runs the command.
#[must_use]
pub fn run(mut arguments: TopArgs) -> Vec<Failure> {
    let ended = if arguments.once {
        arguments.capture.duration.get_or_insert(ONCE);
        once(&arguments.capture)
    } else {
        screen(&arguments.capture)
    };
    held_log::show();
    ended.unwrap_or_else(|failure| vec![failure])
}

fn once(arguments: &CaptureArgs) -> Result<Vec<Failure>, Failure> {
    let mut output = terminal::output()?;
    let agent = prepare(arguments)?;
    let shared = Shared::new(Board::new(0, None));
    let Ended { mut report, took, .. } = capture(&agent, &shared, &AtomicBool::new(false));
    if report.interfaces.is_empty() && report.calls.is_none() {
        return Ok(report.failures);
    }
    let mut board = shared.board();
    board.tick(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    let text = top::text(&Snapshot::of(&board), terminal::style().width);
    if let Err(error) = output.write_all(text.as_bytes()) {
        report.failures.push(terminal::unwritable(&error));
    }
    let losses = top::losses(&report.interfaces, report.calls.as_ref(), &report.decode, &report.pipeline);
    if !losses.is_empty() {
        let losses: Vec<String> = losses.iter().map(Loss::to_string).collect();
        say(&format!("weir: warn: rates may be too low, lost: {}\n", losses.join(", ")));
    }
    Ok(report.failures)
}

fn screen(arguments: &CaptureArgs) -> Result<Vec<Failure>, Failure> {
    if !top::is_possible() {
        return Err(Failure::usage(
            "standard input and output are no terminal, which `weir top` needs: use `weir top --once` for one table, or \
             `weir agent --format table` for a line a request",
        ));
    }
    let output = terminal::output()?;
    let agent = prepare(arguments)?;
    let shared = Shared::new(Board::new(0, Some(WINDOW)));
    let (stop, began) = (AtomicBool::new(false), Instant::now());
    let look = Look {
        shared: &shared,
        monitor: agent.monitor(),
        interfaces: &arguments.interfaces,
        syscalls: arguments.calls.syscalls,
        color: terminal::style().color,
    };
    let mut failures = std::thread::scope(|scope| {
        let named = std::thread::Builder::new().name("weir-top".to_owned());
        let screen = named.spawn_scoped(scope, || {
            let _stops = Stops(&stop);
            top::show(&look, output, began, &stop)
        });
        let screen =
            screen.map_err(|error| Failure::runtime(format_args!("can not start the screen: {error}")))?;
        let ended = capture(&agent, &shared, &stop);
        stop.store(true, Ordering::Relaxed);
        let mut failures = ended.report.failures;
        match screen.join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                failures.push(Failure::runtime(format_args!("can not use the terminal: {error}")));
            }
            Err(_) => {
                failures
                    .push(Failure::runtime("the screen broke: this is a fault of weir, please report it"));
            }
        }
        Ok(failures)
    })?;
    failures.dedup();
    Ok(failures)
}

fn prepare(arguments: &CaptureArgs) -> Result<Agent<'_>, Failure> {
    let agent = Agent::prepare(arguments)?;
    agent.notes().iter().for_each(|note| say(&format!("weir: note: {note}\n")));
    Ok(agent)
}

fn capture(agent: &Agent<'_>, shared: &Arc<Shared>, stop: &AtomicBool) -> Ended {
    let make = || shared.sink();
    // Nothing is ever written: the sinks count.
    let output = Output::new(std::io::sink());
    agent.run(stop, &Sinks { make: &make, output: &output, last_words: top::restore })
}

/// Ends capturing when the screen ends, however it does.
struct Stops<'a>(&'a AtomicBool);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
