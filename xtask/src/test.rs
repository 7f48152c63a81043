//! All tests, with everything they need.
//!
//! Takes: words for the test runner. Gives: the runner's closing lines and status. To add a kind of test that is no cargo
//! test, add a line to `run`, before the workspace's tests: the last lines printed are theirs, with what did not run behind them. They
//! find what Go built, and Go itself, by the variables `WEIR_GO_PLUGINS` and `WEIR_GO`.

use std::path::PathBuf;

use anyhow::Result;

use crate::{command, go, setup, skipped, workspace};

/// Runs them all; with words, only the workspace's tests that match.
pub(crate) fn run(filter: &[String]) -> Result<()> {
    setup::run()?;
    let mut of_go = Vec::new();
    if filter.is_empty() {
        documentation()?;
        of_go = go::test()?;
    }
    workspace_tests(filter, of_go)
}

/// Examples in documentation, which nextest can not run.
fn documentation() -> Result<()> {
    command::run(&mut workspace::cargo(["test", "--workspace", "--doc", "--quiet"]))
}

/// Unit, property and integration tests of every crate, conformance among them.
fn workspace_tests(filter: &[String], of_go: Vec<(&str, PathBuf)>) -> Result<()> {
    let runner: &[&str] = if has_nextest() {
        &["nextest", "run", "--workspace"]
    } else {
        // `--all-targets` would run benchmarks too.
        &["test", "--workspace", "--lib", "--bins", "--tests"]
    };
    skipped::forget();
    let ended = command::run(workspace::cargo(runner).args(filter).envs(of_go));
    skipped::print();
    ended
}

fn has_nextest() -> bool {
    command::quiet(workspace::cargo(["nextest", "--version"]))
}
