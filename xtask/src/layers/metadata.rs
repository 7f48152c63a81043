//! The part of `cargo metadata` that the layer check reads.
//!
//! Takes: cargo's JSON. Gives: the packages with the names of what they declare. Resolves nothing.

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::{command, workspace};

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// One crate of the workspace.
#[derive(Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// None for normal ones, `dev`, `build`.
    kind: Option<String>,
}

impl Package {
    /// Names of normal and build dependencies.
    pub(super) fn used(&self) -> impl Iterator<Item = &str> {
        self.dependencies.iter().filter(|d| d.kind.as_deref() != Some("dev")).map(|d| d.name.as_str())
    }
}

/// Of the workspace, and of the one that is compiled for the kernel.
pub(super) fn packages() -> Result<Vec<Package>> {
    let mut packages = Vec::new();
    for manifest in ["Cargo.toml", "ebpf/program/Cargo.toml"] {
        let mut metadata = workspace::cargo(["metadata", "--no-deps", "--format-version", "1"]);
        packages.extend(parse(&command::output(metadata.args(["--manifest-path", manifest]))?)?);
    }
    Ok(packages)
}

pub(super) fn parse(text: &str) -> Result<Vec<Package>> {
    let metadata: Metadata = serde_json::from_str(text).context("cannot read what cargo metadata printed")?;
    Ok(metadata.packages)
}
