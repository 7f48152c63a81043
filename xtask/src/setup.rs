//! Brings what builds and tests need and a fresh machine lacks: the standard library for `wasm32-unknown-unknown`, and what compiles
//! the eBPF programs (sources of the core library, bpf-linker).
//!
//! Takes: the toolchain that cargo uses. Gives: the same with what was missing in its sysroot, and the linker in the folder of tools.
//! Asks rustup, unless the environment forbids it to download (`RUSTUP_AUTO_INSTALL=0`); then builds the library from Debian's
//! source package. Two runs at once wait for each other.

mod apt;
mod ebpf;
pub(crate) mod go;
mod sources;
mod sysroot;

pub(crate) use ebpf::{is_required as ebpf_is_required, kit as ebpf_kit};

use std::process::Command;

use anyhow::{Context, Result};

use crate::{cache, command};
use sysroot::Sysroot;

/// What plugins are compiled to.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Does what is missing, all of it or an error.
pub(crate) fn all() -> Result<()> {
    let sysroot = Sysroot::find()?;
    target(&sysroot)?;
    ebpf::bring(&sysroot)
}

/// Does what is missing; a few file look-ups and calls of rustc when nothing is. Without what compiles eBPF programs the build goes
/// on, unless it is asked for (`WEIR_EBPF=require`, or `CI` is set).
pub(crate) fn run() -> Result<()> {
    let sysroot = Sysroot::find()?;
    target(&sysroot)?;
    match ebpf::bring(&sysroot) {
        Err(error) if !ebpf::is_required()? => {
            println!("going on without system-call capture: {error:#}");
            Ok(())
        }
        result => result,
    }
}

/// The Wasm target's standard library.
fn target(sysroot: &Sysroot) -> Result<()> {
    if sysroot.has_target() {
        return Ok(());
    }
    let _lock = lock()?;
    if sysroot.has_target() {
        return Ok(());
    }
    println!("{TARGET} is not in {}", sysroot.path().display());
    if rustup_may_download() { target_with_rustup() } else { target_with_debian(sysroot) }
}

/// Two runs at once (an editor and a person) must not write the same folder.
fn lock() -> Result<std::fs::File> {
    let lock = std::fs::File::create(cache::folder("setup")?.join("lock"))?;
    lock.lock()?;
    Ok(lock)
}

fn rustup_may_download() -> bool {
    std::env::var_os("RUSTUP_AUTO_INSTALL").is_none_or(|value| value != "0")
}

fn target_with_rustup() -> Result<()> {
    println!("rustup target add {TARGET}");
    command::run(Command::new("rustup").args(["target", "add", TARGET])).with_context(|| {
        format!(
            "the target {TARGET} is missing and rustup did not bring it; with a compiler from elsewhere, install its \
             package for that target; where rustup must not download, set RUSTUP_AUTO_INSTALL=0 to build the target \
             from Debian's source package"
        )
    })
}

fn target_with_debian(sysroot: &Sysroot) -> Result<()> {
    println!("RUSTUP_AUTO_INSTALL=0: building it from the standard library's sources (half a minute)");
    sources::with_debian(sysroot)?;
    let scratch = cache::folder("setup")?.join("target");
    sysroot.install_target(&scratch)?;
    std::fs::remove_dir_all(&scratch)?;
    println!("{TARGET}: installed");
    Ok(())
}
