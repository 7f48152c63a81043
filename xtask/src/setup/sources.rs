//! The sources of the standard library, of exactly the compiler's version.
//!
//! Takes: a toolchain. Gives: the same with `lib/rustlib/src/rust/library`, as rustup's component `rust-src` has it. The caller holds
//! the lock of the set-up.

use std::process::Command;

use anyhow::{Context, Result};

use super::sysroot::{self, Sysroot};
use super::{apt, rustup_may_download};
use crate::{cache, command};

/// From rustup or, where it must not download, from Debian; nothing when they are there.
pub(super) fn bring(sysroot: &Sysroot) -> Result<()> {
    if sysroot.has_sources() {
        return Ok(());
    }
    if rustup_may_download() { with_rustup() } else { with_debian(sysroot) }
}

fn with_rustup() -> Result<()> {
    println!("the standard library's sources are missing: rustup component add rust-src (seconds)");
    command::run(Command::new("rustup").args(["component", "add", "rust-src"])).context(
        "rustup did not bring the standard library's sources; with a compiler from elsewhere, install its package of them; where \
         rustup must not download, set RUSTUP_AUTO_INSTALL=0 to take them from Debian's package rust-src",
    )
}

/// Debian's package, unpacked into the sysroot.
pub(super) fn with_debian(sysroot: &Sysroot) -> Result<()> {
    if sysroot.has_sources() {
        return Ok(());
    }
    println!(
        "the standard library's sources are missing: RUSTUP_AUTO_INSTALL=0, so out of Debian's package rust-src (half a minute)"
    );
    let scratch = cache::folder("setup")?.join("rust-src");
    let version = sysroot::version()?;
    let library = apt::standard_library_sources(&version, &scratch).with_context(|| {
        format!(
            "no sources of the standard library for rustc {version}: rustup must not download, and Debian has no package \
             rust-src of exactly this version; allow rustup (unset RUSTUP_AUTO_INSTALL), or use a toolchain whose \
             version Debian carries (`apt-cache madison rust-src`)"
        )
    })?;
    sysroot.install_sources(&library)?;
    std::fs::remove_dir_all(&scratch)?;
    println!("rust-src: installed");
    Ok(())
}
