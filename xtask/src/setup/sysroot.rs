//! The folder of one Rust toolchain, and how a target's standard library gets into it.
//!
//! Takes: `rustc`, and the library's sources. Gives: `lib/rustlib/TARGET/lib/*.rlib`, as rustup would lay it out.
//! Fetches nothing but crates that the library's own lock file names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::TARGET;
use crate::{command, workspace};

/// One toolchain.
pub(super) struct Sysroot {
    path: PathBuf,
}

impl Sysroot {
    /// Of the rustc that cargo calls.
    pub(super) fn find() -> Result<Self> {
        let path = command::output(rustc().args(["--print", "sysroot"]))?;
        Ok(Self { path: path.trim_end().into() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the target's standard library is there.
    pub(super) fn has_target(&self) -> bool {
        self.target_folder().join("lib").is_dir()
    }

    fn target_folder(&self) -> PathBuf {
        self.path.join("lib/rustlib").join(TARGET)
    }

    /// Where the standard library's sources are.
    pub(super) fn sources(&self) -> PathBuf {
        self.path.join("lib/rustlib/src/rust/library")
    }

    /// Whether they are there.
    pub(super) fn has_sources(&self) -> bool {
        self.sources().join("Cargo.lock").is_file()
    }

    /// Puts the folder `library` where cargo looks for it.
    pub(super) fn install_sources(&self, library: &Path) -> Result<()> {
        let sources = self.sources();
        let copy = || {
            // Beside its place first, then renamed: an end in the middle leaves no half library behind.
            let fresh = sources.with_extension("fresh");
            for half in [&fresh, &sources] {
                if half.exists() {
                    fs::remove_dir_all(half)?;
                }
            }
            copy_folder(library, &fresh)?;
            Ok::<_, anyhow::Error>(fs::rename(&fresh, &sources)?)
        };
        copy().with_context(|| format!("cannot write the library's sources to {}", sources.display()))
    }

    /// Builds the standard library of the target out of its sources and puts it beside the host's.
    pub(super) fn install_target(&self, scratch: &Path) -> Result<()> {
        let built = build(scratch)?;
        // Beside its place first, then renamed: an end in the middle leaves no half target behind.
        let fresh = self.target_folder().with_extension("fresh");
        if fresh.exists() {
            fs::remove_dir_all(&fresh)?;
        }
        fs::create_dir_all(fresh.join("lib"))?;
        for entry in fs::read_dir(&built)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.ends_with(".rlib") && !name.contains(CARRIER) {
                fs::copy(&path, fresh.join("lib").join(name))?;
            }
        }
        fs::rename(&fresh, self.target_folder())?;
        Ok(())
    }
}

/// Name of the empty crate whose build makes cargo build the standard library.
const CARRIER: &str = "standard_library_carrier";

/// Such as `1.95.0`. Not asked together with the sysroot: it is needed only when something is missing, and every start of
/// rustc through rustup costs 50 ms.
pub(super) fn version() -> Result<String> {
    let answer = command::output(rustc().arg("-vV"))?;
    let release = answer.lines().find_map(|line| line.strip_prefix("release: "));
    release.map(str::to_owned).context("rustc did not say which release it is")
}

fn rustc() -> Command {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

/// Gives the folder with the `.rlib` files.
fn build(scratch: &Path) -> Result<PathBuf> {
    let carrier = scratch.join("carrier");
    fs::create_dir_all(carrier.join("src"))?;
    fs::write(carrier.join("src/lib.rs"), "")?;
    // As rustup's own: unwinding, optimised, no debug data.
    fs::write(
        carrier.join("Cargo.toml"),
        format!(
            "[package]\nname = \"{CARRIER}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [profile.release]\npanic = \"unwind\"\nopt-level = 3\ndebug = 0\n"
        ),
    )?;
    let target = carrier.join("target");
    command::run(
        Command::new(workspace::cargo_program())
            .args([
                "build",
                "--quiet",
                "--release",
                "--target",
                TARGET,
                "-Zbuild-std=std,panic_abort,proc_macro",
            ])
            .current_dir(&carrier)
            .env("CARGO_TARGET_DIR", &target)
            // `-Z` on a stable compiler: this is the compiler's own library.
            .env("RUSTC_BOOTSTRAP", "1")
            // Bitcode, or a plugin with `lto` does not link; the mark keeps unstable internals out of reach.
            .env("RUSTFLAGS", "-Cembed-bitcode=yes -Zforce-unstable-if-unmarked"),
    )?;
    Ok(target.join(TARGET).join("release/deps"))
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, copy) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy_folder(&source, &copy)?;
        } else {
            fs::copy(&source, &copy)?;
        }
    }
    Ok(())
}
