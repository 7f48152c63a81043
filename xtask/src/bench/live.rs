//! What live capture costs the programs that it observes: real servers under load, the same server with and without an agent, in turns.
//!
//! Takes: seconds, rounds. Gives: a Markdown report, with what misses its target. Everything runs in a network namespace of its own; no
//! service of the machine is touched, and whatever was started ends with this process, however that ends.

mod agent;
mod calls;
mod load;
pub(super) mod probe;
mod process;
mod rest;
mod rounds;
mod server;
mod space;
mod table;
mod turns;
mod way;
mod workload;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;

use self::space::Space;
use self::way::Offered;
use super::programs;
use super::report::Report;
use crate::{cache, command, servers};

/// What to measure, and for how long.
#[derive(Args)]
pub(super) struct Options {
    /// Seconds of load for each way in each round.
    #[arg(long, default_value_t = 1)]
    seconds: u64,
    /// Rounds; each has all ways in it, in another order.
    #[arg(long, default_value_t = 30)]
    rounds: usize,
    /// Turns with an agent and without, for each throughput of which a part is asked.
    #[arg(long, default_value_t = 60)]
    turns: usize,
    /// Two rounds of a second, and two turns.
    #[arg(long)]
    quick: bool,
    /// Servers, load and agent go before everything else on the machine (nice -15), for one that is not quiet. The rest of it
    /// stands still meanwhile.
    #[arg(long)]
    first: bool,
    /// Only parts whose title contains this; may be given more than once.
    #[arg(long)]
    only: Vec<String>,
    /// The program to measure; without it, a fresh release build.
    #[arg(long)]
    weir: Option<PathBuf>,
    /// Also put the report into docs/performance.md.
    #[arg(long)]
    write: bool,
}

impl Options {
    fn wants(&self, title: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| title.contains(part.as_str()))
    }

    fn rounds(&self) -> usize {
        if self.quick { 2 } else { self.rounds.max(1) }
    }

    fn turns(&self) -> usize {
        if self.quick { 2 } else { self.turns.max(1) }
    }

    fn time(&self) -> Duration {
        Duration::from_secs(if self.quick { 1 } else { self.seconds.max(1) })
    }
}

/// Without these nothing can be measured; workloads need more, and say so.
const NEEDED: [&str; 6] = ["ip", "nsenter", "setpriv", "setsid", "taskset", "unshare"];

/// Everything that every part needs.
struct Bench<'a> {
    options: &'a Options,
    weir: PathBuf,
    offered: Offered,
    space: Space,
    /// Empty at the start, removed at the end.
    scratch: PathBuf,
}

/// Builds, starts servers and agents, measures, reports.
pub(super) fn run(options: &Options) -> Result<()> {
    check()?;
    let weir = programs::own(options.weir.as_deref(), "weir", "weir", true)?;
    let scratch = cache::folder("bench/live")?;
    // What a run that was killed has left.
    std::fs::remove_dir_all(&scratch)?;
    std::fs::create_dir(&scratch)?;
    let bench =
        Bench { options, offered: Offered::by(&weir)?, weir, space: Space::new(options.first)?, scratch };
    let mut report = Report::new(versions(&bench.weir));
    disturbances(options, &mut report);
    bench.offered.missing().iter().for_each(|line| report.line(line));
    let mut verdicts = workload::all(&bench, &mut report)?;
    verdicts.extend(calls::measure(&bench, &mut report)?);
    verdicts.extend(rest::measure(&bench, &mut report)?);
    table::verdicts(&verdicts, &mut report);
    if options.write {
        report.write("cargo xtask bench live")?;
    }
    std::fs::remove_dir_all(&bench.scratch)?;
    Ok(())
}

/// What is missing, if anything is.
fn check() -> Result<()> {
    let missing: Vec<_> = NEEDED.into_iter().filter(|program| servers::path(program).is_none()).collect();
    if !missing.is_empty() {
        bail!("not installed: {}; `cargo xtask servers` installs what it needs", missing.join(" "));
    }
    if command::output(std::process::Command::new("id").arg("-u"))?.trim() != "0" {
        bail!("network namespaces and capture need root: `sudo -E cargo xtask bench live`");
    }
    if std::thread::available_parallelism()?.get() < 2 {
        bail!("the server has a core of its own, so this needs two");
    }
    Ok(())
}

fn versions(weir: &std::path::Path) -> Vec<(&'static str, std::process::Command)> {
    let ask = |program: &std::path::Path, argument: &str| {
        let mut command = std::process::Command::new(program);
        command.arg(argument);
        command
    };
    let mut versions = vec![
        ("revision", programs::revision()),
        ("kernel", ask("uname".as_ref(), "-sr")),
        ("weir", ask(weir, "--version")),
    ];
    let tools = [
        ("nginx", "nginx", "-v"),
        ("wrk", "wrk", "-v"),
        ("Redis", "redis-server", "--version"),
        ("MariaDB", "mariadbd", "--version"),
        ("sysbench", "sysbench", "--version"),
        ("OpenSSL", "openssl", "version"),
    ];
    for (name, program, argument) in tools {
        if let Some(path) = servers::path(program) {
            versions.push((name, ask(&path, argument)));
        }
    }
    versions
}

/// What else the machine was doing: the reader has to know.
fn disturbances(options: &Options, report: &mut Report) {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let minute = load.split(' ').next().unwrap_or("?");
    report.line(&format!("- load average of the last minute, before: {minute}"));
    if options.first {
        report.line("- servers, load and agent went before everything else on the machine (`--first`)");
    }
    let others = process::named("weir");
    if others > 0 {
        report.line(&format!(
            "- **{others} other process(es) of this machine have names that begin with `weir`**: what they probe is part of every row, `nothing` too"
        ));
    }
}
