//! Which programs there are to measure.
//!
//! Takes: options. Gives: paths, after a release build if none was named. Installs nothing.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::Options;
use crate::{command, setup, workspace};

/// What is there.
pub(super) struct Programs {
    pub(super) weir: PathBuf,
    pub(super) native: Option<PathBuf>,
    pub(super) tshark: bool,
    pub(super) suricata: bool,
}

impl Programs {
    /// Builds `weir` when none is named and one is wanted.
    pub(super) fn find(options: &Options) -> Result<Self> {
        let weir = match &options.weir {
            Some(weir) => std::path::absolute(weir)?,
            None => {
                if options.wants("weir") {
                    setup::run()?;
                    command::run(&mut workspace::cargo(["build", "--release", "--package", "weir"]))?;
                }
                workspace::release_binary("weir")
            }
        };
        let native = options.native.clone().unwrap_or_else(|| workspace::release_binary("weir-native"));
        if !native.is_file() {
            println!("weir with native parsers is not measured: no {} (see --native)", native.display());
        }
        Ok(Self {
            weir,
            native: native.is_file().then_some(native),
            tshark: there("tshark", "--version"),
            suricata: there("suricata", "-V"),
        })
    }

    /// How each says which version it is.
    pub(super) fn versions(&self) -> Vec<(&'static str, Command)> {
        let ask = |program: PathBuf, argument: &str| {
            let mut command = Command::new(program);
            command.arg(argument);
            command
        };
        let mut versions = vec![
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
