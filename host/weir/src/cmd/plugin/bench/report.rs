//! Takes: what was measured. Gives: it as a table and as JSON.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;
use weir_pipeline::hooks::hook::HookKind;

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
    hooks: Vec<HookReport>,
    memory_before: u64,
    memory_after: u64,
    memory_peak: u64,
    /// Of guest memory in the second half of the time, when every pool is full: what a plugin loses grows with what it is given.
    memory_growth_a_million_payloads: Option<f64>,
    /// Not all of the capture was kept.
    cut: bool,
    pub(super) faults: Vec<FaultSeen>,
}

/// One hook.
#[derive(Debug, Serialize)]
struct HookReport {
    hook: &'static str,
    calls: u64,
    subjects: u64,
    patches: u64,
    nanoseconds_a_subject: Option<f64>,
    call_p50: u64,
    call_p99: u64,
}

impl BenchReport {
    pub(super) fn new(
        subject: &Subject,
        arguments: &BenchArgs,
        recorded: &Calls,
        played: &Played,
        faults: &Faults,
    ) -> Self {
        let calls = played.calls.count();
        let growth = played.memory[2].saturating_sub(played.memory[1]) as f64;
        Self {
            plugin: subject.label(),
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
            hooks: hooks(played),
            memory_before: played.memory[0],
            memory_after: played.memory[2],
            memory_peak: played.memory[3],
            memory_growth_a_million_payloads: (played.second_half > 0)
                .then(|| (growth * 1e6 / played.second_half as f64).round()),
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
        if self.payloads > 0 {
            self.parser(&mut line);
        }
        if let Some(time) = self.nanoseconds_a_check {
            line("a check", format!("{time} ns"));
        }
        for hook in &self.hooks {
            line(
                &format!("{}-hook, a subject", hook.hook),
                format!("{} ns", hook.nanoseconds_a_subject.unwrap_or_default()),
            );
            line("  a call", quantiles(hook.call_p50, hook.call_p99));
            let (subjects, calls, patches) =
                (grouped(hook.subjects), grouped(hook.calls), grouped(hook.patches));
            line("  measured", format!("{subjects} subjects in {calls} calls, {patches} patches"));
        }
        line("rounds", format!("{} over the capture", grouped(self.rounds)));
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
        if self.payloads > 0 && self.payloads_a_call * 2.0 < f64::from(self.batch) {
            line(
                "note",
                "the capture does not fill the calls; real traffic does, and a payload costs less then"
                    .into(),
            );
        }
        if self.cut {
            line(
                "note",
                "the capture is larger than what is kept in memory; its beginning was measured".into(),
            );
        }
        text
    }

    fn parser(&self, line: &mut impl FnMut(&str, String)) {
        line("a payload", format!("{} ns", self.nanoseconds_a_payload));
        if let Some(time) = self.nanoseconds_a_message {
            line("a message", format!("{time} ns"));
        }
        line("payload bytes", format!("{:.1} MB/s", self.payload_bytes_a_second / 1e6));
        line("a call", quantiles(self.call_p50, self.call_p99));
        line(
            "measured",
            format!(
                "{} payloads in {} calls ({} a call, {} at most)",
                grouped(self.payloads),
                grouped(self.calls),
                self.payloads_a_call,
                self.batch,
            ),
        );
    }

    fn growth(&self) -> String {
        match self.memory_growth_a_million_payloads {
            None => "not known: the time was too short for two rounds".to_owned(),
            Some(none) if none < 1.0 => "not at all".to_owned(),
            Some(growth) => format!("{} for each million payloads or subjects", bytes(growth as u64)),
        }
    }
}

fn hooks(played: &Played) -> Vec<HookReport> {
    let kinds = HookKind::ALL.into_iter().zip(&played.hooks).filter(|(_, hook)| hook.calls.count() > 0);
    kinds
        .map(|(kind, hook)| HookReport {
            hook: kind.name(),
            calls: hook.calls.count(),
            subjects: hook.subjects,
            patches: hook.patches,
            nanoseconds_a_subject: each(hook.time, hook.subjects),
            call_p50: hook.calls.quantile(0.5),
            call_p99: hook.calls.quantile(0.99),
        })
        .collect()
}

fn quantiles(median: u64, late: u64) -> String {
    format!("p50 {} ns, p99 {} ns", grouped(median), grouped(late))
}

fn each(time: Duration, count: u64) -> Option<f64> {
    (count > 0).then(|| tenth(time.as_nanos() as f64 / count as f64))
}

fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
