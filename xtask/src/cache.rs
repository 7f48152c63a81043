//! The folder for what is made once and used by many runs: tools, scratch of the set-up, captures of the benchmark.
//!
//! Takes: a name. Gives: a folder that exists. Deletes nothing.

use std::path::PathBuf;

use anyhow::{Context, Result};

/// `$XDG_CACHE_HOME/weir-dev/NAME`, or `~/.cache/weir-dev/NAME`; made when missing. Not in the product's own cache folder:
/// the engine that keeps compiled plugins there deletes files that it does not know.
pub(crate) fn folder(name: &str) -> Result<PathBuf> {
    let base = match (std::env::var_os("XDG_CACHE_HOME"), std::env::var_os("HOME")) {
        (Some(cache), _) if !cache.is_empty() => PathBuf::from(cache),
        (_, Some(home)) => PathBuf::from(home).join(".cache"),
        _ => anyhow::bail!("neither XDG_CACHE_HOME nor HOME is set: no place for a cache"),
    };
    let folder = base.join("weir-dev").join(name);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}
