//! What was named on the command line -> a kernel that can be booted.
//!
//! Takes: a Debian package or a kernel. Gives: its name and the kernel's file. Unpacks into the cache folder, installs nothing.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command;

/// A kernel.
pub(super) struct Image {
    /// For people.
    pub(super) name: String,
    /// The compressed kernel.
    pub(super) kernel: PathBuf,
}

impl Image {
    pub(super) fn of(file: &Path, folder: &Path) -> Result<Self> {
        if !file.is_file() {
            bail!("no file {}: --kernel takes a Debian package or a kernel (vmlinuz)", file.display());
        }
        if file.extension() != Some(OsStr::new("deb")) {
            return Ok(Self { name: file.display().to_string(), kernel: file.to_owned() });
        }
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let kept = folder.join(format!("{name}.vmlinuz"));
        if !kept.is_file() {
            unpack(file, &folder.join("unpacked"), &kept)?;
        }
        Ok(Self { name, kernel: kept })
    }
}

/// Takes the kernel out of a package.
fn unpack(package: &Path, scratch: &Path, kernel: &Path) -> Result<()> {
    if scratch.exists() {
        fs::remove_dir_all(scratch)?;
    }
    fs::create_dir_all(scratch)?;
    command::run(Command::new("dpkg-deb").arg("-x").arg(package).arg(scratch))?;
    let found = find(scratch)?.with_context(|| {
        format!(
            "no vmlinuz in {}: since Linux 7 it is in Debian's packages linux-binary-*, not linux-image-*",
            package.display()
        )
    })?;
    fs::rename(&found, kernel)?;
    Ok(fs::remove_dir_all(scratch)?)
}

/// In `boot` or, in newer packages, beside the modules.
fn find(folder: &Path) -> Result<Option<PathBuf>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            if let Some(found) = find(&entry.path())? {
                return Ok(Some(found));
            }
        } else if entry.file_name().to_string_lossy().starts_with("vmlinuz") {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}
