//! Whether files have changed. Takes: paths. Gives: an answer when it is asked, and a call when it is worth to ask. Does not do:
//! reading them.
//!
//! What a file looks like from outside decides ([`Watch`]); that the kernel told of something ([`Notifier`]) is only a reason to
//! look. So nothing is missed where the kernel tells nothing (network file systems, no inotify left): it is looked now and then, too.

mod notifier;
mod places;

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

pub(super) use self::notifier::Notifier;

/// What a file looks like from outside: device, inode, length, seconds and nanoseconds of its last change. It is that of the file
/// behind links, so a link that is swapped is a change.
type Stamp = (u64, u64, u64, i64, i64);

/// Files that are looked at.
#[derive(Debug)]
pub(super) struct Watch {
    files: Vec<File>,
}

#[derive(Clone, Debug)]
struct File {
    path: PathBuf,
    /// When it was last told to have changed; none: it was not there.
    told: Option<Stamp>,
    last: Option<Stamp>,
}

/// What a look has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// All files are what they were.
    Same,
    /// One changes: who writes it may not be done, who replaces it may be about to.
    Changing,
    /// One has changed and rests since the look before; told once.
    Changed,
}

impl Watch {
    pub(super) fn new(paths: Vec<PathBuf>) -> Self {
        let mut watch = Self { files: Vec::new() };
        watch.follow(paths);
        watch
    }

    /// Other files. Those that were followed already are remembered as they were told.
    pub(super) fn follow(&mut self, paths: Vec<PathBuf>) {
        let before = std::mem::take(&mut self.files);
        let file = |path: PathBuf| {
            let known = before.iter().find(|file| file.path == path).cloned();
            known.unwrap_or_else(|| {
                let now = stamp(&path);
                File { path, told: now, last: now }
            })
        };
        self.files = paths.into_iter().map(file).collect();
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.iter().map(|file| &file.path)
    }

    /// Looks at all of them.
    pub(super) fn look(&mut self) -> Look {
        let (mut rests, mut changed) = (true, false);
        for file in &mut self.files {
            let now = stamp(&file.path);
            rests &= now == file.last;
            // One that is missing comes back, or does not matter any more.
            changed |= now.is_some() && now != file.told;
            file.last = now;
        }
        match (rests, changed) {
            (true, true) => {
                self.set_told();
                Look::Changed
            }
            (true, false) => Look::Same,
            (false, _) => Look::Changing,
        }
    }

    /// They are read now for another reason.
    pub(super) fn set_read(&mut self) {
        self.files.iter_mut().for_each(|file| file.last = stamp(&file.path));
        self.set_told();
    }

    fn set_told(&mut self) {
        for file in self.files.iter_mut().filter(|file| file.last.is_some()) {
            file.told = file.last;
        }
    }
}

fn stamp(path: &PathBuf) -> Option<Stamp> {
    let data = std::fs::metadata(path).ok()?;
    Some((data.dev(), data.ino(), data.len(), data.mtime(), data.mtime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn looks<const N: usize>(watch: &mut Watch) -> [Look; N] {
        std::array::from_fn(|_| watch.look())
    }

    #[test]
    fn a_change_is_told_once_and_when_it_is_over() {
        use Look::{Changed, Changing, Same};
        let folder = std::env::temp_dir().join(format!("weir-watch-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (file, other) = (folder.join("a"), folder.join("b"));
        fs::write(&file, "1").unwrap();
        let mut watch = Watch::new(vec![file.clone()]);
        assert_eq!(watch.look(), Same);
        fs::write(&file, "12").unwrap();
        assert_eq!(looks(&mut watch), [Changing, Changed, Same]);
        fs::remove_file(&file).unwrap();
        assert_eq!(looks(&mut watch), [Changing, Same], "missing");
        fs::write(&other, "123").unwrap();
        std::os::unix::fs::symlink(&other, &file).unwrap();
        assert_eq!(looks(&mut watch), [Changing, Changed, Same], "a link");
        fs::write(&file, "1234").unwrap();
        watch.set_read();
        assert_eq!(looks(&mut watch), [Same, Same], "read already");
        fs::remove_file(&file).unwrap();
        watch.follow(vec![file.clone(), other.clone(), folder.join("never")]);
        fs::write(&other, "12345").unwrap();
        assert_eq!(looks(&mut watch), [Changing, Changed, Same], "one of several is missing");
        fs::remove_dir_all(&folder).unwrap();
    }
}
