//! Debian's kernels.
//!
//! Takes: a cache folder, words. Gives: the packages of the newest kernel of each suite, downloaded once. Installs nothing.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::apt::Apt;
use crate::command;

/// Where kernels of different ages are: Debian 11 has 5.10, 12 has 6.1, 13 has 6.12; backports the newest.
const SUITES: &str = "bullseye bookworm bookworm-backports trixie trixie-backports";

/// The kernel for virtual machines, which has few modules, and what it needs here built in. It depends on the package of one version.
const PACKAGE: &str = "linux-image-cloud-amd64";

/// One for each version whose text contains one of the words; all without words. The oldest first.
pub(super) fn fetch(folder: &Path, words: &[String]) -> Result<Vec<PathBuf>> {
    let apt = Apt::new(folder, SUITES)?;
    if let Err(error) = command::run(apt.call("apt-get").args(["-qq", "update"])) {
        println!("going on with the lists of packages that are there: {error:#}");
    }
    let list = command::output(apt.call("apt-cache").args(["madison", PACKAGE]))?;
    let mut files = Vec::new();
    for version in versions(&list) {
        if words.is_empty() || words.iter().any(|word| version.contains(word.as_str())) {
            files.push(download(&apt, folder, version)?);
        }
    }
    if files.is_empty() {
        bail!("no kernel matches; Debian has {}", versions(&list).join(", "));
    }
    Ok(files)
}

/// What `apt-cache madison` lists, newest first.
fn versions(list: &str) -> Vec<&str> {
    let mut versions: Vec<_> =
        list.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim).collect();
    versions.dedup();
    versions.reverse();
    versions
}

fn download(apt: &Apt, folder: &Path, version: &str) -> Result<PathBuf> {
    let exact = format!("{PACKAGE}={version}");
    let shown = command::output(apt.call("apt-cache").args(["show", &exact]))?;
    let Some(image) = image(&shown) else { bail!("{exact} does not say which kernel it is") };
    // Since Linux 7 the kernel has a package of its own.
    let binary = image.replacen("linux-image-", "linux-binary-", 1);
    for name in [binary.as_str(), image] {
        let package = format!("{name}={version}");
        let mut show = apt.call("apt-cache");
        show.args(["--quiet=2", "show", &package]);
        if !command::quiet(show) {
            continue;
        }
        // As apt names what it downloads: a colon could be no part of a file's name.
        let file = folder.join(format!("{name}_{}_amd64.deb", version.replace(':', "%3a")));
        if !file.is_file() {
            println!("downloading {package}");
            command::run(apt.call("apt-get").current_dir(folder).args(["-qq", "download", &package]))?;
        }
        return Ok(file);
    }
    bail!("{image} {version} is not in Debian's lists of packages")
}

/// The package that another one depends on, in what `apt-cache show` prints.
fn image(shown: &str) -> Option<&str> {
    let depends = shown.lines().find_map(|line| line.strip_prefix("Depends: "))?;
    let mut names = depends.split(',').filter_map(|word| word.split_whitespace().next());
    names.find(|name| name.starts_with("linux-image-"))
}

#[cfg(test)]
mod tests {
    use super::{image, versions};

    #[test]
    fn finds_versions_and_the_package_of_one() {
        let list = " p | 7.3.4-1~bpo13+1 | http://m/debian trixie-backports/main\n p | 6.1.176-1 | x\n p | 6.1.176-1 | y\n";
        assert_eq!(versions(list), ["6.1.176-1", "7.3.4-1~bpo13+1"]);
        let shown = "Package: p\nDepends: linux-base-cloud-amd64 (= 7.2.13-1), linux-image-7.2.13+deb14-cloud-amd64 (= 7.2.13-1)\n";
        assert_eq!(image(shown), Some("linux-image-7.2.13+deb14-cloud-amd64"));
        assert_eq!(image("Package: p\n"), None);
    }
}
