//! One process, and when it is looked at.

use std::time::Instant;

use super::YOUNG;
use crate::target::FileId;

#[derive(Debug)]
pub(super) struct Process {
    /// Of its folder in `/proc`. Costs nothing to know, and tells most processes with the same id apart.
    pub(super) inode: u64,
    /// Clock ticks after the machine's start, the other half of a process's identity.
    pub(super) started: u64,
    /// The scan that saw it last.
    pub(super) seen: u64,
    /// When it is looked at again. None: it is old, and waits for its turn.
    pub(super) due: Option<Instant>,
    looks: usize,
    /// It was looked at.
    known: bool,
    /// What it maps.
    pub(super) targets: Vec<FileId>,
}

impl Process {
    pub(super) fn new(inode: u64, started: u64, seen: u64, targets: Vec<FileId>, now: Instant) -> Self {
        Self { inode, started, seen, due: Some(now), looks: 0, known: false, targets }
    }

    /// It is as good as new: it may have executed another program.
    pub(super) fn young(&mut self, now: Instant) {
        self.looks = 0;
        self.due = Some(now);
    }

    /// It has had the time to load its libraries.
    pub(super) fn grown_up(&mut self) {
        self.looks = YOUNG.len();
    }

    /// Notes a look; whether it was the first one.
    pub(super) fn looked(&mut self, now: Instant) -> bool {
        self.due = YOUNG.get(self.looks).map(|after| now + *after);
        self.looks = self.looks.saturating_add(1);
        !std::mem::replace(&mut self.known, true)
    }
}
