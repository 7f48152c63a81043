//! Live capture on other kernels than this machine's: boots each in an emulator, with servers, requests and agents, and compares what the
//! agents told with what the servers logged.
//!
//! Takes: kernels, or none (those of Debian's releases). Gives: a table, and an error if anything is missing in it or too much. Installs no
//! kernel, and needs no privilege: the machine that is booted has no disk and no network but its own.

mod cpio;
mod guest;
mod image;
mod machine;
mod packages;
mod verdict;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;

use self::image::Image;
use self::verdict::Verdict;
use crate::{cache, command, servers, workspace};

/// Which kernels, and which agent.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask kernels                                   the kernels of Debian 11 to 13 and of its backports
  cargo xtask kernels --only 6.1. --only 5.10.          some of them
  cargo xtask kernels --kernel linux-image-6.1.0-50-cloud-amd64_6.1.176-1_amd64.deb
  cargo xtask kernels --kernel /boot/vmlinuz            the one of this machine, say
  cargo xtask kernels --weir target/debug/weir          without a release build

A kernel has to have a serial port, an initial file system in memory and Unix sockets built in. One takes about two minutes in emulation, and
some ten seconds where the processor helps (/dev/kvm).")]
pub(crate) struct Options {
    /// A Debian package with a kernel, or a kernel (`vmlinuz`). May be given several times; without it, Debian's are fetched.
    #[arg(long, value_name = "FILE")]
    kernel: Vec<PathBuf>,
    /// Of Debian's kernels, those whose version contains this. May be given several times.
    #[arg(long, value_name = "WORD", conflicts_with = "kernel")]
    only: Vec<String>,
    /// The agent to run; without it, a fresh release build.
    #[arg(long, value_name = "FILE")]
    weir: Option<PathBuf>,
}

/// Boots one after the other.
pub(crate) fn run(options: &Options) -> Result<()> {
    servers::need(&guest::PROGRAMS)?;
    servers::need(&machine::PROGRAMS)?;
    let folder = cache::folder("kernels")?;
    let lock = std::fs::File::create(folder.join("lock"))?;
    if lock.try_lock().is_err() {
        println!("waiting for another run that boots kernels");
        lock.lock()?;
    }
    let weir = agent(options)?;
    let files = if options.kernel.is_empty() {
        packages::fetch(&folder, &options.only)?
    } else {
        options.kernel.clone()
    };
    let images = files.iter().map(|file| Image::of(file, &folder)).collect::<Result<Vec<_>>>()?;
    let initial = guest::pack(&weir, &folder)?;
    let mut verdicts = Vec::new();
    for image in &images {
        println!("booting {} ({})", image.name, machine::how());
        let told = machine::boot(image, &initial, &folder);
        verdicts.push((image, told.and_then(|told| Verdict::read(&told))));
    }
    report(&verdicts)
}

fn agent(options: &Options) -> Result<PathBuf> {
    let Some(weir) = &options.weir else {
        command::run(&mut workspace::cargo(["build", "--release", "--package", "weir"]))?;
        return Ok(workspace::release_binary("weir"));
    };
    weir.canonicalize().with_context(|| format!("cannot find {}", weir.display()))
}

/// The table, then what is wrong.
fn report(verdicts: &[(&Image, Result<Verdict>)]) -> Result<()> {
    println!("\n| {} |\n|{}", verdict::TITLES.join(" | "), "---|".repeat(verdict::TITLES.len()));
    for (_, verdict) in verdicts {
        for row in verdict.iter().flat_map(Verdict::rows) {
            println!("| {} |", row.join(" | "));
        }
    }
    let mut wrong = 0;
    for (image, verdict) in verdicts {
        let complaints = match verdict {
            Ok(verdict) => verdict.complaints(),
            Err(error) => vec![format!("{error:#}")],
        };
        wrong += usize::from(!complaints.is_empty());
        for complaint in complaints {
            println!("{}: {complaint}", image.name);
        }
    }
    if wrong > 0 {
        bail!("capture is not as it should be on {wrong} of {} kernels", verdicts.len());
    }
    Ok(())
}
