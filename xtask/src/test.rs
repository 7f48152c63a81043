//! All tests, with everything they need.
//!
//! Takes: words for the test runner. Gives: the runner's closing lines and status. To add a kind of test that is no cargo
//! test, add a line to `run`, before the workspace's tests: the last line printed is theirs.

use anyhow::Result;

use crate::{command, setup, workspace};

/// Runs them all; with words, only the workspace's tests that match.
pub(crate) fn run(filter: &[String]) -> Result<()> {
    setup::run()?;
    if filter.is_empty() {
        documentation()?;
    }
    workspace_tests(filter)
}

/// Examples in documentation, which nextest can not run.
fn documentation() -> Result<()> {
    command::run(&mut workspace::cargo(["test", "--workspace", "--doc", "--quiet"]))
}

/// Unit, property and integration tests of every crate, conformance among them.
fn workspace_tests(filter: &[String]) -> Result<()> {
    let runner: &[&str] = if has_nextest() {
        &["nextest", "run", "--workspace"]
    } else {
        // `--all-targets` would run benchmarks too.
        &["test", "--workspace", "--lib", "--bins", "--tests"]
    };
    command::run(workspace::cargo(runner).args(filter))
}

fn has_nextest() -> bool {
    command::quiet(workspace::cargo(["nextest", "--version"]))
}
