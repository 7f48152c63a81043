//! `--stats`: every counter of every stage, and what each plugin cost.

use std::collections::BTreeMap;
use std::fmt::Write;

use weir_capture::sockets::SocketCounts;
use weir_plugin_runtime::PluginStats;

use super::summary::{grouped, harmless};
use crate::replay::Report;

/// All tables, one under the other.
pub(super) fn tables(report: &Report, plugins: &BTreeMap<String, PluginStats>) -> String {
    let mut text = String::new();
    stages(&mut text, report);
    protocols(&mut text, report);
    costs(&mut text, plugins);
    own_counters(&mut text, plugins);
    text
}

fn stages(text: &mut String, report: &Report) {
    let _ = writeln!(text, "{:<14} {:<26} {:>16}", "STAGE", "COUNTER", "COUNT");
    let unread = report.interfaces.iter().map(|counts| counts.unread).sum();
    let ring_full = report.interfaces.iter().map(|counts| counts.ring_full).sum();
    let capture = [
        ("capture", "frames", report.frames),
        ("capture", "bytes", report.bytes),
        ("capture", "ring-full", ring_full),
        ("capture", "unread-at-end", unread),
        ("capture", "unknown-link-type", report.frames_of_unknown_link),
        ("decode", "segments", report.decode.segments),
    ];
    let fragments = [
        ("decode", "fragments-reassembled", report.fragments.reassembled),
        ("decode", "fragments-evicted", report.fragments.evicted),
        ("decode", "fragments-expired", report.fragments.expired),
        ("decode", "fragments-waiting", report.fragments.waiting),
    ];
    let skips = report.decode.reasons().map(|(skip, count)| ("decode", skip.name(), count));
    let calls = report.calls.iter().flat_map(SocketCounts::lines);
    let calls = calls.map(|(name, count, _)| ("system-calls", name, count));
    for (stage, counter, count) in
        capture.into_iter().chain(calls).chain(skips).chain(fragments).chain(report.pipeline.lines())
    {
        let _ = writeln!(text, "{stage:<14} {counter:<26} {:>16}", grouped(count));
    }
}

fn protocols(text: &mut String, report: &Report) {
    let _ = writeln!(
        text,
        "\n{:<14} {:>12} {:>12} {:>13} {:>13} {:>9}",
        "PROTOCOL", "LOGS", "PAIRED", "CLIENT_ERROR", "SERVER_ERROR", "TIMEOUT"
    );
    for (protocol, count) in &report.logs {
        let [all, paired, client, server, timeouts] =
            [count.all, count.sessions, count.client_errors, count.server_errors, count.timeouts]
                .map(grouped);
        let protocol = harmless(protocol);
        let _ =
            writeln!(text, "{protocol:<14} {all:>12} {paired:>12} {client:>13} {server:>13} {timeouts:>9}");
    }
}

fn costs(text: &mut String, plugins: &BTreeMap<String, PluginStats>) {
    let _ = writeln!(
        text,
        "\n{:<22} {:>11} {:>12} {:>12} {:>16} {:>10} {:>9} {:>9} {:>11} {:>7} {:>9}",
        "PLUGIN",
        "CALLS",
        "EVENTS",
        "MESSAGES",
        "PAYLOAD BYTES",
        "TIME",
        "NS/EVENT",
        "NS/MSG",
        "MEMORY",
        "FAULTS",
        "REBUILDS"
    );
    for (plugin, stats) in plugins {
        let _ = writeln!(
            text,
            "{:<22} {:>11} {:>12} {:>12} {:>16} {:>8}ms {:>9} {:>9} {:>11} {:>7} {:>9}",
            harmless(plugin),
            grouped(stats.calls),
            grouped(stats.events),
            grouped(stats.messages),
            grouped(stats.payload_bytes),
            grouped(stats.nanoseconds / 1_000_000),
            each(stats.nanoseconds, stats.events),
            each(stats.nanoseconds, stats.messages),
            grouped(stats.memory_peak),
            grouped(stats.faults.values().sum()),
            grouped(stats.rebuilds),
        );
        for (kind, count) in &stats.faults {
            let _ = writeln!(text, "  fault {} {}", kind.name(), grouped(*count));
        }
        for (what, count) in [
            ("quarantines", stats.quarantines),
            ("log lines dropped", stats.log_lines_dropped),
            ("counters dropped", stats.counters_dropped),
        ] {
            if count > 0 {
                let _ = writeln!(text, "  {what} {}", grouped(count));
            }
        }
    }
    text.push('\n');
}

fn own_counters(text: &mut String, plugins: &BTreeMap<String, PluginStats>) {
    for (plugin, stats) in plugins {
        for (name, count) in &stats.counters {
            let _ = writeln!(text, "{:<22} counts {} {}", harmless(plugin), harmless(name), grouped(*count));
        }
    }
}

fn each(nanoseconds: u64, count: u64) -> String {
    nanoseconds.checked_div(count).map_or_else(|| "-".to_owned(), grouped)
}
