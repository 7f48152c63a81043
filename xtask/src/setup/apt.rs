//! Debian's package `rust-src` of exactly one compiler version, unpacked beside the system, not into it.
//!
//! Takes: a version and a scratch folder. Gives: the folder `library` of the compiler's sources. Changes no system file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::apt::Apt;
use crate::command;

/// Where Debian keeps compilers newer than its old stable release has.
const SUITES: &str = "trixie trixie-backports testing sid";

/// Finds, fetches and unpacks.
pub(super) fn standard_library_sources(version: &str, scratch: &Path) -> Result<PathBuf> {
    let apt = Apt::new(scratch, SUITES)?;
    command::run(apt.call("apt-get").args(["-qq", "update"]))?;
    let list = command::output(apt.call("apt-cache").args(["madison", "rust-src"]))?;
    let package = package_version(&list, version).context("no such version in the package lists")?;
    let download = scratch.join("package");
    fs::create_dir_all(&download)?;
    let exact = format!("rust-src={package}");
    command::run(apt.call("apt-get").current_dir(&download).args(["-qq", "download", &exact]))?;
    let unpacked = scratch.join("unpacked");
    for file in fs::read_dir(&download)? {
        command::run(Command::new("dpkg-deb").arg("-x").arg(file?.path()).arg(&unpacked))?;
    }
    let sources = unpacked.join("usr/src");
    for folder in
        fs::read_dir(&sources).with_context(|| format!("no {} in the package", sources.display()))?
    {
        let library = folder?.path().join("library");
        if library.join("Cargo.lock").is_file() {
            return Ok(library);
        }
    }
    bail!("the package holds no library/Cargo.lock")
}

/// The package's full version for a compiler version in what `apt-cache madison` prints.
fn package_version<'a>(list: &'a str, version: &str) -> Option<&'a str> {
    let versions = list.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim);
    // `1.95.0+dfsg1-1`: the `+` keeps 1.95.0 apart from 1.95.01.
    versions.into_iter().find(|full| full.strip_prefix(version).is_some_and(|rest| rest.starts_with('+')))
}

#[cfg(test)]
mod tests {
    use super::package_version;

    #[test]
    fn finds_the_exact_compiler_version() {
        let list =
            "rust-src | 1.95.01+x-1 | a\nrust-src | 1.95.0+dfsg1-2 | b\nrust-src | 1.95.0+dfsg1-1 | c\n";
        assert_eq!(package_version(list, "1.95.0"), Some("1.95.0+dfsg1-2"));
        assert_eq!(package_version(list, "1.9"), None);
        assert_eq!(package_version("", "1.95.0"), None);
    }
}
