//! What the booted machine has in it.
//!
//! Takes: the agent; programs of this machine. Gives: an archive with them, the libraries that they load, servers' configuration and the
//! script that runs them all (init.sh). Starts nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::cpio::Archive;
use crate::certificate::{self, Certificate};
use crate::setup::go;
use crate::{command, servers};

/// Programs, and the packages that have them. busybox must need no library: it makes up most of the machine.
pub(super) const PROGRAMS: [(&str, &str); 6] = [
    ("busybox", "busybox-static"),
    ("curl", "curl"),
    ("dnsmasq", "dnsmasq-base"),
    ("ldd", "libc-bin"),
    ("nginx", "nginx-light"),
    ("openssl", "openssl"),
];

/// Of those, what runs in it.
const INSIDE: [&str; 4] = ["busybox", "curl", "dnsmasq", "nginx"];

/// Names by which busybox is called in init.sh.
const APPLETS: [&str; 10] =
    ["cat", "grep", "ip", "mount", "nslookup", "poweroff", "sh", "sleep", "stty", "uname"];

/// Mount points and places that programs write to.
const FOLDERS: [&str; 9] =
    ["/dev", "/etc", "/proc", "/root", "/run", "/sys", "/tmp", "/var/lib/nginx", "/var/log/nginx"];

/// Longer than a segment, than a TLS record, and than what is captured of one call.
const LARGE: usize = 120_000;

/// Writes the archive into the folder and gives its path.
pub(super) fn pack(weir: &Path, folder: &Path) -> Result<PathBuf> {
    let mut root = Root { archive: Archive::new(), folders: BTreeSet::new() };
    FOLDERS.iter().for_each(|path| root.folder(Path::new(path)));
    root.program(weir, "/bin/weir")?;
    for name in INSIDE {
        let path = servers::path(name).with_context(|| format!("no {name}"))?;
        root.program(&path, &format!("/bin/{name}"))?;
    }
    root.program(&shop(folder)?, "/bin/shop")?;
    APPLETS.iter().for_each(|name| root.archive.link(&format!("/bin/{name}"), "busybox"));
    let Certificate { key, certificate } = certificate::make(folder)?;
    let (key, certificate) = (fs::read(key)?, fs::read(certificate)?);
    let large: String = (0..LARGE / 8).map(|number| format!("{number:07}\n")).collect();
    let files: [(&str, &[u8]); 8] = [
        ("/init", include_bytes!("init.sh")),
        ("/etc/nginx.conf", include_bytes!("nginx.conf")),
        ("/etc/key.pem", &key),
        ("/etc/certificate.pem", &certificate),
        ("/etc/passwd", b"root:x:0:0::/root:/bin/sh\nnobody:x:99:99::/:/bin/false\n"),
        ("/etc/group", b"root:x:0:\nnogroup:x:99:\n"),
        ("/www/small.txt", b"small\n"),
        ("/www/large.txt", large.as_bytes()),
    ];
    for (path, content) in files {
        root.file(path, content);
    }
    let path = folder.join("initial.cpio");
    fs::write(&path, root.archive.finish()).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// A file system that grows, with the folders of its files.
struct Root {
    archive: Archive,
    folders: BTreeSet<PathBuf>,
}

impl Root {
    fn folder(&mut self, path: &Path) {
        let Some(above) = path.parent() else { return };
        self.folder(above);
        if self.folders.insert(path.to_owned()) {
            self.archive.folder(&path.to_string_lossy());
        }
    }

    fn file(&mut self, path: &str, content: &[u8]) {
        Path::new(path).parent().into_iter().for_each(|folder| self.folder(folder));
        self.archive.file(path, content);
    }

    /// A program of this machine, and what it loads at the same places as here.
    fn program(&mut self, program: &Path, path: &str) -> Result<()> {
        self.copy(program, path)?;
        for library in libraries(program) {
            // Twice the same one would take its memory twice.
            if self.folders.insert(PathBuf::from(format!("{library} is there"))) {
                self.copy(Path::new(&library), &library)?;
            }
        }
        Ok(())
    }

    fn copy(&mut self, from: &Path, path: &str) -> Result<()> {
        let content = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
        self.file(path, &content);
        Ok(())
    }
}

/// What ldd(1) says that a program loads; nothing of one that needs no library.
fn libraries(program: &Path) -> Vec<String> {
    let Ok(output) = Command::new("ldd").arg(program).output() else { return Vec::new() };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let paths = text.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    paths.map(str::to_owned).collect()
}

/// The program in Go, compiled.
fn shop(folder: &Path) -> Result<PathBuf> {
    let (source, built) = (folder.join("shop.go"), folder.join("shop"));
    fs::write(&source, include_str!("shop.go"))?;
    let mut go = go::command(&go::program()?);
    go.current_dir(folder).env("CGO_ENABLED", "0").args(["build", "-o"]).arg(&built).arg(&source);
    command::run(&mut go)?;
    Ok(built)
}
