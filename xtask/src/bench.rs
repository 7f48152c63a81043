//! Measures `weir` beside other tools, all in one run on one machine, on captures it makes itself.
//!
//! Takes: sizes. Gives: a Markdown report with processor time, memory and the count of logged requests of every command.
//! Timings are of whole processes; per-stage costs are in the crates' own benches.

mod captures;
mod contender;
mod conversation;
mod exchange;
mod live;
mod measure;
mod pcap;
mod plugins;
mod programs;
mod random;
mod report;
mod suricata;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::cache;
use captures::Capture;
use contender::{CAT, Contender, JSONL, LOOK, NATIVE, NULL, NULL_TWO, SURICATA, TSHARK};
use measure::{Cost, Table};
use programs::Programs;
use report::Report;

/// What to measure, and how often.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    part: Option<Part>,
    /// Requests in the HTTP capture.
    #[arg(long, default_value_t = 590_000)]
    requests: u64,
    /// A tenth of everything, once.
    #[arg(long)]
    quick: bool,
    /// Runs of each command, in turns; the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only commands whose name in the table contains this; may be given more than once.
    #[arg(long)]
    only: Vec<String>,
    /// The program to measure; without it, a fresh release build.
    #[arg(long)]
    weir: Option<PathBuf>,
    /// `weir-native`, which has the same parsers linked natively; without it, a fresh release build.
    #[arg(long)]
    native: Option<PathBuf>,
    /// Also put the report into docs/performance.md.
    #[arg(long)]
    write: bool,
}

/// What is a benchmark of its own.
#[derive(Subcommand)]
enum Part {
    /// Measures what live capture costs the programs that it observes (as root).
    Live(live::Options),
    /// Times system calls, for `live`.
    #[command(hide = true)]
    Calls,
}

impl Options {
    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }

    /// A size, or its tenth.
    fn size(&self, full: u64) -> u64 {
        if self.quick { full / 10 } else { full }
    }
}

/// Name of the table of plugins.
const PLUGINS: &str = "plugins";

/// Seconds for each plugin: enough for ten million payloads of the slower SDK.
const PLUGIN_SECONDS: u64 = 20;

/// Megabytes of the body in the download capture, so that the file has about 1 GB.
const DOWNLOAD: u64 = 900;

/// Connections in the idle capture.
const CONNECTIONS: u64 = 1_000_000;

/// Builds, makes captures, measures, reports.
pub(crate) fn run(options: &Options) -> Result<()> {
    match &options.part {
        Some(Part::Live(options)) => live::run(options),
        Some(Part::Calls) => live::probe::run(),
        None => replay(options),
    }
}

fn replay(options: &Options) -> Result<()> {
    let bench = Bench { options, programs: Programs::find(options)?, scratch: cache::folder("bench/out")? };
    let mut report = Report::new(bench.programs.versions());
    bench.http(&mut report)?;
    bench.download(&mut report)?;
    bench.idle(&mut report)?;
    if options.wants(PLUGINS) {
        plugins::parsers(&bench.programs.weir, options.size(PLUGIN_SECONDS), &mut report)?;
    }
    if options.write {
        report.write("cargo xtask bench")?;
    }
    std::fs::remove_dir_all(&bench.scratch)?;
    Ok(())
}

struct Bench<'a> {
    options: &'a Options,
    programs: Programs,
    scratch: PathBuf,
}

impl Bench<'_> {
    /// The main comparison.
    fn http(&self, report: &mut Report) -> Result<()> {
        let capture = captures::http(self.options.size(self.options.requests))?;
        let weir = &self.programs.weir;
        let mut contenders = vec![
            contender::cat(&capture.path),
            contender::weir_null(NULL, weir, 1, &capture.path),
            contender::weir_null(NULL_TWO, weir, 2, &capture.path),
            contender::weir_jsonl(JSONL, weir, &capture.path, &self.scratch),
            contender::weir_null(NATIVE, &self.programs.native, 1, &capture.path),
        ];
        let look = plugins::rust_example("look")?;
        contenders.push(contender::weir_plugin(LOOK, weir, &look, &capture.path));
        if self.programs.suricata {
            contenders.push(contender::suricata(&capture.path, &self.scratch)?);
        }
        if self.programs.tshark {
            contenders.push(contender::tshark(&capture.path, &self.scratch));
        }
        let table = self.measure(contenders, &capture)?;
        report.table("Small requests on many connections", &capture, &table);
        report.ratio("requests a CPU second, weir null : Suricata", table.processor(SURICATA, NULL));
        report.ratio("requests a CPU second, weir jsonl : Suricata", table.processor(SURICATA, JSONL));
        report.ratio("requests a CPU second, weir null : tshark", table.processor(TSHARK, NULL));
        report.ratio("CPU time, parsers in Wasm : parsers linked natively", table.processor(NULL, NATIVE));
        report.added("a hook that looks at requests", &capture, table.processor_difference(NULL, LOOK));
        report.ratio("wall time, 1 thread : 2 threads", table.wall(NULL, NULL_TWO));
        Ok(())
    }

    /// What a body costs that nobody wants to see.
    fn download(&self, report: &mut Report) -> Result<()> {
        let capture = captures::download(self.options.size(DOWNLOAD))?;
        let contenders = vec![
            contender::cat(&capture.path),
            contender::weir_null(NULL, &self.programs.weir, 1, &capture.path),
            contender::weir_jsonl(JSONL, &self.programs.weir, &capture.path, &self.scratch),
        ];
        let table = self.measure(contenders, &capture)?;
        report.table("One big download", &capture, &table);
        report.ratio("CPU time, weir null : cat", table.processor(NULL, CAT));
        Ok(())
    }

    /// What connections cost that say little or nothing.
    fn idle(&self, report: &mut Report) -> Result<()> {
        let connections = self.options.size(CONNECTIONS);
        let capture = captures::idle(connections)?;
        let contenders = vec![
            contender::cat(&capture.path),
            contender::weir_null(NULL, &self.programs.weir, 1, &capture.path),
            contender::weir_jsonl(JSONL, &self.programs.weir, &capture.path, &self.scratch),
        ];
        let table = self.measure(contenders, &capture)?;
        report.table(
            &format!("{connections} connections open at once, half of them half-open"),
            &capture,
            &table,
        );
        Ok(())
    }

    /// All in turns, so that a busy minute of the machine meets them all.
    fn measure(&self, mut contenders: Vec<Contender>, capture: &Capture) -> Result<Table> {
        contenders.retain(|contender| self.options.wants(contender.name));
        // Into the page cache: the disk is not what is measured.
        std::io::copy(&mut std::fs::File::open(&capture.path)?, &mut std::io::sink())?;
        let rounds = if self.options.quick { 1 } else { self.options.rounds.max(1) };
        let mut costs: Vec<Vec<Cost>> = contenders.iter().map(|_| Vec::new()).collect();
        for _ in 0..rounds {
            for (contender, costs) in contenders.iter().zip(&mut costs) {
                costs.push(measure::run(contender)?);
            }
        }
        let rows = contenders.iter().zip(costs);
        Ok(Table(
            rows.filter_map(|(contender, costs)| Some((contender.name, measure::median(costs)?))).collect(),
        ))
    }
}
