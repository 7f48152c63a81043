//! Processes as they come and go -> targets as they come and go.
//!
//! Takes: a `/proc` folder, the time, ids of processes that the kernel told of. Gives: [`Changes`]. Does not do: waiting, threads. A file of a
//! network or FUSE file system may keep a reader waiting for as long as its server likes, so a watcher belongs into a thread of its own.
//!
//! When nothing changes, a scan lists `/proc` and looks at few processes: new ones, young ones some times more, since libraries may be
//! loaded later, and of the others some at each scan, in turn. A file is read once, however many processes map it.

mod mapped;
mod process;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::process::Process;
use crate::examine::{Examined, examine_with};
use crate::limits;
use crate::source::Reader;
use crate::target::{FileId, NotUsable, Target, WhyNot};

pub(crate) use self::mapped::{Opener, mapped_files};

/// How long after a look at a young process the next one comes. A program that loads its libraries by itself has done so by then; the turn
/// of old processes finds the others. A process that was older already when it was met is looked at once.
const YOUNG: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(7), Duration::from_secs(20)];

/// What one look or scan brought.
#[derive(Debug, Default)]
pub struct Changes {
    /// Files that are to be probed from now on.
    pub appeared: Vec<Arc<Target>>,
    /// Files that no process maps any more.
    pub gone: Vec<FileId>,
    /// Files that look as if they should be probed and can not be. Each is told once.
    pub not_usable: Vec<NotUsable>,
    /// New processes that may not be looked into: that needs CAP_SYS_PTRACE, or to be of their user.
    pub hidden: usize,
    /// Processes that have to wait for the next scan: this one did as much as one may.
    pub postponed: usize,
}

/// Knows which processes map which TLS libraries.
#[derive(Debug)]
pub struct Watcher {
    opener: Opener,
    processes: BTreeMap<u32, Process>,
    files: HashMap<FileId, Known>,
    targets: usize,
    /// The old process that had its turn last.
    turn: u32,
    scans: u64,
}

/// What is known of a file.
#[derive(Debug)]
enum Known {
    /// Not to be probed; that was said, where it was worth it.
    Nothing,
    Target {
        target: Arc<Target>,
        users: usize,
    },
}

/// What one scan may still do.
struct Work {
    looks: usize,
    files: usize,
    bytes: u64,
}

impl Watcher {
    /// A watcher that knows nothing yet. `proc_root` is `/proc`, or where a container has the machine's.
    pub fn new(proc_root: impl Into<PathBuf>) -> Self {
        Self {
            opener: Opener::new(proc_root.into()),
            processes: BTreeMap::new(),
            files: HashMap::new(),
            targets: 0,
            turn: 0,
            scans: 0,
        }
    }

    /// Looks for processes that came and went, and for libraries that were loaded since. Made to be called about once a second.
    ///
    /// # Errors
    /// The folder can not be listed. What a single process or file refuses is told in [`Changes`].
    pub fn scan(&mut self, now: Instant) -> io::Result<Changes> {
        self.scans += 1;
        let (mut changes, mut work) = (Changes::default(), Work::of_a_scan());
        self.opener.forget();
        let grown_up = self.opener.started_before(YOUNG.iter().sum());
        let mut new = Vec::new();
        for (pid, inode) in self.opener.processes()? {
            match self.processes.get_mut(&pid) {
                // The kernel gave its folder another inode: another process by the same id, or memory was short. Both are rare.
                Some(process) if process.inode != inode => new.push((pid, inode)),
                Some(process) => process.seen = self.scans,
                None => new.push((pid, inode)),
            }
        }
        for (pid, inode) in new {
            self.meet(pid, inode, now, &mut changes);
            if let Some(process) = self.processes.get_mut(&pid).filter(|process| process.started < grown_up) {
                process.grown_up();
            }
        }
        let ended: Vec<u32> = self
            .processes
            .iter()
            .filter(|(_, process)| process.seen != self.scans)
            .map(|(pid, _)| *pid)
            .collect();
        for pid in self.due(now) {
            match work.looks.checked_sub(1) {
                Some(left) => work.looks = left,
                None => {
                    changes.postponed += 1;
                    continue;
                }
            }
            self.look(pid, now, &mut work, &mut changes);
        }
        // After the looks: a file that goes from an ended process to a new one stays.
        for pid in ended {
            self.end(pid, &mut changes);
        }
        Ok(changes)
    }

    /// Looks at one process now: it was started, executed another program, or mapped a library, as the kernel told.
    pub fn look_at(&mut self, pid: u32, now: Instant) -> Changes {
        let (mut changes, mut work) = (Changes::default(), Work::of_a_scan());
        self.opener.forget();
        match self.opener.inode(pid) {
            Some(inode) => {
                self.meet(pid, inode, now, &mut changes);
                self.look(pid, now, &mut work, &mut changes);
            }
            None => self.end(pid, &mut changes),
        }
        changes
    }

    /// Targets that are there now.
    pub fn targets(&self) -> impl Iterator<Item = &Arc<Target>> {
        self.files.values().filter_map(|known| match known {
            Known::Target { target, .. } => Some(target),
            Known::Nothing => None,
        })
    }

    /// Processes that map a file, in order.
    pub fn processes_of(&self, file: FileId) -> impl Iterator<Item = u32> {
        self.processes.iter().filter(move |(_, process)| process.targets.contains(&file)).map(|(pid, _)| *pid)
    }

    /// Remembers a process that is new, or new under its id.
    fn meet(&mut self, pid: u32, inode: u64, now: Instant, changes: &mut Changes) {
        let Some(started) = self.opener.started(pid) else { return self.end(pid, changes) };
        if let Some(process) = self.processes.get_mut(&pid) {
            if process.started == started {
                process.inode = inode;
                process.seen = self.scans;
                process.young(now);
                return;
            }
            // What it maps is found by the look that follows; what the old one mapped is let go by it.
        } else if self.processes.len() >= limits::PROCESSES {
            changes.postponed += 1;
            return;
        }
        let targets = self.processes.remove(&pid).map(|old| old.targets).unwrap_or_default();
        self.processes.insert(pid, Process::new(inode, started, self.scans, targets, now));
    }

    /// Some of the old processes, then the young ones whose time has come.
    fn due(&mut self, now: Instant) -> Vec<u32> {
        let due = |process: &Process| process.due.is_some_and(|due| due <= now);
        // Who waits longest comes first: so a flood of new processes does not keep others waiting for ever.
        let waiting = self.processes.iter().filter(|(_, process)| due(process));
        let mut waiting: Vec<_> = waiting.map(|(pid, process)| (process.due, *pid)).collect();
        waiting.sort_unstable();
        let after = self.processes.range(self.turn.saturating_add(1)..);
        let around =
            after.chain(self.processes.range(..=self.turn)).filter(|(_, process)| process.due.is_none());
        let mut pids: Vec<u32> = around.map(|(pid, _)| *pid).take(limits::OLD_PROCESSES_A_SCAN).collect();
        self.turn = pids.last().copied().unwrap_or(0);
        pids.extend(waiting.into_iter().map(|(_, pid)| pid));
        pids
    }

    fn look(&mut self, pid: u32, now: Instant, work: &mut Work, changes: &mut Changes) {
        if !self.processes.contains_key(&pid) {
            return;
        }
        let mapped = match self.opener.mapped(pid) {
            Ok(mapped) => mapped,
            Err(error) => {
                let first = self.processes.get_mut(&pid).is_some_and(|process| process.looked(now));
                changes.hidden += usize::from(first && error.kind() == io::ErrorKind::PermissionDenied);
                return;
            }
        };
        let mut targets = Vec::new();
        for file in &mapped {
            let Some(id) = self.opener.identify(pid, file) else { continue };
            if targets.contains(&id) {
                continue;
            }
            if !self.files.contains_key(&id) {
                if work.is_done() {
                    // Everything else of it is found next time; until then it keeps what it had.
                    changes.postponed += 1;
                    if let Some(process) = self.processes.get_mut(&pid) {
                        process.due = Some(now);
                    }
                    return;
                }
                if let Some(known) = self.read(pid, file, id, work, changes) {
                    self.remember(id, known);
                }
            }
            if matches!(self.files.get(&id), Some(Known::Target { .. })) {
                targets.push(id);
            }
        }
        self.now_maps(pid, &targets, now, changes);
    }

    /// Opens and examines a file that nobody has seen yet. None: the process ended or changed meanwhile; it, or another one, may show the
    /// file again.
    fn read(
        &mut self,
        pid: u32,
        file: &mapped::Mapped,
        id: FileId,
        work: &mut Work,
        changes: &mut Changes,
    ) -> Option<Known> {
        work.files = work.files.saturating_sub(1);
        let mut refuse = |why| {
            changes.not_usable.push(NotUsable { name: file.path.clone(), pid, why });
            Some(Known::Nothing)
        };
        let opened = match self.opener.open(pid, file, id) {
            Ok(opened) => opened,
            // It was there a moment ago.
            Err(WhyNot::Open(kind)) if kind != io::ErrorKind::PermissionDenied => return None,
            Err(why) => return refuse(why),
        };
        let reader = Reader::new(&opened);
        let examined = examine_with(&reader);
        work.bytes = work.bytes.saturating_sub(reader.used());
        match examined {
            Ok(Some(_)) if self.targets >= limits::TARGETS => refuse(WhyNot::Full),
            Ok(Some(Examined { library, probes, missing })) => {
                let target = Target { id, name: file.path.clone(), library, probes, missing, file: opened };
                Some(Known::Target { target: Arc::new(target), users: 0 })
            }
            Ok(None) if is_named_ssl(&file.path) => refuse(WhyNot::NoSslFunctions),
            Ok(None) | Err(WhyNot::NotElf) => Some(Known::Nothing),
            Err(why) => refuse(why),
        }
    }

    fn remember(&mut self, id: FileId, known: Known) {
        if self.files.len() >= limits::KNOWN_FILES {
            self.files.retain(|_, known| matches!(known, Known::Target { .. }));
        }
        self.targets += usize::from(matches!(known, Known::Target { .. }));
        self.files.insert(id, known);
    }

    /// Counts a process among the users of its targets, and no more among those of others.
    fn now_maps(&mut self, pid: u32, targets: &[FileId], now: Instant, changes: &mut Changes) {
        let Some(process) = self.processes.get_mut(&pid) else { return };
        process.looked(now);
        let before = std::mem::replace(&mut process.targets, targets.to_vec());
        for id in targets.iter().filter(|id| !before.contains(id)) {
            if let Some(Known::Target { target, users }) = self.files.get_mut(id) {
                *users += 1;
                if *users == 1 {
                    changes.appeared.push(target.clone());
                }
            }
        }
        for id in before.iter().filter(|id| !targets.contains(id)) {
            self.let_go(*id, changes);
        }
    }

    fn end(&mut self, pid: u32, changes: &mut Changes) {
        for id in self.processes.remove(&pid).map(|process| process.targets).unwrap_or_default() {
            self.let_go(id, changes);
        }
    }

    fn let_go(&mut self, id: FileId, changes: &mut Changes) {
        let Some(Known::Target { users, .. }) = self.files.get_mut(&id) else { return };
        *users = users.saturating_sub(1);
        if *users == 0 {
            self.files.remove(&id);
            self.targets -= 1;
            changes.gone.push(id);
        }
    }
}

impl Work {
    fn of_a_scan() -> Self {
        Self { looks: limits::LOOKS_A_SCAN, files: limits::FILES_A_SCAN, bytes: limits::BYTES_A_SCAN }
    }

    fn is_done(&self) -> bool {
        self.files == 0 || self.bytes == 0
    }
}

/// `libssl.so`, `libssl.so.1.1`, `libssl3.so`, `libssl-0a1b2c.so.3` (Python wheels carry such names).
pub(crate) fn is_named_ssl(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("libssl") && name.contains(".so")
}
