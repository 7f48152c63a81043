//! Runs the binary. Whatever a test is about: the program never panics, and what it says on standard error are whole lines.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value as Json;

/// What a run left behind.
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.env_remove("WEIR_LOG").env("NO_COLOR", "").stdin(Stdio::null());
    command
}

/// Runs `weir` with these arguments.
pub(crate) fn weir<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Run {
    Run::of(command().args(arguments).output().unwrap())
}

impl Run {
    pub(crate) fn of(output: Output) -> Self {
        let run = Self {
            status: output.status.code().expect("ended by a signal"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        // A guest that panics is told by a line of the log, which begins with the program's name.
        let panicked = |line: &str| line.starts_with("thread '") && line.contains(" panicked");
        assert!(!run.stderr.lines().any(panicked), "{}", run.stderr);
        run
    }

    /// Its standard output as JSON lines.
    pub(crate) fn logs(&self) -> Vec<Json> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// The only line of an error that came before any work.
    pub(crate) fn refusal(&self) -> &str {
        assert_eq!(self.stdout, "");
        let line = self.stderr.strip_suffix('\n').unwrap();
        assert!(!line.contains('\n'), "more than one line: {line}");
        line.strip_prefix("weir: ").expect(line)
    }

    /// The error lines behind the summary.
    pub(crate) fn errors(&self) -> Vec<&str> {
        let lines = self.stderr.lines().filter_map(|line| line.strip_prefix("weir: "));
        lines.filter(|line| !line.contains(", replayed in ") && !line.starts_with("note: ")).collect()
    }
}

/// A folder for the files of one test, empty at its start.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        // As the kernel names it, also where the build's folder is a link.
        Self(path.canonicalize().unwrap())
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path.into_os_string().into_string().unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).into_os_string().into_string().unwrap()
    }
}
