//! Runs the fuzz targets of `tests/fuzz` for a while.
//!
//! Takes: seconds. Gives: an error with the input's path when one makes a target panic, hang or eat memory. Works on stable
//! (coverage counters without a sanitizer: the code under test holds no `unsafe`); wants a C++ compiler for libFuzzer.

mod target;

use std::ffi::OsString;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, bail};

use crate::steps::Outcome;
use crate::tool::CARGO_FUZZ;
use crate::{command, workspace};
use target::Target;

/// Long enough to get behind every target's first checks from its seeds, short enough for every change.
pub(crate) const SMOKE_SECONDS: u64 = 60;

/// Where the targets are, from the root.
pub(crate) const FOLDER: &str = "tests/fuzz";

/// All targets, or a word on why not.
pub(crate) fn smoke(seconds: u64) -> Result<Outcome> {
    if !command::quiet(cxx_version()) {
        let stand_in = "the seeded mutation tests ran with all tests";
        return Ok(Outcome::Skipped(format!("no C++ compiler, which libFuzzer needs; {stand_in}")));
    }
    run(seconds, None)?;
    Ok(Outcome::Done)
}

/// All targets whose name contains `only`.
pub(crate) fn run(seconds: u64, only: Option<&str>) -> Result<()> {
    let targets: Vec<Target> =
        target::all()?.into_iter().filter(|t| only.is_none_or(|o| t.contains(o))).collect();
    if targets.is_empty() {
        bail!("no fuzz target with that name in {FOLDER}/fuzz_targets");
    }
    build()?;
    let lanes = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(targets.len());
    let each = (seconds * lanes as u64 / targets.len() as u64).max(1);
    println!("{} targets, {each} s each, {lanes} at a time", targets.len());
    let next = AtomicUsize::new(0);
    let failures: Vec<String> = std::thread::scope(|scope| {
        let lane = || {
            let mut failures = Vec::new();
            while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
                match target.run(each) {
                    Ok(summary) => println!("{summary}"),
                    Err(error) => failures.push(format!("{error:#}")),
                }
            }
            failures
        };
        let threads: Vec<_> = (0..lanes).map(|_| scope.spawn(lane)).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|_| vec!["a lane ended".to_owned()]))
            .collect()
    });
    if !failures.is_empty() {
        bail!("{}", failures.join("\n"));
    }
    Ok(())
}

fn build() -> Result<()> {
    command::run(
        Command::new(CARGO_FUZZ.program()?)
            .current_dir(workspace::root())
            .args(["fuzz", "build", "--fuzz-dir", FOLDER, "--sanitizer", "none", "--target-dir"])
            .arg(target::build_folder())
            // Nothing that is fuzzed runs in the kernel.
            .env(weir_ebpf_build::VARIABLE, "skip"),
    )
}

fn cxx_version() -> Command {
    let mut command = Command::new(std::env::var_os("CXX").unwrap_or_else(|| OsString::from("c++")));
    command.arg("--version");
    command
}
