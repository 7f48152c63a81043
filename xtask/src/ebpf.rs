//! The programs of the kernel alone: compiled, linted, listed.
//!
//! Takes: `ebpf/`. Gives: the object in the build folder, where the build of `weir` finds it ready. Loads nothing.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use object::{Object, ObjectSection, ObjectSymbol, SectionKind};
use weir_ebpf_build::{Kernel, Kit};

use crate::{command, setup, workspace};

/// Builds it, then prints its size and its programs.
pub(crate) fn run() -> Result<()> {
    command::run(&mut kit()?.cargo("build", &workspace::root(), &target(), kernel()))?;
    let path = weir_ebpf_build::object(&target());
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    println!("{}: {} bytes", path.display(), bytes.len());
    for program in programs(&bytes).with_context(|| format!("{} is no object", path.display()))? {
        println!("  {program}");
    }
    Ok(())
}

/// Lints it.
pub(crate) fn check() -> Result<()> {
    let mut clippy = kit()?.cargo("clippy", &workspace::root(), &target(), kernel());
    command::run(clippy.args(["--", "-D", "warnings"]))
}

fn kit() -> Result<Kit> {
    match setup::ebpf_kit()? {
        Ok(kit) => Ok(kit),
        Err(lack) => bail!("the eBPF programs can not be built: {lack}"),
    }
}

/// Beside `debug` and `release`, as the build script of host/ebpf-object has it.
fn target() -> PathBuf {
    workspace::target().join("ebpf")
}

fn kernel() -> Kernel<'static> {
    Kernel { architecture: std::env::consts::ARCH }
}

/// Name, instructions and section of each; the section says what it is attached to.
fn programs(bytes: &[u8]) -> Result<Vec<String>> {
    let file = object::File::parse(bytes)?;
    let mut programs = Vec::new();
    for symbol in file.symbols().filter(|symbol| symbol.is_definition() && symbol.is_global()) {
        let Some(section) = symbol.section_index().and_then(|index| file.section_by_index(index).ok()) else {
            continue;
        };
        let place = section.name()?;
        // `.text` holds functions that programs call.
        if section.kind() == SectionKind::Text && place != ".text" {
            programs.push(format!("{}: {} bytes in {place}", symbol.name()?, symbol.size()));
        }
    }
    programs.sort();
    Ok(programs)
}
