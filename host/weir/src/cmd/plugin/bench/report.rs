//! Takes: what was measured. Gives: it as a table and as JSON.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use super::play::Played;
use super::record::Calls;
use crate::cli::plugin::BenchArgs;
use crate::cmd::plugin::drive::Subject;
use crate::cmd::plugin::faults::{FaultSeen, Faults};
use crate::cmd::plugin::print::{bytes, grouped};

/// Times are nanoseconds, sizes bytes.
#[derive(Debug, Serialize)]
pub(super) struct BenchReport {
    /// `name@version`.
    pub(super) plugin: String,
    batch: u32,
    rounds: u64,
    calls: u64,
    payloads: u64,
    payloads_a_call: f64,
    payload_bytes: u64,
    messages: u64,
    nanoseconds_a_payload: f64,
    nanoseconds_a_message: Option<f64>,
    payload_bytes_a_second: f64,
    call_p50: u64,
    call_p99: u64,
    checks: u64,
    nanoseconds_a_check: Option<f64>,
    memory_before: u64,
    memory_after: u64,
    memory_peak: u64,
    /// Of guest memory, behind the first round: what a plugin loses grows with what it is given.
    memory_growth_a_million_payloads: f64,
    /// Not all of the capture was kept.
    cut: bool,
    pub(super) faults: Vec<FaultSeen>,
}

impl BenchReport {
    pub(super) fn new(
        subject: &Subject,
        arguments: &BenchArgs,
        recorded: &Calls,
        played: &Played,
        faults: &Faults,
    ) -> Self {
        let manifest = subject.plugin.manifest();
        let calls = played.calls.count();
        let growth = played.memory[2].saturating_sub(played.memory[1]) as f64;
        Self {
            plugin: format!("{}@{}", manifest.name, manifest.version),
            batch: arguments.batch,
            rounds: played.rounds,
            calls,
            payloads: played.payloads,
            payloads_a_call: tenth(played.payloads as f64 / calls.max(1) as f64),
            payload_bytes: played.payload_bytes,
            messages: played.messages,
            nanoseconds_a_payload: each(played.time, played.payloads).unwrap_or_default(),
            nanoseconds_a_message: each(played.time, played.messages),
            payload_bytes_a_second: (played.payload_bytes as f64 / played.time.as_secs_f64().max(1e-9))
                .round(),
            call_p50: played.calls.quantile(0.5),
            call_p99: played.calls.quantile(0.99),
            checks: played.checks,
            nanoseconds_a_check: each(played.check_time, played.checks),
            memory_before: played.memory[0],
            memory_after: played.memory[2],
            memory_peak: played.memory[3],
            memory_growth_a_million_payloads: (growth * 1e6 / played.payloads_after_first.max(1) as f64)
                .round(),
            cut: recorded.cut,
            faults: faults.list(),
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!("{}\n", self.plugin);
        let mut line = |name: &str, value: String| {
            // Writing to memory can not fail.
            let _ = writeln!(text, "  {name:<20} {value}");
        };
        line("a payload", format!("{} ns", self.nanoseconds_a_payload));
        if let Some(time) = self.nanoseconds_a_message {
            line("a message", format!("{time} ns"));
        }
        line("payload bytes", format!("{:.1} MB/s", self.payload_bytes_a_second / 1e6));
        line("a call", format!("p50 {} ns, p99 {} ns", grouped(self.call_p50), grouped(self.call_p99)));
        if let Some(time) = self.nanoseconds_a_check {
            line("a check", format!("{time} ns"));
        }
        line(
            "measured",
            format!(
                "{} payloads in {} calls ({} a call, {} at most), {} rounds over the capture",
                grouped(self.payloads),
                grouped(self.calls),
                self.payloads_a_call,
                self.batch,
                grouped(self.rounds)
            ),
        );
        line(
            "guest memory",
            format!(
                "{} before, {} after, {} at most",
                bytes(self.memory_before),
                bytes(self.memory_after),
                bytes(self.memory_peak)
            ),
        );
        line("guest memory grows", self.growth());
        line("faults", grouped(self.faults.iter().map(|fault| fault.count).sum()));
        if self.cut {
            line(
                "note",
                "the capture is larger than what is kept in memory; its beginning was measured".into(),
            );
        }
        text
    }

    fn growth(&self) -> String {
        match self.memory_growth_a_million_payloads {
            none if none < 1.0 => "not at all".to_owned(),
            growth => format!("{} for each million payloads", bytes(growth as u64)),
        }
    }
}

fn each(time: Duration, count: u64) -> Option<f64> {
    (count > 0).then(|| tenth(time.as_nanos() as f64 / count as f64))
}

fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
