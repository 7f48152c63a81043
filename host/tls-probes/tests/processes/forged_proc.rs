//! A `/proc` made by hand: what can not be had from a real one at will.

use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{major, minor};
use weir_tls_probes::{WhyNot, explain};

use crate::forgery::{BASE, FIRST, Sym, X86_64, elf, part, symbols};
use crate::program::{Folder, Watch};

const SECOND: Duration = Duration::from_secs(1);

/// A file with OpenSSL's functions.
fn library() -> Vec<u8> {
    let syms = [Sym(1, 1, BASE + FIRST, 16), Sym(10, 1, BASE + FIRST + 16, 16)];
    let [table, strings] = symbols(2, &syms, b"\0SSL_read\0SSL_write\0");
    elf(X86_64, &[part(".text", [0x90; 64]), table, strings])
}

struct Forged(Folder);

impl Forged {
    fn new(test: &str) -> Self {
        let forged = Self(Folder::new(test));
        std::fs::create_dir_all(forged.proc()).unwrap();
        std::fs::create_dir_all(forged.root()).unwrap();
        forged
    }

    fn proc(&self) -> PathBuf {
        self.0.0.join("proc")
    }

    fn root(&self) -> PathBuf {
        self.0.0.join("root")
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.root().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A process that maps files, each as code.
    fn process(&self, pid: u32, started: u32, files: &[&Path]) {
        let folder = self.proc().join(pid.to_string());
        std::fs::create_dir_all(&folder).unwrap();
        let lines: String = files
            .iter()
            .map(|path| {
                let name = path.strip_prefix(self.root()).unwrap().display();
                let metadata = path.metadata().unwrap();
                let (major, minor) = (major(metadata.dev()), minor(metadata.dev()));
                format!("1000-2000 r-xp 00000000 {major:02x}:{minor:02x} {}   /{name}\n", metadata.ino())
            })
            .collect();
        std::fs::write(folder.join("maps"), lines).unwrap();
        std::fs::write(folder.join("stat"), format!("{pid} (a) S {}{started} 0", "0 ".repeat(18))).unwrap();
        let _ = symlink(self.root(), folder.join("root"));
    }

    fn end(&self, pid: u32) {
        std::fs::remove_dir_all(self.proc().join(pid.to_string())).unwrap();
    }
}

#[test]
fn without_rights_to_mappings_the_path_is_taken_if_it_is_the_same_file() {
    let forged = Forged::new("path");
    let path = forged.file("libssl.so.3", &library());
    forged.process(7, 1, &[&path]);
    let mut watch = Watch::new(&forged.proc());
    let changes = watch.scan(SECOND);
    assert_eq!(changes.appeared.len(), 1, "{changes:?}");
    // Upgraded while the process runs: what is at the path is another file, and a probe in it would do nothing.
    let mut watch = Watch::new(&forged.proc());
    std::fs::rename(forged.file("new", &library()), &path).unwrap();
    assert!(watch.scan(SECOND).appeared.is_empty());
    let told = explain(&forged.proc(), 7).unwrap().to_string();
    assert!(told.contains("libssl.so.3: it can not be opened"), "{told}");
}

#[test]
fn a_process_id_that_is_used_anew_is_another_process() {
    let forged = Forged::new("anew");
    let path = forged.file("libssl.so.3", &library());
    let other = forged.file("libother.so", &elf(X86_64, &[part(".text", [0x90; 16])]));
    forged.process(7, 1, &[&path]);
    let mut watch = Watch::new(&forged.proc());
    let id = watch.scan(SECOND).appeared[0].id;
    // Kept aside, so that the folder of the next one has another inode.
    std::fs::rename(forged.proc().join("7"), forged.proc().join("old")).unwrap();
    forged.process(7, 2, &[&other]);
    let changes = watch.scan(SECOND);
    assert_eq!(changes.gone, [id]);
    assert_eq!(watch.processes_of(id), [0; 0]);
    forged.end(7);
    assert!(watch.scan(SECOND).gone.is_empty());
}

#[test]
fn what_can_not_be_used_is_told_once() {
    let forged = Forged::new("refused");
    let nss = forged.file("libssl3.so", &elf(X86_64, &[part(".text", [0x90; 16])]));
    let mut cut = library();
    cut.truncate(200);
    let cut = forged.file("cut", &cut);
    let text = forged.file("text", b"not a program");
    forged.process(7, 1, &[&nss, &cut, &text]);
    let mut watch = Watch::new(&forged.proc());
    let changes = watch.scan(SECOND);
    let mut told: Vec<_> =
        changes.not_usable.iter().map(|refused| (refused.name.to_str().unwrap(), refused.why)).collect();
    told.sort_by_key(|(name, _)| *name);
    assert_eq!(told, [("/cut", WhyNot::Truncated), ("/libssl3.so", WhyNot::NoSslFunctions)]);
    forged.process(8, 1, &[&nss, &cut]);
    assert!(watch.scan(SECOND).not_usable.is_empty());
}

#[test]
fn a_scan_does_so_much_and_the_next_one_the_rest() {
    let forged = Forged::new("much");
    let files: Vec<_> = (0..600).map(|file| forged.file(&format!("lib{file}.so"), b"nothing")).collect();
    let last = forged.file("libssl.so.3", &library());
    let paths: Vec<&Path> = files.iter().chain([&last]).map(PathBuf::as_path).collect();
    forged.process(7, 1, &paths);
    let mut watch = Watch::new(&forged.proc());
    let changes = watch.scan(SECOND);
    assert_eq!((changes.appeared.len(), changes.postponed), (0, 1));
    let changes = watch.scan(Duration::ZERO);
    assert_eq!((changes.appeared.len(), changes.postponed), (1, 0));
}

#[test]
fn odd_folders_are_no_processes() {
    let forged = Forged::new("odd");
    for name in ["self", "99999999999", "-1", "12"] {
        std::fs::create_dir_all(forged.proc().join(name)).unwrap();
    }
    std::fs::write(forged.proc().join("13"), "a file").unwrap();
    let mut watch = Watch::new(&forged.proc());
    let changes = watch.scan(SECOND);
    assert!(changes.appeared.is_empty() && changes.not_usable.is_empty());
    assert!(Watch::new(&forged.proc().join("nothing")).watcher.scan(std::time::Instant::now()).is_err());
}
