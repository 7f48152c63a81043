//! Where the repository and its build folder are.
//!
//! Takes: what cargo says in the environment. Gives: paths and calls of cargo. Touches no file.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The workspaces of the repository, each with a lock file of its own: the host, what runs in the kernel, fuzz targets.
pub(crate) const MANIFESTS: [&str; 3] = ["Cargo.toml", "ebpf/program/Cargo.toml", "tests/fuzz/Cargo.toml"];

/// The repository's root.
///
/// Asked at run time, since a build folder that clones share may hold an `xtask` that another clone built.
pub(crate) fn root() -> PathBuf {
    let manifest =
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&manifest).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// The path of a program that `cargo build --release` makes.
pub(crate) fn release_binary(name: &str) -> PathBuf {
    target().join("release").join(name)
}

/// The cargo that called us.
pub(crate) fn cargo_program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// A call of the cargo that called us, in the repository's root.
pub(crate) fn cargo<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(cargo_program());
    command.current_dir(root()).args(arguments);
    command
}
