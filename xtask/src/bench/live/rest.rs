//! An agent that has nothing to do.
//!
//! Takes: ways. Gives: resident memory and processor time after a while without traffic. A ring of eBPF is mapped twice in a row so that
//! records need not be cut, and Linux counts its pages twice as resident.

use std::time::Duration;

use anyhow::Result;

use super::Bench;
use super::agent::Agent;
use super::space::Core;
use super::table::Verdict;
use super::way::Way;
use crate::bench::report::Report;

const TITLE: &str = "The agent at rest";

/// How long nothing happens.
const WHILE: Duration = Duration::from_secs(10);

/// Bytes that may be resident.
const RESIDENT: u64 = 80_000_000;

/// Packets alone, and all that this build can at once.
pub(super) fn measure(bench: &Bench<'_>, report: &mut Report) -> Result<Option<Verdict>> {
    if !bench.options.wants(TITLE) {
        return Ok(None);
    }
    report.line(&format!("\n### {TITLE}\n"));
    report.line(&format!(
        "Without traffic, {} s after it began to capture in a network namespace of its own.\n",
        WHILE.as_secs()
    ));
    report.line("| captures | resident MB | of it physical memory | peak MB | CPU ms a second |");
    report.line("|---|---:|---:|---:|---:|");
    let all = [Way::Packets, Way::Calls, Way::Tls];
    let all: Vec<Way> = all.into_iter().filter(|way| bench.offered.has(*way)).collect();
    row(bench, &[Way::Packets], report)?;
    let resident = row(bench, &all, report)?;
    report.line("");
    Ok(Some(Verdict {
        text: format!(
            "resident memory of the agent at rest, with everything captured: {:.0} MB (less than {:.0} MB asked)",
            resident as f64 / 1e6,
            RESIDENT as f64 / 1e6
        ),
        is_met: resident < RESIDENT,
    }))
}

fn row(bench: &Bench<'_>, ways: &[Way], report: &mut Report) -> Result<u64> {
    let namespace = ["--netns".to_owned(), bench.space.id().to_string()];
    let agent = Agent::start(bench, ways, Core::Load, &namespace)?;
    let before = agent.process.processor()?;
    std::thread::sleep(WHILE);
    let used = agent.process.processor()?.saturating_sub(before);
    let (resident, peak) = (agent.process.memory("VmRSS")?, agent.process.memory("VmHWM")?);
    let physical = agent.process.physical_memory()?;
    agent.end()?;
    let names: Vec<_> = ways.iter().map(|way| way.name()).collect();
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    report.line(&format!(
        "| {} | {:.0} | {:.0} | {:.0} | {:.1} |",
        names.join(" + "),
        megabytes(resident),
        megabytes(physical),
        megabytes(peak),
        used.as_secs_f64() * 1e3 / WHILE.as_secs_f64()
    ));
    Ok(resident)
}
