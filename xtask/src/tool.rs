//! Programs out of the crate registry that builds and checks need, in one pinned version each.
//!
//! Takes: a tool. Gives: the path of its program, installed into the cache folder when missing. Leaves the user's own
//! `~/.cargo/bin` alone.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use weir_ebpf_build::{LINKER, LINKER_FEATURE, LINKER_VERSION};

use crate::{cache, command, workspace};

/// A crate that installs one program of its own name.
pub(crate) struct Tool {
    name: &'static str,
    version: &'static str,
    /// How long two cores compile it.
    takes: &'static str,
    /// Further words for `cargo install`.
    options: &'static [&'static str],
}

/// Licences, sources, duplicates.
pub(crate) const CARGO_DENY: Tool =
    Tool { name: "cargo-deny", version: "0.20.2", takes: "2 to 3 minutes", options: &[] };

/// Builds fuzz targets with coverage counters.
pub(crate) const CARGO_FUZZ: Tool =
    Tool { name: "cargo-fuzz", version: "0.13.2", takes: "a minute", options: &[] };

/// Links eBPF programs with the LLVM of rustc itself.
pub(crate) const BPF_LINKER: Tool = Tool {
    name: LINKER,
    version: LINKER_VERSION,
    takes: "a minute",
    options: &["--no-default-features", "--features", LINKER_FEATURE],
};

impl Tool {
    /// The program, after an install if need be.
    pub(crate) fn program(&self) -> Result<PathBuf> {
        let folder = cache::folder("tools")?.join(format!("{}-{}", self.name, self.version));
        let program = folder.join("bin").join(self.name);
        if program.is_file() {
            return Ok(program);
        }
        // Two runs at once would build in the same folder.
        let lock = File::create(cache::folder("setup")?.join(format!("{}-lock", self.name)))?;
        if lock.try_lock().is_err() {
            println!("waiting for another run that installs {}", self.name);
            lock.lock()?;
        }
        if !program.is_file() {
            let Self { name, version, takes, .. } = self;
            println!("installing {name} {version} into {} ({takes} on two cores)", folder.display());
            self.install(&folder)?;
        }
        Ok(program)
    }

    fn install(&self, folder: &Path) -> Result<()> {
        let scratch = cache::folder("tools-build")?.join(self.name);
        std::fs::create_dir_all(&scratch)?;
        let installed = command::run(
            Command::new(workspace::cargo_program())
                .args(["install", "--quiet", "--locked", self.name, "--version", self.version, "--root"])
                .arg(folder)
                .args(self.options)
                // Away from the repository: its cargo settings are not the tool's.
                .current_dir(&scratch)
                .env("CARGO_TARGET_DIR", &scratch)
                .env("CARGO_PROFILE_RELEASE_DEBUG", "false"),
        );
        std::fs::remove_dir_all(&scratch)?;
        installed
    }
}
