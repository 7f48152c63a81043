//! Licences, sources, bans of all dependencies, by cargo-deny and `deny.toml`.
//!
//! Takes: the lock file. Gives: cargo-deny's findings. Leaves the list of known vulnerabilities alone: it is not in a package
//! registry, and a check must not need more than those.

use std::process::Command;

use anyhow::Result;

use crate::tool::CARGO_DENY;
use crate::{command, workspace};

/// Of every workspace.
pub(crate) fn run() -> Result<()> {
    for manifest in workspace::MANIFESTS {
        check(manifest)?;
    }
    Ok(())
}

fn check(manifest: &str) -> Result<()> {
    // cargo-deny reads the manifests of all dependencies; offline it can only when they are there.
    command::run(&mut workspace::cargo(["fetch", "--quiet", "--locked", "--manifest-path", manifest]))?;
    command::run(
        Command::new(CARGO_DENY.program()?)
            .current_dir(workspace::root())
            .args(["--offline", "--locked", "--config", "deny.toml", "--manifest-path", manifest])
            // Three dependency graphs share the configuration, so not every line of it fits both.
            .args(["check", "--allow", "license-exception-not-encountered", "--allow", "unmatched-skip-root"])
            .args(["licenses", "bans", "sources"]),
    )
}
