//! Cargo subcommands that checks need, in one pinned version each.
//!
//! Takes: a tool. Gives: the path of its program, installed into the cache folder when missing. Leaves the user's own
//! `~/.cargo/bin` alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::{cache, command, workspace};

/// A crate that installs one program of its own name.
pub(crate) struct Tool {
    name: &'static str,
    version: &'static str,
}

/// Licences, sources, duplicates. A cold install takes 2 to 3 minutes on two cores.
pub(crate) const CARGO_DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };

/// Builds fuzz targets with coverage counters. A cold install takes under a minute.
pub(crate) const CARGO_FUZZ: Tool = Tool { name: "cargo-fuzz", version: "0.13.2" };

impl Tool {
    /// The program, after an install if need be.
    pub(crate) fn program(&self) -> Result<PathBuf> {
        let folder = cache::folder("tools")?.join(format!("{}-{}", self.name, self.version));
        let program = folder.join("bin").join(self.name);
        if !program.is_file() {
            println!("installing {} {} into {}", self.name, self.version, folder.display());
            self.install(&folder)?;
        }
        Ok(program)
    }

    fn install(&self, folder: &Path) -> Result<()> {
        let scratch = cache::folder("tools-build")?;
        let installed = command::run(
            Command::new(workspace::cargo_program())
                .args(["install", "--quiet", "--locked", self.name, "--version", self.version, "--root"])
                .arg(folder)
                // Away from the repository: its cargo settings are not the tool's.
                .current_dir(&scratch)
                .env("CARGO_TARGET_DIR", &scratch),
        );
        std::fs::remove_dir_all(&scratch)?;
        installed
    }
}
