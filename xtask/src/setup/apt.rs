//! Debian's package `rust-src` of exactly one compiler version, unpacked beside the system, not into it.
//!
//! Takes: a version and a scratch folder. Gives: the folder `library` of the compiler's sources. Reads where Debian is from
//! the machine's own apt sources; keeps its lists and downloads in the scratch folder and changes no system file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command;

/// Where Debian keeps compilers newer than its old stable release has.
const SUITES: &str = "trixie trixie-backports testing sid";

/// Finds, fetches and unpacks.
pub(super) fn standard_library_sources(version: &str, scratch: &Path) -> Result<PathBuf> {
    let apt = Apt::new(scratch)?;
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

/// apt with lists and a cache of its own.
struct Apt {
    options: Vec<String>,
}

impl Apt {
    fn new(scratch: &Path) -> Result<Self> {
        let lists = scratch.join("apt/lists");
        let archives = scratch.join("apt/cache/archives");
        fs::create_dir_all(lists.join("partial"))?;
        fs::create_dir_all(archives.join("partial"))?;
        let sources = scratch.join("apt/rust.sources");
        let uri = debian_uri(Path::new("/etc/apt"))?;
        fs::write(
            &sources,
            format!(
                "Types: deb\nURIs: {uri}\nSuites: {SUITES}\nComponents: main\n\
                 Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
            ),
        )?;
        let option = |key: &str, value: &str| format!("-o{key}={value}");
        Ok(Self {
            options: vec![
                option("Dir::Etc::sourcelist", &sources.to_string_lossy()),
                option("Dir::Etc::sourceparts", "-"),
                option("Dir::State::lists", &lists.to_string_lossy()),
                option("Dir::Cache", &scratch.join("apt/cache").to_string_lossy()),
                // Another user could not write the scratch folder.
                option("APT::Sandbox::User", "root"),
            ],
        })
    }

    fn call(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.args(&self.options);
        command
    }
}

/// The package's full version for a compiler version in what `apt-cache madison` prints.
fn package_version<'a>(list: &'a str, version: &str) -> Option<&'a str> {
    let versions = list.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim);
    // `1.95.0+dfsg1-1`: the `+` keeps 1.95.0 apart from 1.95.01.
    versions.into_iter().find(|full| full.strip_prefix(version).is_some_and(|rest| rest.starts_with('+')))
}

/// Where this machine gets Debian's packages: the first archive in its apt sources that is Debian's main one.
fn debian_uri(folder: &Path) -> Result<String> {
    let mut texts = vec![fs::read_to_string(folder.join("sources.list")).unwrap_or_default()];
    if let Ok(parts) = fs::read_dir(folder.join("sources.list.d")) {
        let mut paths: Vec<PathBuf> = parts.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "list" || end == "sources"));
        paths.sort();
        texts.extend(paths.iter().map(|path| fs::read_to_string(path).unwrap_or_default()));
    }
    let found = texts.iter().flat_map(|text| text.lines()).find_map(debian_uri_of_line);
    found.context("no Debian archive in the machine's apt sources")
}

/// In a one-line source (`deb URI suite ...`) or a field (`URIs: URI ...`).
fn debian_uri_of_line(line: &str) -> Option<String> {
    let rest = line.strip_prefix("deb ").or_else(|| line.strip_prefix("URIs:"))?;
    let uri = rest.split_whitespace().find(|word| word.contains(':') && word.contains('/'))?;
    // Not the security archive, nor other vendors' repositories.
    uri.trim_end_matches('/').ends_with("/debian").then(|| uri.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{debian_uri_of_line, package_version};

    #[test]
    fn finds_the_exact_compiler_version() {
        let list =
            "rust-src | 1.95.01+x-1 | a\nrust-src | 1.95.0+dfsg1-2 | b\nrust-src | 1.95.0+dfsg1-1 | c\n";
        assert_eq!(package_version(list, "1.95.0"), Some("1.95.0+dfsg1-2"));
        assert_eq!(package_version(list, "1.9"), None);
        assert_eq!(package_version("", "1.95.0"), None);
    }

    #[test]
    fn takes_debians_main_archive_in_both_formats() {
        let uri = |line| debian_uri_of_line(line);
        assert_eq!(
            uri("URIs: http://mirror.example/debian").as_deref(),
            Some("http://mirror.example/debian")
        );
        assert_eq!(
            uri("deb [signed-by=/usr/share/k.gpg] https://m.example/debian/ sid main").as_deref(),
            Some("https://m.example/debian/")
        );
        assert_eq!(uri("URIs: http://mirror.example/debian-security"), None);
        assert_eq!(uri("deb https://vendor.example/apt stable main"), None);
        assert_eq!(uri("# deb http://mirror.example/debian sid main"), None);
    }
}
