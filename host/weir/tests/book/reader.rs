//! Somebody who reads a page and does what it says. Takes: steps. Gives: a failed test where one does not work. Knows no network.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use crate::page::{Command, Step};

/// What the outer cargo, or who measures coverage, has set is not for the reader.
const NOT_THE_READERS: [&str; 8] = [
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "GOARCH",
    "GOOS",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTFLAGS",
    "WEIR_LOG",
];

/// Nothing is downloaded, and nothing has colours.
const SETTINGS: [(&str, &str); 8] = [
    ("CARGO_NET_OFFLINE", "true"),
    ("CARGO_TERM_COLOR", "never"),
    ("CGO_ENABLED", "0"),
    ("GOFLAGS", ""),
    ("GOPROXY", "off"),
    ("GOTOOLCHAIN", "local"),
    ("GOWORK", "off"),
    ("NO_COLOR", "1"),
];

pub(crate) struct Reader {
    /// Where the terminal is.
    folder: PathBuf,
    path: OsString,
}

impl Reader {
    /// In an empty folder. `None`: there is no Go on this machine.
    pub(crate) fn new(page: &str, needs_go: bool) -> Option<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("book").join(page.trim_end_matches(".md"));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        // Where `cargo xtask test` says, else on the path.
        let go = std::env::var_os("WEIR_GO").map(PathBuf::from);
        let programs =
            [Some(Path::new(env!("CARGO_BIN_EXE_weir"))), Some(Path::new(env!("CARGO"))), go.as_deref()];
        let folders = programs.into_iter().flatten().filter_map(Path::parent).filter(|p| p.is_absolute());
        let before = std::env::var_os("PATH").unwrap_or_default();
        let path =
            std::env::join_paths(folders.map(Path::to_owned).chain(std::env::split_paths(&before))).unwrap();
        let reader = Self { folder, path };
        if needs_go && !reader.shell("go version").output().is_ok_and(|output| output.status.success()) {
            assert!(go.is_none(), "WEIR_GO names no Go");
            eprintln!("skipped: there is no Go on the path, and WEIR_GO does not name one");
            return None;
        }
        Some(reader)
    }

    pub(crate) fn follow(&mut self, step: &Step) {
        match step {
            Step::Write { path, text } => {
                let file = self.folder.join(path);
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::fs::write(file, text).unwrap();
            }
            Step::Type(command) => match command.line.strip_prefix("cd ") {
                Some(folder) => {
                    self.folder.push(folder);
                    assert!(self.folder.is_dir(), "{}: there is no folder {folder}", command.place);
                }
                None => self.run(command),
            },
        }
    }

    fn run(&self, command: &Command) {
        let output = self.shell(&command.line).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        let Command { place, line, status, shown } = command;
        assert_eq!(output.status.code(), Some(*status), "{place}: {line}\n{text}");
        for wanted in shown {
            assert!(
                text.lines().any(|line| fits(wanted, line)),
                "{place}: {line}\ndoes not say\n{wanted}\n{text}"
            );
        }
    }

    fn shell(&self, line: &str) -> Process {
        let mut shell = Process::new("sh");
        shell.args(["-c", line]).current_dir(&self.folder).stdin(Stdio::null());
        shell.env("PATH", &self.path).envs(SETTINGS);
        for name in NOT_THE_READERS {
            shell.env_remove(name);
        }
        shell
    }
}

/// All that stands between the `…` of `wanted` is in the line, in this order. Blanks are not counted.
fn fits(wanted: &str, line: &str) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = plain(line);
    let mut rest = line.as_str();
    wanted.split('…').map(plain).all(|piece| match rest.split_once(piece.as_str()) {
        Some((_, behind)) => {
            rest = behind;
            true
        }
        None => false,
    })
}

#[test]
fn what_fits() {
    for (wanted, line, is_fit) in [
        ("a payload   … ns", "  a payload            17.3 ns", true),
        ("… ok", "all ok", true),
        ("3 as expected", "13 as expected, 1 different", true),
        ("3 as expected", "3 as  different", false),
        ("b … a", "a b", false),
        ("", "anything", true),
    ] {
        assert_eq!(fits(wanted, line), is_fit, "{wanted}: {line}");
    }
}
