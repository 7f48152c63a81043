//! One fuzz target: its program, its seeds, the inputs it has found, and one timed run.
//!
//! Takes: seconds. Gives: one line of numbers, or the input that broke it. Builds nothing.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::FOLDER;
use crate::{cache, workspace};

/// One file of `fuzz_targets/`.
pub(super) struct Target {
    name: String,
}

/// All, in the order of their names.
pub(super) fn all() -> Result<Vec<Target>> {
    let folder = workspace::root().join(FOLDER).join("fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names.into_iter().map(|name| Target { name }).collect())
}

/// Apart from the workspace's: everything in it is compiled with coverage counters.
pub(super) fn build_folder() -> PathBuf {
    workspace::target().join("fuzz")
}

impl Target {
    pub(super) fn contains(&self, part: &str) -> bool {
        self.name.contains(part)
    }

    /// Runs libFuzzer from the kept inputs and the seeds.
    pub(super) fn run(&self, seconds: u64) -> Result<String> {
        let name = &self.name;
        let artifacts = workspace::root().join(FOLDER).join("artifacts").join(name);
        fs::create_dir_all(&artifacts)?;
        let log = artifacts.join("log");
        let program = self.program()?;
        let status = Command::new(&program)
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            // One input must not take long, or a capture of such inputs stalls the agent.
            .args(["-timeout=10", "-rss_limit_mb=1024", "-max_len=65536", "-print_final_stats=1"])
            .arg(cache::folder(&format!("fuzz/{name}"))?)
            .args(self.seeds())
            .stdout(File::create(&log)?)
            .stderr(File::options().append(true).open(&log)?)
            .status()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let said = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
        if !status.success() {
            bail!(
                "fuzz target {name} ended with {status}\n{}  run {} FILE",
                findings(&said),
                program.display()
            );
        }
        let number =
            |key: &str| said.lines().find_map(|line| line.strip_prefix(key)).unwrap_or("?").trim().to_owned();
        Ok(format!("{name:<16} {:>10} inputs", number("stat::number_of_executed_units:")))
    }

    fn program(&self) -> Result<PathBuf> {
        // cargo-fuzz names the host's target triple, whatever it is.
        for folder in fs::read_dir(build_folder())? {
            let program = folder?.path().join("release").join(&self.name);
            if program.is_file() {
                return Ok(program);
            }
        }
        bail!("{} was not built: is it a [[bin]] of {FOLDER}/Cargo.toml?", self.name)
    }

    /// Folders with inputs to begin with: those kept for this target, and real captures for targets that read captures.
    fn seeds(&self) -> Vec<PathBuf> {
        let root = workspace::root();
        let mut folders = vec![root.join(FOLDER).join("seeds").join(&self.name)];
        if ["capture", "replay"].contains(&self.name.as_str()) {
            folders.push(root.join("tests/conformance/cases"));
        }
        folders.retain(|folder| folder.is_dir());
        folders
    }
}

/// The lines of libFuzzer's output that say what broke and which file does it again.
fn findings(said: &str) -> String {
    let mut lines = said.lines();
    let mut found = String::new();
    while let Some(line) = lines.next() {
        // The message of a panic stands behind its place.
        let more = if line.contains("panicked at") { 2 } else { 0 };
        if more > 0 || line.contains("ERROR: libFuzzer") || line.contains("Test unit written") {
            for line in std::iter::once(line).chain(lines.by_ref().take(more)) {
                found.push_str("  ");
                found.push_str(line);
                found.push('\n');
            }
        }
    }
    found
}
