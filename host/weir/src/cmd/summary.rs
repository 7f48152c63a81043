//! Takes: the counts of a replay or of live capture. Gives: the few lines that a person wants to see after it. What did not happen is not mentioned.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use weir_capture::sockets::SocketCounts;
use weir_pipeline::decode::Skip;
use weir_plugin_runtime::PluginStats;

use crate::replay::{LogCount, Report};

/// Skips that are no loss: they are the rule in every capture.
pub(crate) const NO_LOSS: [Skip; 3] = [Skip::FragmentHeld, Skip::NotIp, Skip::NotTcpUdp];

/// Counters of the pipeline that tell of something lost: stage and reason.
const LOSSES: [(&str, &str); 16] = [
    ("flow", "cpu-limit"),
    ("flow", "cpu-limit-segments"),
    ("flow", "cpu-limit-given-up"),
    ("flow", "memory-limit"),
    ("flow", "memory-limit-segments"),
    ("flow", "evicted-half-open"),
    ("flow", "evicted"),
    ("reassembly", "gap-bytes"),
    ("reassembly", "out-of-order-limit"),
    ("reassembly", "cut-bytes"),
    ("parse", "violations"),
    ("parse", "violation-limit"),
    ("parse", "unread-limit"),
    ("parse", "misplaced-messages"),
    ("session", "pending-limit"),
    ("session", "request-before-capture"),
];

/// More of them, which only a program wants to know.
#[cfg(target_os = "linux")]
const MORE_LOSSES: [(&str, &str); 4] = [
    ("reassembly", "gaps"),
    ("hooks", "payloads-too-many"),
    ("hooks", "payloads-no-room"),
    ("hooks", "dropped-unseen"),
];

/// Whether a counter of the pipeline tells of something lost.
#[cfg(target_os = "linux")]
pub(crate) fn is_loss(stage: &str, reason: &str) -> bool {
    LOSSES.iter().chain(&MORE_LOSSES).any(|loss| *loss == (stage, reason))
}

/// Counters of the pipeline that every capture has some of.
const USUAL: [(&str, &str); 2] = [("flow", "stray"), ("inference", "unclaimed")];

/// The summary, a line for each thing worth to know.
pub(super) fn summary(report: &Report, plugins: &BTreeMap<String, PluginStats>, took: Duration) -> String {
    let mut text = String::new();
    let span = report
        .span
        .length()
        .map_or_else(String::new, |length| format!(", {:.1} s of traffic", length as f64 / 1e9));
    // Writing to memory can not fail; the same holds below.
    let live = !report.interfaces.is_empty() || report.calls.is_some();
    let sources = if live { live_sources(report) } else { counted(report.files, "file") };
    let _ = writeln!(
        text,
        "weir: {sources}, {}, {}{span}, {} {:.2} s",
        counted(report.frames, "frame"),
        counted(report.bytes, "byte"),
        if live { "captured for" } else { "replayed in" },
        took.as_secs_f64(),
    );
    if !report.interfaces.is_empty() {
        frames(&mut text, report);
    }
    if let Some(calls) = &report.calls {
        system_calls(&mut text, calls);
    }
    logs(&mut text, report);
    let pipeline: Vec<_> = report.pipeline.lines().filter(|(.., count)| *count > 0).collect();
    let of_pipeline = |wanted: &[(&str, &str)]| -> Vec<String> {
        let wanted = pipeline.iter().filter(|(stage, reason, _)| wanted.contains(&(*stage, *reason)));
        wanted.map(|(stage, reason, count)| format!("{stage} {reason} {}", grouped(*count))).collect()
    };
    let (no_loss, skipped): (Vec<_>, Vec<_>) =
        report.decode.reasons().partition(|(skip, _)| NO_LOSS.contains(skip));
    let mut usual: Vec<_> = no_loss.into_iter().map(decoded).collect();
    usual.extend(of_pipeline(&USUAL));
    let mut lost: Vec<_> = skipped.into_iter().map(decoded).collect();
    for (name, count) in [
        ("capture ring-full", ring_full(report)),
        ("capture unread-at-end", report.interfaces.iter().map(|counts| counts.unread).sum()),
        ("capture unknown-link-type", report.frames_of_unknown_link),
        ("decode fragments-given-up", report.fragments.evicted + report.fragments.expired),
        ("decode fragments-waiting", report.fragments.waiting),
    ] {
        if count > 0 {
            lost.push(format!("{name} {}", grouped(count)));
        }
    }
    let of_calls = report.calls.iter().flat_map(SocketCounts::lines);
    for (name, count, _) in of_calls.filter(|(_, count, is_loss)| *is_loss && *count > 0) {
        lost.push(format!("system-calls {name} {}", grouped(count)));
    }
    lost.extend(of_pipeline(&LOSSES));
    for (name, list) in [("left alone", usual), ("lost", lost), ("plugin faults", faults(plugins))] {
        if !list.is_empty() {
            let _ = writeln!(text, "  {name:<14} {}", list.join(", "));
        }
    }
    text
}

/// Every frame that the kernel had for us: what became of it.
fn frames(text: &mut String, report: &Report) {
    let (no_loss, skipped): (Vec<_>, Vec<_>) =
        report.decode.reasons().partition(|(skip, _)| NO_LOSS.contains(skip));
    let never_read = report.interfaces.iter().map(|counts| counts.ring_full + counts.unread).sum::<u64>();
    let sum = |list: &[(Skip, u64)]| list.iter().map(|(_, count)| count).sum::<u64>();
    let _ = writeln!(
        text,
        "  {:<14} {} captured = {} with a segment + {} left alone + {} lost",
        "frames",
        grouped(report.frames + never_read),
        grouped(report.decode.segments),
        grouped(sum(&no_loss)),
        grouped(sum(&skipped) + never_read),
    );
    let each = report.interfaces.iter().map(|counts| {
        let lost = match counts.ring_full {
            0 => String::new(),
            lost => format!(" (ring-full {})", grouped(lost)),
        };
        format!("{} {}{lost}", harmless(&counts.interface), grouped(counts.frames))
    });
    let _ = writeln!(text, "  {:<14} {}", "interfaces", each.collect::<Vec<_>>().join(", "));
}

fn live_sources(report: &Report) -> String {
    let interfaces = report.interfaces.len() as u64;
    let interfaces = (interfaces > 0).then(|| counted(interfaces, "interface"));
    let calls = report.calls.as_ref().map(|_| "system calls".to_owned());
    interfaces.into_iter().chain(calls).collect::<Vec<_>>().join(" and ")
}

/// What the programs in the kernel saw.
fn system_calls(text: &mut String, calls: &SocketCounts) {
    let lines = calls.lines().filter(|(_, count, is_loss)| !is_loss && *count > 0);
    let parts: Vec<_> = lines.map(|(name, count, _)| format!("{name} {}", grouped(count))).collect();
    if !parts.is_empty() {
        let _ = writeln!(text, "  {:<14} {}", "system calls", parts.join(", "));
    }
}

fn ring_full(report: &Report) -> u64 {
    report.interfaces.iter().map(|counts| counts.ring_full).sum()
}

fn logs(text: &mut String, report: &Report) {
    let all: u64 = report.logs.values().map(|count| count.all).sum();
    let mut line = format!("{} of {}", grouped(all), counted(report.pipeline.flows, "flow"));
    for (protocol, count) in &report.logs {
        let _ = write!(line, ", {protocol} {}{}", grouped(count.all), details(count));
    }
    let _ = writeln!(text, "  {:<14} {}", "request logs", harmless(&line));
}

/// How many of them are not simply well.
fn details(count: &LogCount) -> String {
    let parts = [
        ("client_error", count.client_errors),
        ("server_error", count.server_errors),
        ("timeout", count.timeouts),
        ("without both halves", count.all - count.sessions),
    ];
    let parts = parts.iter().filter(|(_, n)| *n > 0).map(|(name, n)| format!("{name} {}", grouped(*n)));
    let parts = parts.collect::<Vec<_>>().join(", ");
    if parts.is_empty() { parts } else { format!(" ({parts})") }
}

fn decoded((skip, count): (Skip, u64)) -> String {
    format!("decode {} {}", skip.name(), grouped(count))
}

fn faults(plugins: &BTreeMap<String, PluginStats>) -> Vec<String> {
    let faults =
        plugins.iter().flat_map(|(plugin, stats)| stats.faults.iter().map(move |fault| (plugin, fault)));
    faults
        .map(|(plugin, (kind, count))| format!("{} {} {}", harmless(plugin), kind.name(), grouped(*count)))
        .collect()
}

/// Names come from plugins.
pub(super) fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// `1 file`, `2 files`.
fn counted(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(number))
}

/// `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_pipeline::parse::parser::FaultKind;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn names_of_losses_are_those_of_the_counters() {
        let lines: Vec<_> =
            Report::default().pipeline.lines().map(|(stage, reason, _)| (stage, reason)).collect();
        for name in LOSSES.iter().chain(&USUAL) {
            assert!(lines.contains(name), "{name:?}");
        }
    }

    #[test]
    fn what_did_not_happen_is_not_mentioned() {
        let mut report = Report { files: 1, frames: 1234, bytes: 5, ..Report::default() };
        let plain = summary(&report, &BTreeMap::new(), Duration::from_millis(20));
        assert_eq!(
            plain,
            "weir: 1 file, 1,234 frames, 5 bytes, replayed in 0.02 s\n  request logs   0 of 0 flows\n"
        );
        report.pipeline.gap_bytes = 7;
        report
            .logs
            .insert("HTTP".into(), LogCount { all: 3, sessions: 2, client_errors: 1, ..LogCount::default() });
        let mut broken = PluginStats::default();
        broken.faults.insert(FaultKind::Trap, 2);
        let plugins = BTreeMap::from([("x@1.0.0".to_owned(), broken)]);
        let told = summary(&report, &plugins, Duration::ZERO);
        assert!(
            told.contains("request logs   3 of 0 flows, HTTP 3 (client_error 1, without both halves 1)\n"),
            "{told}"
        );
        assert!(told.contains("  lost           reassembly gap-bytes 7\n"), "{told}");
        assert!(told.contains("  plugin faults  x@1.0.0 trap 2\n"), "{told}");
    }
}
