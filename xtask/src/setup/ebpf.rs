//! What compiles the programs of `ebpf/program`: sources of the core library, and bpf-linker.
//!
//! Takes: a toolchain. Gives: it with the sources, and the linker in the folder of tools. Where the programs can not run there is
//! nothing to bring. Builds nothing of ours.

use anyhow::{Result, anyhow, bail};
use weir_ebpf_build::{Compiler, Kit, Lack, Wish, installed_linker, runs_on};

use super::sysroot::Sysroot;
use super::{lock, sources};
use crate::cache;
use crate::tool::BPF_LINKER;

/// Brings what is missing, and tells builds that wait for it.
pub(super) fn bring(sysroot: &Sysroot) -> Result<()> {
    if !is_for_this_machine() || wish()? == Wish::Skip {
        return Ok(());
    }
    match kit()? {
        Ok(_) => return wake_builds(),
        Err(lack @ Lack::LinkerForLlvm { .. }) => bail!("{lack}"),
        Err(Lack::Library | Lack::Linker) => {}
    }
    {
        let _lock = lock()?;
        sources::bring(sysroot)?;
    }
    if let Err(Lack::Linker) = kit()? {
        install_linker()?;
    }
    match kit()? {
        Ok(_) => wake_builds(),
        Err(lack) => bail!("after all was brought: {lack}"),
    }
}

/// Whether a build without it is an error.
pub(crate) fn is_required() -> Result<bool> {
    Ok(is_for_this_machine() && wish()? == Wish::Require)
}

fn is_for_this_machine() -> bool {
    runs_on(std::env::consts::OS, std::env::consts::ARCH)
}

fn wish() -> Result<Wish> {
    Wish::find().map_err(|error| anyhow!(error))
}

pub(crate) fn kit() -> Result<Result<Kit, Lack>> {
    let compiler = Compiler::find().map_err(|error| anyhow!(error))?;
    // Of this process alone: another one may look at the same time.
    let scratch = cache::folder("setup")?.join(format!("linker-{}", std::process::id()));
    let kit = Kit::find(compiler, &scratch);
    if scratch.exists() {
        std::fs::remove_dir_all(&scratch)?;
    }
    Ok(kit)
}

/// Those that went on without left a mark.
fn wake_builds() -> Result<()> {
    match std::fs::remove_file(cache::folder("tools")?.join(weir_ebpf_build::WANTED)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn install_linker() -> Result<()> {
    let program = BPF_LINKER.program()?;
    if Some(&program) != installed_linker().as_ref() {
        bail!("{} is not where builds look for it", program.display());
    }
    Ok(())
}
