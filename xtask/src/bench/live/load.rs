//! What makes load: wrk, redis-benchmark, sysbench.
//!
//! Takes: a server, a time. Gives: requests, their rate, their latency, as the tool counts them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::Bench;
use super::process::Process;
use super::space::Core;
use crate::command;

/// Connections of wrk and of redis-benchmark: enough to keep one core of a server busy, few enough that none waits long.
const CONNECTIONS: &str = "32";

/// Threads of sysbench, each with a connection: MariaDB has a thread for each.
const THREADS: &str = "8";

/// Requests of redis-benchmark while nothing is known of the server.
const FIRST: f64 = 50_000.0;

/// Seconds of a load that stays: longer than any measurement.
const FOREVER: &str = "86400";

/// What it prints when it ends; without a `request` function, wrk sends the same bytes each time.
const SCRIPT: &str = "done = function(summary, latency, requests)\n\
    local errors = summary.errors\n\
    io.write(string.format('result %d %d %d %d %d\\n', summary.requests, summary.duration, latency:percentile(50),\n\
    latency:percentile(99), errors.connect + errors.read + errors.write + errors.status))\nend\n";

/// Which tool.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Maker {
    Wrk,
    /// The same over TLS.
    WrkTls,
    RedisBenchmark,
    Sysbench,
}

/// What a tool counted.
#[derive(Clone, Copy)]
pub(super) struct Load {
    pub(super) requests: u64,
    /// A second.
    pub(super) rate: f64,
    /// Microseconds.
    pub(super) median: Option<f64>,
    pub(super) p99: f64,
}

impl Maker {
    /// Its program.
    pub(super) const fn program(self) -> &'static str {
        match self {
            Self::Wrk | Self::WrkTls => "wrk",
            Self::RedisBenchmark => "redis-benchmark",
            Self::Sysbench => "sysbench",
        }
    }

    /// As a person would say it.
    pub(super) fn line(self) -> String {
        match self {
            Self::Wrk => format!("`wrk -t1 -c{CONNECTIONS}`, connections that stay"),
            Self::WrkTls => format!("`wrk -t1 -c{CONNECTIONS}` over TLS, connections that stay"),
            Self::RedisBenchmark => format!("`redis-benchmark -t set,get -c {CONNECTIONS} -P 1`"),
            Self::Sysbench => {
                format!("`sysbench oltp_point_select --threads={THREADS}`, prepared statements")
            }
        }
    }

    /// Before the first load.
    pub(super) fn prepare(self, bench: &Bench<'_>, port: u16) -> Result<()> {
        match self {
            Self::Wrk | Self::WrkTls => Ok(fs::write(script(bench), SCRIPT)?),
            Self::RedisBenchmark => Ok(()),
            Self::Sysbench => {
                let mut sysbench = sysbench(bench, Core::Any, port);
                command::output(sysbench.arg("prepare")).map(drop)
            }
        }
    }

    /// Makes load for a while. `rate` is about how much can be had, if that is known.
    pub(super) fn run(
        self,
        bench: &Bench<'_>,
        core: Core,
        port: u16,
        time: Duration,
        rate: Option<f64>,
    ) -> Result<Load> {
        let seconds = time.as_secs().to_string();
        let mut command = match self {
            Self::Wrk | Self::WrkTls => self.wrk(bench, core, port, &seconds),
            Self::RedisBenchmark => {
                // It takes a number, not a time, for each of both commands.
                let requests = rate.map_or(FIRST, |rate| rate * time.as_secs_f64() / 2.0) as u64;
                let mut benchmark = bench.space.command(core, "redis-benchmark");
                benchmark.args([
                    "-h",
                    "127.0.0.1",
                    "-p",
                    &port.to_string(),
                    "-t",
                    "set,get",
                    "-P",
                    "1",
                    "--csv",
                ]);
                benchmark.args(["-c", CONNECTIONS, "-n", &requests.to_string()]).stderr(Stdio::null());
                let said = command::output(&mut benchmark)?;
                return redis(&said, requests).with_context(|| format!("redis-benchmark said {said}"));
            }
            Self::Sysbench => {
                let mut sysbench = sysbench(bench, core, port);
                sysbench.args(["--percentile=99", &format!("--time={seconds}"), "run"]);
                sysbench
            }
        };
        let said = command::output(&mut command)?;
        let load = if self == Self::Sysbench { transactions(&said) } else { wrk(&said) };
        let load = load.with_context(|| format!("{} said {said}", self.program()))?;
        if load.requests == 0 {
            bail!("{} had no answer: {said}", self.program());
        }
        Ok(load)
    }

    /// Makes load until it is dropped.
    pub(super) fn stay(self, bench: &Bench<'_>, core: Core, port: u16) -> Result<Process> {
        if !matches!(self, Self::Wrk | Self::WrkTls) {
            bail!("{} makes no load that stays", self.program());
        }
        let mut command = self.wrk(bench, core, port, FOREVER);
        Process::start("wrk", command.stdout(Stdio::null()))
    }

    fn wrk(self, bench: &Bench<'_>, core: Core, port: u16, seconds: &str) -> Command {
        let scheme = if self == Self::WrkTls { "https" } else { "http" };
        let mut wrk = bench.space.command(core, "wrk");
        wrk.args(["-t", "1", "-c", CONNECTIONS, "-d", seconds, "--latency", "-s"]).arg(script(bench));
        wrk.arg(format!("{scheme}://127.0.0.1:{port}/"));
        wrk
    }
}

fn script(bench: &Bench<'_>) -> impl AsRef<Path> + AsRef<std::ffi::OsStr> + use<> {
    bench.scratch.join("done.lua")
}

fn sysbench(bench: &Bench<'_>, core: Core, port: u16) -> Command {
    let mut command = bench.space.command(core, "sysbench");
    command.args(["oltp_point_select", "--db-driver=mysql", "--mysql-host=127.0.0.1", "--mysql-user=root"]);
    // A database that each new server has.
    command.args(["--mysql-db=test", &format!("--mysql-port={port}"), &format!("--threads={THREADS}")]);
    command
}

/// None: not understood, or requests failed.
fn wrk(said: &str) -> Option<Load> {
    let line = said.lines().find_map(|line| line.strip_prefix("result "))?;
    let numbers: Vec<u64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
    let [requests, microseconds, median, p99, 0] = numbers[..] else { return None };
    let rate = requests as f64 * 1e6 / microseconds as f64;
    Some(Load { requests, rate, median: Some(median as f64), p99: p99 as f64 })
}

/// Lines of `"GET","72463.77","0.352",...`: rate; then average, minimum, p50, p95, p99, maximum in milliseconds. Percentiles are those
/// of the slower command.
fn redis(said: &str, requests: u64) -> Option<Load> {
    let (mut seconds, mut median, mut p99, mut commands) = (0.0, 0.0_f64, 0.0_f64, 0);
    for line in said.lines().filter(|line| !line.contains("\"test\"")) {
        let cells: Vec<f64> =
            line.split(',').skip(1).filter_map(|cell| cell.trim_matches('"').parse().ok()).collect();
        let [rate, _, _, p50, _, slow, ..] = cells[..] else { return None };
        seconds += requests as f64 / rate;
        (median, p99, commands) = (median.max(p50 * 1e3), p99.max(slow * 1e3), commands + 1);
    }
    let requests = requests * commands;
    (commands == 2).then(|| Load { requests, rate: requests as f64 / seconds, median: Some(median), p99 })
}

/// `transactions:  101448 (25355.31 per sec.)` and `99th percentile:  0.45`, in milliseconds.
fn transactions(said: &str) -> Option<Load> {
    let after = |name: &str| said.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim);
    let (requests, rest) = after("transactions:")?.split_once(' ')?;
    let rate = rest.trim().trim_start_matches('(').split(' ').next()?.parse().ok()?;
    let p99: f64 = after("99th percentile:")?.parse().ok()?;
    Some(Load { requests: requests.parse().ok()?, rate, median: None, p99: p99 * 1e3 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_tools_say_is_understood() {
        let load = wrk("Running 4s test\nresult 200000 4000000 410 950 0\n").unwrap();
        assert_eq!(
            (load.requests, load.rate, load.median, load.p99),
            (200_000, 50_000.0, Some(410.0), 950.0)
        );
        let said = "\"test\",\"rps\",\"avg_latency_ms\",\"min_latency_ms\",\"p50_latency_ms\",\"p95_latency_ms\",\"p99_latency_ms\",\"max_latency_ms\"\n\
            \"SET\",\"50000.00\",\"0.3\",\"0.1\",\"0.25\",\"0.4\",\"0.5\",\"1.3\"\n\"GET\",\"100000.00\",\"0.3\",\"0.1\",\"0.125\",\"0.4\",\"0.75\",\"1.3\"\n";
        let load = redis(said, 100_000).unwrap();
        assert_eq!((load.requests, load.median, load.p99), (200_000, Some(250.0), 750.0));
        assert!((load.rate - 200_000.0 / 3.0).abs() < 1e-6, "{}", load.rate);
        let said = "    transactions:                        101448 (25355.31 per sec.)\n         99th percentile:                        0.45\n";
        let load = transactions(said).unwrap();
        assert_eq!((load.requests, load.rate, load.median, load.p99), (101_448, 25_355.31, None, 450.0));
    }

    #[test]
    fn failed_requests_are_no_result() {
        assert!(wrk("result 200000 4000000 410 950 3\n").is_none());
        assert!(
            redis("\"SET\",\"50000.00\",\"0.3\",\"0.1\",\"0.25\",\"0.4\",\"0.5\",\"1.3\"\n", 10).is_none()
        );
    }
}
