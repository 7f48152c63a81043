//! The folder of compiled code.
//!
//! Takes: where it shall be. Gives: wasmtime's cache, or none when the folder can not be trusted or made. What is read
//! from it runs as machine code, so nobody else may be able to write there. Deletes nothing outside of its own folder.

use std::env;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use wasmtime::{Cache, CacheConfig};

use super::CodeCache;

/// Write permission of group and others.
const OTHERS_WRITE: u32 = 0o022;

pub(super) fn open(place: &CodeCache) -> Option<Cache> {
    let directory = match place {
        CodeCache::At(directory) => directory.clone(),
        CodeCache::Default => default_directory()?,
        CodeCache::Off => return None,
    };
    // Inside of it a folder of its own: wasmtime's clean-up deletes all files that it does not know.
    let own = prepare(&directory).and_then(|directory| prepare(&directory.join("compiled")));
    match own.and_then(|own| cache_in(&own)) {
        Ok(cache) => Some(cache),
        Err(error) => {
            tracing::debug!(directory = %directory.display(), %error, "compiled plugins are not cached");
            None
        }
    }
}

/// As the XDG base directory specification says: relative paths are invalid and ignored.
fn default_directory() -> Option<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))?;
    Some(base.join("weir"))
}

fn prepare(directory: &Path) -> io::Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let directory = fs::canonicalize(directory)?;
    let facts = fs::metadata(&directory)?;
    if facts.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("the folder belongs to another user"));
    }
    if facts.mode() & OTHERS_WRITE != 0 {
        return Err(io::Error::other("others may write into the folder"));
    }
    Ok(directory)
}

fn cache_in(directory: &Path) -> io::Result<Cache> {
    let mut config = CacheConfig::new();
    config.with_directory(directory);
    Cache::new(config).map_err(|error| io::Error::other(format!("{error:#}")))
}
