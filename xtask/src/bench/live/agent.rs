//! An agent that observes.
//!
//! Takes: ways, which programs. Gives: one that captures already; when it ends, what it told of itself.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::Bench;
use super::process::Process;
use super::space::Core;
use super::way::Way;

/// After it says that it captures: probes of TLS libraries are put into processes that run already.
const SETTLE: Duration = Duration::from_millis(300);
const SETTLE_TLS: Duration = Duration::from_millis(1500);

/// One that runs.
pub(super) struct Agent {
    pub(super) process: Process,
    log: PathBuf,
}

/// What it told in the end.
#[derive(Clone, Default)]
pub(super) struct Told {
    /// Frames of interfaces, records of system calls.
    pub(super) frames: u64,
    /// Requests with their responses.
    pub(super) sessions: u64,
    /// What was lost, by stage and reason, in the summary's words; empty when nothing was.
    pub(super) lost: String,
}

impl Agent {
    /// Starts it and waits until it captures. `which` says of what programs.
    pub(super) fn start(bench: &Bench<'_>, ways: &[Way], core: Core, which: &[String]) -> Result<Self> {
        let log = bench.scratch.join("agent.log");
        let mut command = bench.space.command(core, &bench.weir);
        command.args(["agent", "--format", "null"]).stdout(Stdio::null()).stderr(File::create(&log)?);
        command.args(ways.iter().flat_map(|way| way.arguments()));
        if ways.iter().any(|way| way.is_of_programs()) {
            command.args(which);
        }
        let mut process = Process::start("weir agent", &mut command)?;
        let said = || fs::read_to_string(&log).unwrap_or_default();
        process
            .until("it captured", |_| Ok(ways.iter().all(|way| said().contains(way.says()))))
            .with_context(said)?;
        std::thread::sleep(if ways.contains(&Way::Tls) { SETTLE_TLS } else { SETTLE });
        process.forget_peak()?;
        Ok(Self { process, log })
    }

    /// Ends it.
    pub(super) fn end(self) -> Result<Told> {
        let Self { process, log } = self;
        let status = process.end()?;
        let said = fs::read_to_string(&log)?;
        if !status.success() {
            bail!("weir agent ended with {status}: {said}");
        }
        Told::parse(&said).with_context(|| format!("a summary that this bench does not understand: {said}"))
    }
}

impl Told {
    /// Out of the summary that the agent ends with.
    fn parse(summary: &str) -> Option<Self> {
        let line = |begin: &str| summary.lines().find_map(|line| line.strip_prefix(begin));
        let frames = summary
            .lines()
            .filter(|line| line.starts_with("weir: "))
            .find_map(|line| before(line, " frame"))?;
        let logs = line("  request logs   ")?;
        let all = number(logs.split(' ').next()?)?;
        let halves: u64 = logs
            .split("without both halves ")
            .skip(1)
            .filter_map(|rest| number(rest.split([')', ' ']).next()?))
            .sum();
        let lost = line("  lost           ").unwrap_or_default().to_owned();
        Some(Self { frames, sessions: all.saturating_sub(halves), lost })
    }
}

/// The number that stands before these words.
fn before(line: &str, words: &str) -> Option<u64> {
    number(line.split_once(words)?.0.rsplit(' ').next()?)
}

/// `1,234` as 1234.
fn number(text: &str) -> Option<u64> {
    text.replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Told;

    #[test]
    fn the_summary_is_understood() {
        let text = "weir: info: capturing lo\n\
            weir: 1 interface and system calls, 320,632 frames, 55,211,175 bytes, 3.0 s of traffic, captured for 6.0 s\n  \
            frames         320,640 captured = 320,632 with a segment + 0 left alone + 8 lost\n  \
            request logs   160,290 of 9 flows, HTTP 160,280 (client_error 16,028, without both halves 1,003), DNS 10 (without both halves 2)\n  \
            lost           capture ring-full 8, session pending-limit 1\n";
        let told = Told::parse(text).unwrap();
        assert_eq!((told.frames, told.sessions), (320_632, 160_290 - 1_005));
        assert_eq!(told.lost, "capture ring-full 8, session pending-limit 1");
        let quiet =
            Told::parse("weir: system calls, 1 frame, 5 bytes\n  request logs   0 of 0 flows\n").unwrap();
        assert_eq!((quiet.frames, quiet.sessions, quiet.lost.as_str()), (1, 0, ""));
        assert!(Told::parse("weir: warn: it ended\n").is_none());
    }
}
