//! What was measured, as Markdown.
//!
//! Takes: spreads. Gives: tables, and whether targets are met.

use super::rounds::{Measured, Part, Spread};
use crate::bench::report::{Report, grouped};

/// What is asked, and what came of it.
pub(super) struct Verdict {
    pub(super) text: String,
    pub(super) is_met: bool,
}

/// A row for each way.
pub(super) fn workload(measured: &[Measured], report: &mut Report) {
    report.line(
        "| way | requests/s | of `nothing`, % | p50 µs | p99 µs | server CPU µs a request | of `nothing`, % | its cores | agent CPU µs a request | its peak MB \
         | frames a request | requests told, % |",
    );
    report.line("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    for row in measured {
        let percent = |spread: Option<Spread>| cell(spread, |part| format!("{:.1}", part * 100.0));
        let plain = |spread: Option<Spread>, digits: usize| {
            spread.map_or_else(|| "-".to_owned(), |spread| format!("{:.digits$}", spread.median))
        };
        let cells = [
            row.way.name().to_owned(),
            cell(Some(row.rate), |rate| grouped(rate as u64)),
            row.part.map_or_else(|| "-".to_owned(), percent_of),
            plain(row.median, 0),
            plain(row.p99, 0),
            plain(row.server, 2),
            row.dearer.map_or_else(|| "-".to_owned(), percent_of),
            plain(row.busy, 2),
            plain(row.agent, 2),
            row.peak.map_or_else(|| "-".to_owned(), |bytes| format!("{:.0}", bytes as f64 / 1e6)),
            plain(row.frames, 2),
            percent(row.told),
        ];
        report.line(&format!("| {} |", cells.join(" | ")));
    }
    report.line("");
    for row in measured.iter().filter(|row| row.way != super::way::Way::Nothing) {
        match row.lost.last() {
            None => report.line(&format!("- lost, {}: nothing", row.way.name())),
            Some(last) => report.line(&format!(
                "- lost, {}, in {} round(s), the last of them: {last}",
                row.way.name(),
                row.lost.len()
            )),
        }
    }
}

/// `91.8 ± 1.2`: percent, and the standard error.
pub(super) fn percent_of(part: Part) -> String {
    let error = part.error.map_or_else(String::new, |error| format!(" ± {:.1}", error * 100.0));
    format!("{:.1}{error}", part.mean * 100.0)
}

/// `median (lowest to highest)`.
pub(super) fn cell(spread: Option<Spread>, show: impl Fn(f64) -> String) -> String {
    spread.map_or_else(
        || "-".to_owned(),
        |Spread { median, low, high }| format!("{} ({} to {})", show(median), show(low), show(high)),
    )
}

/// What is asked of live capture.
pub(super) fn verdicts(verdicts: &[Verdict], report: &mut Report) {
    if verdicts.is_empty() {
        return;
    }
    report.line("\n### What is asked\n");
    for verdict in verdicts {
        report.line(&format!("- {}: {}", verdict.text, if verdict.is_met { "met" } else { "**missed**" }));
    }
    report.line("");
}
