//! Nanoseconds that capture adds to a system call.
//!
//! Takes: a program that times its own calls. Gives: the tenth percentile of its batches in each way; what others do on the machine only
//! ever makes a batch slower, so the low end is what calls cost. Their difference is the figure.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};

use super::Bench;
use super::agent::Agent;
use super::probe::{Batches, exchanges};
use super::process::Process;
use super::rounds::Spread;
use super::space::Core;
use super::table::{Verdict, cell};
use super::way::Way;
use crate::bench::report::{Report, grouped};

const TITLE: &str = "A system call";

/// A name that no other process of the machine has; the kernel keeps 15 bytes.
const NAME: &str = "bench-calls";

/// Nanoseconds that may be added to a call that is captured.
const ADDED: f64 = 500.0;

/// Who is captured meanwhile.
const WAYS: [(&str, Option<&str>); 3] = [
    ("no agent", None),
    ("an agent that captures another program", Some("bench-nobody")),
    ("an agent that captures this program", Some(NAME)),
];

/// Takes the batches of one call.
type Of = fn(&Batches) -> &[f64];

/// What is timed, and what it is called.
const CALLS: [(&str, Of); 3] = [
    ("write to a socket", |batches| &batches.write),
    ("read from a socket", |batches| &batches.read),
    ("write to /dev/null", |batches| &batches.file),
];

/// Alternates between the ways.
pub(super) fn measure(bench: &Bench<'_>, report: &mut Report) -> Result<Vec<Verdict>> {
    if !bench.options.wants(TITLE) || !bench.offered.has(Way::Calls) {
        return Ok(Vec::new());
    }
    let mut probe = Probe::start(bench)?;
    let rounds = bench.options.rounds();
    let mut measured: [Vec<Batches>; WAYS.len()] = Default::default();
    let mut told = Vec::new();
    for round in 0..rounds {
        for place in 0..WAYS.len() {
            let place = (place + round) % WAYS.len();
            let (Some((_, who)), Some(measured)) = (WAYS.get(place), measured.get_mut(place)) else {
                continue;
            };
            let which = who.map(|name| ["--comm".to_owned(), name.to_owned()]);
            let agent =
                which.map(|which| Agent::start(bench, &[Way::Calls], Core::Load, &which)).transpose()?;
            measured.push(probe.measure()?);
            let ended = agent.map(Agent::end).transpose()?;
            told.extend(ended.filter(|_| *who == Some(NAME)));
        }
    }
    describe(rounds, report);
    let verdicts = rows(&measured, report);
    // Both ends are of this program, and each is told.
    let ends = 2.0 * exchanges() as f64;
    let sessions = Spread::of(told.iter().map(|told| told.sessions as f64 / ends * 100.0));
    report.line(&format!(
        "\n- told of both ends' exchanges, %: {}",
        cell(sessions, |part| format!("{part:.1}"))
    ));
    if let Some(lost) = told.iter().rev().find(|told| !told.lost.is_empty()) {
        report.line(&format!("- lost: {}", lost.lost));
    }
    report.line(
        "- calls of TLS libraries are not timed here; what probes in them cost is in the server's CPU time with HTTPS",
    );
    Ok(verdicts)
}

fn describe(rounds: usize, report: &mut Report) {
    report.line(&format!("\n### {TITLE}\n"));
    report.line(&format!(
        "One thread on core 0 says HTTP requests and responses of about 50 bytes to itself over a loopback connection, {} exchanges in \
         each of {rounds} rounds; the agent is on core 1. Nanoseconds of one call, tenth percentile of all means of 50 exchanges; in \
         brackets that of single rounds.\n",
        grouped(exchanges() as u64)
    ));
}

/// A row for each way and call, with what it adds.
fn rows(measured: &[Vec<Batches>], report: &mut Report) -> Vec<Verdict> {
    report.line("| call | captured | ns | added ns |");
    report.line("|---|---|---:|---:|");
    let mut verdicts = Vec::new();
    for (call, of) in CALLS {
        let mut nothing = None;
        for ((way, who), batches) in WAYS.iter().zip(measured) {
            let Some(all) = low(batches.iter().flat_map(of)) else { continue };
            let rounds = Spread::of(batches.iter().filter_map(|round| low(of(round).iter())));
            let (least, most) = rounds.map_or((all, all), |rounds| (rounds.low, rounds.high));
            let nothing = *nothing.get_or_insert(all);
            let added = all - nothing;
            let shown = if who.is_some() { format!("{added:.0}") } else { "-".to_owned() };
            report.line(&format!("| {call} | {way} | {all:.0} ({least:.0} to {most:.0}) | {shown} |"));
            // A file's calls are not hooked.
            if *who == Some(NAME) && call.contains("socket") {
                verdicts.push(Verdict {
                    text: format!("nanoseconds added to a {call} that is captured: {added:.0} (at most {ADDED:.0} asked)"),
                    is_met: added <= ADDED,
                });
            }
        }
    }
    verdicts
}

/// The tenth percentile.
fn low<'a>(values: impl Iterator<Item = &'a f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.copied().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 10).copied()
}

/// The program that times its calls.
struct Probe {
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
    _process: Process,
}

impl Probe {
    fn start(bench: &Bench<'_>) -> Result<Self> {
        let link = bench.scratch.join(NAME);
        std::os::unix::fs::symlink(std::env::current_exe()?, &link)?;
        let mut command = command(bench, &link);
        let (mut process, asks, answers) = Process::talking("the program that is timed", &mut command)?;
        process.until("it had its name", |process| process.is_named(NAME))?;
        Ok(Self { asks, answers: BufReader::new(answers), _process: process })
    }

    fn measure(&mut self) -> Result<Batches> {
        self.asks.write_all(b"measure\n")?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        if line.is_empty() {
            bail!("the program that is timed ended");
        }
        serde_json::from_str(&line).context("the program that is timed said something else")
    }
}

fn command(bench: &Bench<'_>, link: &Path) -> Command {
    let mut command = bench.space.command(Core::Server, link);
    command.args(["bench", "calls"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}
