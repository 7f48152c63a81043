//! apt with lists and a cache of its own, for packages that are unpacked beside the system and not installed.
//!
//! Takes: a scratch folder and Debian's suites. Gives: calls of apt. Reads where Debian is from the machine's own apt sources; keeps its
//! lists and downloads in the scratch folder and changes no system file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// apt with lists and a cache of its own.
pub(crate) struct Apt {
    options: Vec<String>,
}

impl Apt {
    /// Its lists are empty at first: `apt-get update` fills them.
    pub(crate) fn new(scratch: &Path, suites: &str) -> Result<Self> {
        let lists = scratch.join("apt/lists");
        let archives = scratch.join("apt/cache/archives");
        fs::create_dir_all(lists.join("partial"))?;
        fs::create_dir_all(archives.join("partial"))?;
        let sources = scratch.join("apt/debian.sources");
        let uri = debian_uri(Path::new("/etc/apt"))?;
        fs::write(
            &sources,
            format!(
                "Types: deb\nURIs: {uri}\nSuites: {suites}\nComponents: main\n\
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

    /// A call of one of its programs.
    pub(crate) fn call(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.args(&self.options);
        command
    }
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
    use super::debian_uri_of_line;

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
