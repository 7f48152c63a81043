//! Everything that must hold before a change lands, cheapest first.
//!
//! Takes: a checkout. Gives: status and the time of every step. What can not run here is said, and where `CI` is set only
//! the fuzz smoke may be left out.

use anyhow::{Result, bail};

use crate::steps::{Outcome, Steps};
use crate::{command, deny, ebpf, fuzz, layers, longest, servers, setup, test, workspace};

/// Parts of rustup that the steps use: cargo subcommand, and what to do without.
const COMPONENTS: [(&str, &str); 2] =
    [("fmt", "rustup component add rustfmt"), ("clippy", "rustup component add clippy")];

/// Folders of crates that become Wasm.
const GUESTS: [&str; 2] = ["plugins", "plugin-sdk-rust/examples"];

/// Runs all steps; the first that fails ends the run.
pub(crate) fn run() -> Result<()> {
    Steps::default()
        .run("setup", || done(components().and_then(|()| setup::run())))?
        .run("servers", servers)?
        .run("format", || done(format()))?
        .run("layers", || done(layers::run().and_then(|()| longest::print())))?
        .run("deny", || done(deny::run()))?
        .run("ebpf", ebpf)?
        .run("clippy", || done(clippy()))?
        .run("test", || done(test::run(&[])))?
        .run("fuzz", || fuzz::smoke(fuzz::SMOKE_SECONDS))?;
    Ok(())
}

/// Without them tests of live capture say that they did not run; where `CI` is set they must.
fn servers() -> Result<Outcome> {
    match servers::run() {
        Err(error) if std::env::var_os("CI").is_none() => Ok(Outcome::Skipped(format!("{error:#}"))),
        result => done(result),
    }
}

/// Lints and compiles the programs of the kernel; the steps behind it find the object ready.
fn ebpf() -> Result<Outcome> {
    match ebpf::check().and_then(|()| ebpf::run()) {
        Err(error) if !setup::ebpf_is_required()? => Ok(Outcome::Skipped(format!("{error:#}"))),
        result => done(result),
    }
}

fn done(result: Result<()>) -> Result<Outcome> {
    result.map(|()| Outcome::Done)
}

fn components() -> Result<()> {
    for (subcommand, remedy) in COMPONENTS {
        if !command::quiet(workspace::cargo([subcommand, "--version"])) {
            bail!("cargo {subcommand} is missing; it is part of rustup's default profile: {remedy}");
        }
    }
    Ok(())
}

fn format() -> Result<()> {
    for manifest in workspace::MANIFESTS {
        command::run(&mut workspace::cargo(["fmt", "--all", "--manifest-path", manifest, "--", "--check"]))?;
    }
    Ok(())
}

/// For the host all targets; for Wasm what only that target compiles.
fn clippy() -> Result<()> {
    let deny_warnings = ["--", "-D", "warnings"];
    command::run(
        workspace::cargo(["clippy", "--quiet", "--workspace", "--all-targets", "--locked"])
            .args(deny_warnings),
    )?;
    let mut guests = workspace::cargo(["clippy", "--quiet", "--locked", "--target", setup::TARGET]);
    for guest in guest_packages()? {
        guests.arg("--package").arg(guest);
    }
    command::run(guests.args(deny_warnings))
}

fn guest_packages() -> Result<Vec<String>> {
    let mut packages = Vec::new();
    for folder in GUESTS {
        for entry in std::fs::read_dir(workspace::root().join(folder))? {
            let entry = entry?;
            if entry.path().join("Cargo.toml").is_file() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let is_plugin = folder == "plugins";
                packages.push(if is_plugin { format!("weir-plugin-{name}") } else { name });
            }
        }
    }
    Ok(packages)
}
