//! Which programs there are to measure.
//!
//! Takes: options. Gives: paths, after a release build if none was named. Installs nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::Options;
use super::contender::{JSONL, NATIVE, NULL, NULL_TWO};
use crate::{command, setup, workspace};

/// What is there.
pub(super) struct Programs {
    pub(super) weir: PathBuf,
    /// `weir` with the same parsers linked natively.
    pub(super) native: PathBuf,
    pub(super) tshark: bool,
    pub(super) suricata: bool,
}

impl Programs {
    /// Builds those of ours that are wanted and not named.
    pub(super) fn find(options: &Options) -> Result<Self> {
        let wanted = |names: &[&str]| names.iter().any(|name| options.wants(name));
        let weir = own(options.weir.as_deref(), "weir", "weir", wanted(&[NULL, NULL_TWO, JSONL]))?;
        let native = own(options.native.as_deref(), "weir-tests", "weir-native", wanted(&[NATIVE]))?;
        Ok(Self { weir, native, tshark: there("tshark", "--version"), suricata: there("suricata", "-V") })
    }

    /// How each says which version it is.
    pub(super) fn versions(&self) -> Vec<(&'static str, Command)> {
        let ask = |program: PathBuf, argument: &str| {
            let mut command = Command::new(program);
            command.arg(argument);
            command
        };
        let mut versions = vec![
            ("revision", revision()),
            ("compiler", ask("rustc".into(), "--version")),
            ("weir", ask(self.weir.clone(), "--version")),
        ];
        if self.tshark {
            versions.push(("tshark", ask("tshark".into(), "--version")));
        }
        if self.suricata {
            versions.push(("Suricata", ask("suricata".into(), "-V")));
        }
        versions
    }
}

/// Asks which state of the repository this is.
pub(super) fn revision() -> Command {
    let mut revision = Command::new("git");
    revision.current_dir(workspace::root()).args(["describe", "--always", "--dirty"]);
    revision
}

/// The program that was named, or a release build of it when it is wanted.
pub(super) fn own(named: Option<&Path>, package: &str, name: &str, wanted: bool) -> Result<PathBuf> {
    if let Some(named) = named {
        return Ok(std::path::absolute(named)?);
    }
    if wanted {
        setup::run()?;
        command::run(&mut workspace::cargo(["build", "--release", "--package", package, "--bin", name]))?;
    }
    Ok(workspace::release_binary(name))
}

/// Whether an installed tool answers; says so when not.
fn there(tool: &str, argument: &str) -> bool {
    let mut command = Command::new(tool);
    command.arg(argument);
    let there = command::quiet(command);
    if !there {
        println!("{tool} is not measured: not installed");
    }
    there
}
