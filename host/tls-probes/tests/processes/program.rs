//! Programs that map a copy of OpenSSL's library that nobody else has, so that other processes of the machine do not matter.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use weir_tls_probes::{Changes, FileId, Watcher};

/// A folder of a test's own, gone with it.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A copy of the machine's library.
    pub(crate) fn libssl(&self) -> Option<PathBuf> {
        let copy = self.0.join("libssl.so.3");
        std::fs::copy(libssl()?, &copy).unwrap();
        Some(copy)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// None: there is none; that was said.
pub(crate) fn libssl() -> Option<PathBuf> {
    let folders =
        ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/lib64"];
    let mut paths = folders.iter().map(|folder| Path::new(folder).join("libssl.so.3"));
    paths.find(|path| path.is_file()).or_else(|| skip("there is no libssl.so.3"))
}

pub(crate) fn skip<T>(why: &str) -> Option<T> {
    assert!(std::env::var_os("CI").is_none(), "CI must run this test: {why}");
    eprintln!("skipped: {why}");
    None
}

/// A running program that is told lines and tells some; it ends with the test.
pub(crate) struct Program {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Program {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// `cat` with the library in it, up and running.
    pub(crate) fn with_library(library: &Path) -> Self {
        let mut program = Self::start(Command::new("cat").env("LD_PRELOAD", library));
        assert_eq!(program.ask("up"), "up");
        program
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn ask(&mut self, line: &str) -> String {
        writeln!(self.child.stdin.as_ref().unwrap(), "{line}").unwrap();
        self.hear()
    }

    pub(crate) fn hear(&mut self) -> String {
        let mut answer = String::new();
        self.lines.read_line(&mut answer).unwrap();
        answer.trim_end().to_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The watcher, with a clock that runs as fast as the test wants.
pub(crate) struct Watch {
    pub(crate) watcher: Watcher,
    now: Instant,
}

impl Watch {
    pub(crate) fn new(proc_root: &Path) -> Self {
        Self { watcher: Watcher::new(proc_root), now: Instant::now() }
    }

    pub(crate) fn scan(&mut self, later: Duration) -> Changes {
        self.now += later;
        self.watcher.scan(self.now).unwrap()
    }

    pub(crate) fn look_at(&mut self, pid: u32) -> Changes {
        self.watcher.look_at(pid, self.now)
    }

    pub(crate) fn processes_of(&self, file: FileId) -> Vec<u32> {
        self.watcher.processes_of(file).collect()
    }
}

/// What appeared that is this file.
pub(crate) fn appeared(changes: &Changes, file: &File) -> Option<FileId> {
    let metadata = file.metadata().unwrap();
    let same = |id: &FileId| (id.inode, id.size) == (metadata.ino(), metadata.len());
    changes.appeared.iter().map(|target| target.id).find(same)
}
