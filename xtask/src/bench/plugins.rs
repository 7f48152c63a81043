//! What plugins cost, each by itself: `weir plugin bench` on captures of its protocol.
//!
//! Takes: the program. Gives: a table. The cost of a hook within the whole path is measured with the other commands.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::captures::{self, Capture};
use super::report::Report;
use crate::{command, go, workspace};

/// Bytes of one line of the echo protocol.
const LINE: usize = 1024;
/// Payloads in the capture; the bench plays it again and again.
const LINES: u64 = 20_000;
const BATCH: &str = "32";
const TARGET: &str = "wasm32-unknown-unknown";

/// An example of the Rust SDK, compiled.
pub(super) fn rust_example(name: &str) -> Result<PathBuf> {
    let mut build = workspace::cargo(["build", "--profile", "guest", "--target", TARGET, "--package", name]);
    command::run(&mut build)?;
    Ok(workspace::target().join(TARGET).join("guest").join(name).with_extension("wasm"))
}

/// Measures the same parser in Rust and in Go, for `seconds` each.
pub(super) fn parsers(weir: &Path, seconds: u64, report: &mut Report) -> Result<()> {
    let capture = captures::echo(LINES, LINE)?;
    report.line(&format!("\n### A line parser, {LINE} bytes a payload, {BATCH} payloads a call\n"));
    report.line("| plugin | payloads | ns a payload | p50 of a call, µs | p99 | guest memory, KiB | growth a million payloads, bytes |");
    report.line("|---|---:|---:|---:|---:|---:|---:|");
    row("echo, Rust", &rust_example("echo")?, weir, &capture, seconds, report)?;
    match go::example("echo") {
        Ok(module) => row("echo, Go", &module, weir, &capture, seconds, report)?,
        Err(error) => report.line(&format!("| echo, Go | not measured: {error} | | | | | |")),
    }
    report.line("");
    Ok(())
}

fn row(
    name: &str,
    module: &Path,
    weir: &Path,
    capture: &Capture,
    seconds: u64,
    report: &mut Report,
) -> Result<()> {
    let mut bench = Command::new(weir);
    bench.args(["plugin", "bench"]).arg(module).arg("--pcap").arg(&capture.path);
    bench.args(["--batch", BATCH, "--seconds", &seconds.to_string(), "--format", "jsonl"]);
    let told = command::output(&mut bench)?;
    let told: serde_json::Value = serde_json::from_str(&told).context("weir plugin bench prints JSON")?;
    let number =
        |key: &str| told[key].as_f64().with_context(|| format!("weir plugin bench says nothing of {key}"));
    report.line(&format!(
        "| {name} | {} | {:.0} | {:.1} | {:.1} | {:.0} | {:.0} |",
        super::report::grouped(number("payloads")? as u64),
        number("nanoseconds_a_payload")?,
        number("call_p50")? / 1e3,
        number("call_p99")? / 1e3,
        number("memory_after")? / 1024.0,
        number("memory_growth_a_million_payloads")?,
    ));
    Ok(())
}
