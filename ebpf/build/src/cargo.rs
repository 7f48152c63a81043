//! Calls of cargo for the kernel's target.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Kit, linker};

const TARGET: &str = "bpfel-unknown-none";

/// The program's name in its `Cargo.toml`.
const PROGRAM: &str = "weir";

/// The kernel that the object is for.
#[derive(Clone, Copy, Debug)]
pub struct Kernel<'a> {
    /// Its processor, in the words of `CARGO_CFG_TARGET_ARCH`; registers have other names on each.
    pub architecture: &'a str,
}

impl Kit {
    /// `cargo SUBCOMMAND` for the programs: `build` or `clippy`, in release, into the folder `target` alone. It takes no lock of
    /// another cargo, and what was set for the host does not reach it.
    #[must_use]
    pub fn cargo(&self, subcommand: &str, workspace: &Path, target: &Path, kernel: Kernel<'_>) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(is_for_the_host) {
                command.env_remove(name);
            }
        }
        command.current_dir(workspace.join("ebpf/program"));
        // Quiet, as its messages are shown only when it fails.
        command.args([
            subcommand,
            "--quiet",
            "--release",
            "--locked",
            "-Zbuild-std=core",
            "--target",
            TARGET,
        ]);
        // Names of the builder's folders do not belong into a product.
        command.args(["-Ztrim-paths", "--config", "profile.release.trim-paths='all'"]);
        command.arg("--target-dir").arg(target);
        // `-Z` on a stable compiler: the target has no library ready, and `core` is the compiler's own.
        command.env("RUSTC_BOOTSTRAP", "1");
        command.env("CARGO_ENCODED_RUSTFLAGS", self.flags(kernel));
        command.env("LD_LIBRARY_PATH", linker::library_path(&self.compiler));
        command
    }

    fn flags(&self, kernel: Kernel<'_>) -> OsString {
        let mut linker = OsString::from("-Clinker=");
        linker.push(&self.linker);
        let flags = [
            linker,
            // The types of maps, programs and globals, without which neither the kernel nor the loader knows them.
            "-Clink-arg=--btf".into(),
            "-Cdebuginfo=2".into(),
            format!("--cfg=bpf_target_arch=\"{}\"", kernel.architecture).into(),
        ];
        flags.join(&OsString::from("\u{1f}"))
    }
}

/// What `cargo build` leaves in the folder `target`.
#[must_use]
pub fn object(target: &Path) -> PathBuf {
    target.join(TARGET).join("release").join(PROGRAM)
}

/// All that the object is made of, from the workspace's root: when one of them changes it is built anew.
#[must_use]
pub fn sources() -> [&'static str; 5] {
    [
        "ebpf/common/Cargo.toml",
        "ebpf/common/src",
        "ebpf/program/Cargo.toml",
        "ebpf/program/Cargo.lock",
        "ebpf/program/src",
    ]
}

fn is_for_the_host(variable: &str) -> bool {
    const KEPT: [&str; 6] =
        ["CARGO_HOME", "CARGO_HTTP_", "CARGO_MAKEFLAGS", "CARGO_NET_", "CARGO_REGISTR", "CARGO_TERM_"];
    const REMOVED: [&str; 5] = ["RUSTFLAGS", "RUSTC_WORKSPACE_WRAPPER", "RUSTC_WRAPPER", "PROFILE", "TARGET"];
    let of_cargo = variable.starts_with("CARGO_") && !KEPT.iter().any(|kept| variable.starts_with(kept));
    of_cargo || REMOVED.contains(&variable)
}

#[cfg(test)]
mod tests {
    use super::{is_for_the_host, sources};

    #[test]
    fn what_is_set_for_the_host_is_known() {
        for removed in [
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_TARGET_DIR",
            "CARGO_BUILD_TARGET",
            "RUSTC_WRAPPER",
        ] {
            assert!(is_for_the_host(removed), "{removed}");
        }
        for kept in [
            "PATH",
            "CARGO_HOME",
            "CARGO_NET_OFFLINE",
            "CARGO_MAKEFLAGS",
            "RUSTUP_TOOLCHAIN",
            "RUSTC",
            "CARGO",
        ] {
            assert!(!is_for_the_host(kept), "{kept}");
        }
    }

    #[test]
    fn every_source_is_there() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for source in sources() {
            assert!(root.join(source).exists(), "{source}");
        }
    }
}
