//! Takes: how far a file was read. Gives: one line on a terminal's standard error that is written over, when the work is long.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// Work that is shorter shows nothing.
const QUIET: Duration = Duration::from_secs(1);

/// How often the line is written anew.
const INTERVAL: Duration = Duration::from_millis(200);

/// Says how far a long replay is.
#[derive(Debug)]
pub struct Progress {
    enabled: bool,
    next: Instant,
    shown: bool,
    name: String,
    size: Option<u64>,
}

impl Progress {
    /// `enabled`: standard error is a terminal that no table is written to.
    #[must_use]
    pub fn new(enabled: bool) -> Self {
        Self { enabled, next: Instant::now() + QUIET, shown: false, name: String::new(), size: None }
    }

    /// A file of `size` bytes is begun; none: it can not be known.
    pub(super) fn begin(&mut self, path: &Path, size: Option<u64>) {
        self.name = path.display().to_string().chars().filter(|c| !c.is_control()).collect();
        self.size = size.filter(|&size| size > 0);
    }

    /// So many bytes of the file were read. Asked once a block, so that the clock costs nothing.
    pub(super) fn at(&mut self, read: u64) {
        if !self.enabled || Instant::now() < self.next {
            return;
        }
        self.next = Instant::now() + INTERVAL;
        self.shown = true;
        let part =
            self.size.map_or_else(String::new, |size| format!(" of {} ({}%)", mb(size), 100 * read / size));
        let mut error = std::io::stderr().lock();
        // Who closed standard error does not want to know.
        let _ = write!(error, "\r\x1b[Kweir: {}: {}{part}", self.name, mb(read));
        let _ = error.flush();
    }

    /// Takes the line away.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[K");
        }
    }
}

fn mb(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}
