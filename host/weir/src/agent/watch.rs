//! Whether files have changed. Takes paths, gives an answer when it is asked. Does not do: reading them.
//!
//! It looks once a second instead of having the kernel tell: that sees files behind links that are swapped (as Kubernetes does with a
//! ConfigMap), on network file systems and in bind mounts, and costs a system call a file.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What a file looks like from outside: device, inode, length, seconds and nanoseconds of its last change.
type Stamp = (u64, u64, u64, i64, i64);

/// Files that are looked at.
#[derive(Debug)]
pub(super) struct Watch {
    files: Vec<PathBuf>,
    /// When they were last told to have changed.
    told: Vec<Option<Stamp>>,
    last: Vec<Option<Stamp>>,
}

impl Watch {
    pub(super) fn new<'a>(files: impl Iterator<Item = &'a Path>) -> Self {
        let files: Vec<PathBuf> = files.map(Path::to_owned).collect();
        let now = stamps(&files);
        Self { files, told: now.clone(), last: now }
    }

    /// Whether a file has changed since this was last said. Not while it still changes: who writes it may not be done. Not
    /// while one is missing: who replaces it may be about to.
    pub(super) fn changed(&mut self) -> bool {
        let now = stamps(&self.files);
        let settled = now == self.last && now.iter().all(Option::is_some);
        self.last.clone_from(&now);
        let changed = settled && now != self.told;
        if changed {
            self.told = now;
        }
        changed
    }

    /// They are read now for another reason.
    pub(super) fn set_read(&mut self) {
        self.told = stamps(&self.files);
        self.last.clone_from(&self.told);
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Option<Stamp>> {
    let stamp = |file: &PathBuf| {
        let data = std::fs::metadata(file).ok()?;
        Some((data.dev(), data.ino(), data.len(), data.mtime(), data.mtime_nsec()))
    };
    files.iter().map(stamp).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_change_is_told_once_and_when_it_is_over() {
        let folder = std::env::temp_dir().join(format!("weir-watch-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (file, other) = (folder.join("a"), folder.join("b"));
        fs::write(&file, "1").unwrap();
        let mut watch = Watch::new([file.as_path()].into_iter());
        assert!(!watch.changed());
        fs::write(&file, "12").unwrap();
        assert_eq!([watch.changed(), watch.changed(), watch.changed()], [false, true, false]);
        fs::remove_file(&file).unwrap();
        assert_eq!([watch.changed(), watch.changed()], [false, false], "missing");
        fs::write(&other, "123").unwrap();
        std::os::unix::fs::symlink(&other, &file).unwrap();
        assert_eq!([watch.changed(), watch.changed(), watch.changed()], [false, true, false], "a link");
        fs::write(&file, "1234").unwrap();
        watch.set_read();
        assert_eq!([watch.changed(), watch.changed()], [false, false], "read already");
        fs::remove_dir_all(&folder).unwrap();
    }
}
