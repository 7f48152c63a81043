//! The product's main job on one capture: build `weir`, print request logs that a person can read.
//!
//! Takes: a capture, or none. Gives: a table on standard output. Tests nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{command, setup, workspace};

/// Shown when no capture is named: several protocols in few packets.
const CAPTURE: &str = "tests/fixtures/demo.pcap";

/// Builds, then replays.
pub(crate) fn run(file: Option<&Path>) -> Result<()> {
    setup::run()?;
    command::run(&mut workspace::cargo(["build", "--release", "--package", "weir"]))?;
    // Against the caller's folder, before the call below is made in the repository's.
    let file = match file {
        Some(file) => std::path::absolute(file).with_context(|| format!("cannot find {}", file.display()))?,
        None => PathBuf::from(CAPTURE),
    };
    let weir = workspace::release_binary("weir");
    let mut replay = Command::new(&weir);
    replay.current_dir(workspace::root()).arg("replay").arg(&file).args(["--format", "table"]);
    println!("\n$ weir replay {} --format table\n", file.display());
    command::run(&mut replay)
}
