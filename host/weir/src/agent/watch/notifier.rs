//! Takes: files. Gives: a call when the kernel says that something happened to one of them or to a link on the way. Does not do:
//! find out what it was.
//!
//! Folders are watched, not files: a file that is replaced is another one, and its watch would look at the old one for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::places::places;

/// How often is looked where the kernel tells of changes: for file systems that it knows nothing about.
const SLOW: Duration = Duration::from_secs(5);

/// How often where it does not.
const FAST: Duration = Duration::from_secs(1);

/// Has the kernel tell.
pub(crate) struct Notifier {
    /// None: it does not.
    watcher: Option<RecommendedWatcher>,
    /// Folders that are watched: device and inode, for one that comes again is another one.
    folders: BTreeMap<PathBuf, (u64, u64)>,
    /// What is worth a call.
    wanted: Arc<Mutex<BTreeSet<PathBuf>>>,
    is_complete: bool,
    told: bool,
}

impl Notifier {
    /// `call` comes from a thread of its own.
    pub(crate) fn start(call: impl Fn() + Send + 'static) -> Self {
        let wanted = Arc::new(Mutex::new(BTreeSet::<PathBuf>::new()));
        let known = Arc::clone(&wanted);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let wanted = known.lock().unwrap_or_else(PoisonError::into_inner);
            // An error may mean that events were lost.
            if event.is_ok_and(|event| {
                !is_change(&event) || !event.paths.iter().any(|path| wanted.contains(path))
            }) {
                return;
            }
            drop(wanted);
            call();
        });
        let watcher = watcher.inspect_err(tell).ok();
        let told = watcher.is_none();
        Self { watcher, folders: BTreeMap::new(), wanted, is_complete: true, told }
    }

    /// How long to wait for a call before looking unasked.
    pub(crate) fn pace(&self) -> Duration {
        if self.watcher.is_some() && self.is_complete { SLOW } else { FAST }
    }

    /// Watches what leads to these files now; links may have changed since it was said last.
    pub(crate) fn follow<'a>(&mut self, files: impl Iterator<Item = &'a PathBuf>) {
        let places: Vec<PathBuf> = files.flat_map(|file| places(file)).collect();
        let folders: BTreeSet<&Path> = places.iter().filter_map(|place| place.parent()).collect();
        let mut wanted: BTreeSet<PathBuf> = places.iter().cloned().collect();
        wanted.extend(folders.iter().map(|folder| (*folder).to_owned()));
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = wanted;
        let Some(watcher) = &mut self.watcher else { return };
        self.folders.retain(|folder, identity| {
            let stays = folders.contains(folder.as_path()) && self::identity(folder) == Some(*identity);
            if !stays {
                // The kernel has taken it away already when the folder is gone.
                let _ = watcher.unwatch(folder);
            }
            stays
        });
        self.is_complete = true;
        for folder in folders {
            let Some(identity) = identity(folder).filter(|_| !self.folders.contains_key(folder)) else {
                self.is_complete &= self.folders.contains_key(folder);
                continue;
            };
            match watcher.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => _ = self.folders.insert(folder.to_owned(), identity),
                Err(error) => {
                    self.is_complete = false;
                    if !std::mem::replace(&mut self.told, true) {
                        tell(&error);
                    }
                }
            }
        }
    }
}

fn tell(error: &notify::Error) {
    tracing::warn!(
        "the kernel does not tell of changed files ({error}); they are looked at each second instead"
    );
}

fn identity(folder: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(folder).ok().map(|data| (data.dev(), data.ino()))
}

/// Reading is none, or every reload would be the reason for another one.
fn is_change(event: &Event) -> bool {
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}
