//! Each server under its load, in each way.
//!
//! Takes: what is installed. Gives: a table for each, and what is asked of one of them.

use anyhow::Result;

use super::Bench;
use super::load::Maker;
use super::rounds;
use super::server::Kind;
use super::space::Core;
use super::table::{self, Verdict};
use super::turns::{self, Kept};
use super::way::Way;
use crate::bench::report::Report;
use crate::servers;

/// What is asked of nginx under wrk with its system calls captured: this part of its throughput.
const KEPT: f64 = 0.90;

/// A server, its load, and how it is observed.
pub(super) struct Workload {
    title: &'static str,
    pub(super) kind: Kind,
    pub(super) maker: Maker,
    pub(super) ways: &'static [Way],
    /// The server on one core, load and agent on the other one.
    pub(super) is_pinned: bool,
    has_target: bool,
}

const PLAIN: &[Way] = &[Way::Nothing, Way::Packets, Way::Calls];

const WORKLOADS: [Workload; 7] = [
    Workload {
        title: "HTTP, nginx that answers at once: 12 bytes from memory, no access log",
        kind: Kind::Nginx,
        maker: Maker::Wrk,
        ways: PLAIN,
        is_pinned: true,
        has_target: true,
    },
    Workload {
        title: "HTTP, nginx as Debian configures it: a page of 612 bytes from a file, an access log",
        kind: Kind::NginxPage,
        maker: Maker::Wrk,
        ways: PLAIN,
        is_pinned: true,
        has_target: true,
    },
    Workload {
        title: "HTTP, nginx that answers at once, nothing pinned",
        kind: Kind::Nginx,
        maker: Maker::Wrk,
        ways: PLAIN,
        is_pinned: false,
        has_target: true,
    },
    Workload {
        title: "HTTP, nginx as Debian configures it, nothing pinned",
        kind: Kind::NginxPage,
        maker: Maker::Wrk,
        ways: PLAIN,
        is_pinned: false,
        has_target: true,
    },
    Workload {
        title: "HTTPS, nginx that answers at once",
        kind: Kind::NginxTls,
        maker: Maker::WrkTls,
        ways: &[Way::Nothing, Way::Packets, Way::Calls, Way::Tls],
        is_pinned: true,
        has_target: false,
    },
    Workload {
        title: "Redis",
        kind: Kind::Redis,
        maker: Maker::RedisBenchmark,
        ways: PLAIN,
        is_pinned: true,
        has_target: false,
    },
    Workload {
        title: "MariaDB",
        kind: Kind::MariaDb,
        maker: Maker::Sysbench,
        ways: PLAIN,
        is_pinned: true,
        has_target: false,
    },
];

impl Workload {
    /// Cores of the server, and of load and agent.
    pub(super) fn cores(&self) -> (Core, Core) {
        if self.is_pinned { (Core::Server, Core::Load) } else { (Core::Any, Core::Any) }
    }

    fn line(&self) -> String {
        let cores = if self.is_pinned {
            "The server runs on core 0, load and agent on core 1."
        } else {
            "The scheduler chooses the cores of all."
        };
        format!("{}. {cores}", self.maker.line())
    }

    /// Programs that are not installed.
    fn missing(&self) -> Vec<&'static str> {
        let needs = self.kind.needs().iter().copied().chain([self.maker.program()]);
        needs.filter(|program| servers::path(program).is_none()).collect()
    }
}

/// Measures those that are wanted and can be.
pub(super) fn all(bench: &Bench<'_>, report: &mut Report) -> Result<Vec<Verdict>> {
    let mut verdicts = Vec::new();
    for workload in WORKLOADS.iter().filter(|workload| bench.options.wants(workload.title)) {
        report.line(&format!("\n### {}\n", workload.title));
        let missing = workload.missing();
        if !missing.is_empty() {
            report.line(&format!(
                "Not measured: {} not installed (`cargo xtask servers`).",
                missing.join(", ")
            ));
            continue;
        }
        let (rounds, time) = (bench.options.rounds(), bench.options.time());
        report.line(&format!(
            "{} {rounds} rounds, {} s for each way in each.\n",
            workload.line(),
            time.as_secs()
        ));
        let measured = rounds::measure(bench, workload)?;
        table::workload(&measured, report);
        if workload.has_target && bench.offered.has(Way::Calls) {
            verdicts.push(kept(bench, workload, report)?);
        }
    }
    Ok(verdicts)
}

/// By turns, as a tenth decides.
fn kept(bench: &Bench<'_>, workload: &Workload, report: &mut Report) -> Result<Verdict> {
    let turns = bench.options.turns();
    let Kept { part, undisturbed } = turns::measure(bench, workload, turns)?;
    let percent = table::percent_of(part);
    report.line(&format!(
        "- system calls, by {turns} turns: {percent} % of the requests of `nothing`; of the best tenth of slices {:.1} %",
        undisturbed * 100.0
    ));
    let text = format!(
        "throughput that nginx under wrk keeps while its system calls are captured ({}): {percent} % (at least {:.0} % asked)",
        workload.title,
        KEPT * 100.0
    );
    Ok(Verdict { text, is_met: part.mean >= KEPT })
}
