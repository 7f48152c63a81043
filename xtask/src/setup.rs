//! Brings what builds and tests need and a fresh machine lacks: the standard library for `wasm32-unknown-unknown`.
//!
//! Takes: the toolchain that cargo uses. Gives: the same with the target in its sysroot. Asks rustup, unless the
//! environment forbids it to download (`RUSTUP_AUTO_INSTALL=0`); then builds the library from Debian's source package.

mod apt;
pub(crate) mod go;
mod sysroot;

use std::process::Command;

use anyhow::{Context, Result};

use crate::{cache, command};
use sysroot::Sysroot;

/// What plugins are compiled to.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Does what is missing; two file look-ups and one call of rustc when nothing is.
pub(crate) fn run() -> Result<()> {
    let sysroot = Sysroot::find()?;
    if sysroot.has_target() {
        return Ok(());
    }
    // Two runs at once (an editor and a person) must not write the same folder.
    let lock = std::fs::File::create(cache::folder("setup")?.join("lock"))?;
    lock.lock()?;
    if sysroot.has_target() {
        return Ok(());
    }
    println!("{TARGET} is not in {}", sysroot.path().display());
    if rustup_may_download() { with_rustup() } else { with_debian(&sysroot) }
}

fn rustup_may_download() -> bool {
    std::env::var_os("RUSTUP_AUTO_INSTALL").is_none_or(|value| value != "0")
}

fn with_rustup() -> Result<()> {
    println!("rustup target add {TARGET}");
    command::run(Command::new("rustup").args(["target", "add", TARGET])).with_context(|| {
        format!(
            "the target {TARGET} is missing and rustup did not bring it; with a compiler from elsewhere, install its \
             package for that target; where rustup must not download, set RUSTUP_AUTO_INSTALL=0 to build the target \
             from Debian's source package"
        )
    })
}

fn with_debian(sysroot: &Sysroot) -> Result<()> {
    println!("RUSTUP_AUTO_INSTALL=0: building it from Debian's package rust-src (half a minute)");
    let scratch = cache::folder("setup")?.join("rust-src");
    let version = sysroot::version()?;
    let library = apt::standard_library_sources(&version, &scratch).with_context(|| {
        format!(
            "no sources of the standard library for rustc {version}: rustup must not download, and Debian has no package \
             rust-src of exactly this version; allow rustup (unset RUSTUP_AUTO_INSTALL), or use a toolchain whose \
             version Debian carries (`apt-cache madison rust-src`)"
        )
    })?;
    sysroot.install_target(&library, &scratch)?;
    std::fs::remove_dir_all(&scratch)?;
    println!("{TARGET}: installed");
    Ok(())
}
