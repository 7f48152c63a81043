//! What `/proc` says of a process, and files as it maps them (proc_pid_maps(5), proc_pid_map_files(5), proc_pid_stat(5)).
//!
//! Takes: process ids. Gives: files that are mapped as code, their identity, an open file. A file is opened through the mapping where that is
//! allowed: so the path does not matter, it may lie in a container or be deleted. Else through the process's root folder, and it must be the
//! same inode then.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirEntryExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{OFlags, major, minor, statfs};

use crate::limits;
use crate::target::{FileId, WhyNot};

/// `OVERLAYFS_SUPER_MAGIC` (linux/magic.h).
const OVERLAY: i64 = 0x794c_7630;

/// `USER_HZ`: what `/proc` counts time in, on every machine that Weir runs on.
const TICKS_A_SECOND: u64 = 100;

/// What the kernel puts behind the path of a file that was deleted.
const DELETED: &[u8] = b" (deleted)";

/// A mapping of a file as code.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Mapped {
    /// Addresses, in the process.
    range: (u64, u64),
    device: (u32, u32),
    inode: u64,
    /// As the process sees it.
    pub(crate) path: PathBuf,
}

impl Mapped {
    /// Whether this is the file, as far as a mapping tells: `maps` and stat(2) name the devices of btrfs and overlayfs differently.
    fn is(&self, metadata: &Metadata) -> bool {
        let device = (major(metadata.dev()), minor(metadata.dev()));
        metadata.ino() == self.inode && (self.device == device || (self.device.0 == 0 && device.0 == 0))
    }
}

/// Reads `/proc`.
#[derive(Debug)]
pub(crate) struct Opener {
    root: PathBuf,
    /// Files of block devices that were identified in this scan: there device and inode are enough. Elsewhere they are not; two subvolumes
    /// of btrfs have one device in `maps`.
    identified: HashMap<((u32, u32), u64), FileId>,
    /// Which devices are overlays, in this scan.
    overlays: HashMap<u64, bool>,
}

impl Opener {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root, identified: HashMap::new(), overlays: HashMap::new() }
    }

    /// What was true a while ago needs not be: numbers are used anew.
    pub(super) fn forget(&mut self) {
        self.identified.clear();
        self.overlays.clear();
    }

    /// Ids, each with the inode of its folder.
    pub(super) fn processes(&self) -> io::Result<Vec<(u32, u64)>> {
        let mut processes = Vec::new();
        for entry in std::fs::read_dir(&self.root)? {
            // One that ends while the folder is read is no error of the folder.
            let Ok(entry) = entry else { continue };
            if let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
                processes.push((pid, entry.ino()));
            }
        }
        Ok(processes)
    }

    pub(super) fn inode(&self, pid: u32) -> Option<u64> {
        std::fs::metadata(self.folder(pid)).ok().map(|metadata| metadata.ino())
    }

    /// When it was started.
    pub(super) fn started(&self, pid: u32) -> Option<u64> {
        let stat = std::fs::read(self.folder(pid).join("stat")).ok()?;
        started(&stat)
    }

    /// The time so long ago, in the unit of [`started`](Self::started); 0 when nobody knows how long the machine is up.
    pub(super) fn started_before(&self, ago: Duration) -> u64 {
        let uptime = std::fs::read_to_string(self.root.join("uptime")).unwrap_or_default();
        let seconds = uptime.split('.').next().and_then(|seconds| seconds.parse::<u64>().ok()).unwrap_or(0);
        seconds.saturating_sub(ago.as_secs()).saturating_mul(TICKS_A_SECOND)
    }

    /// Files that a process maps as code, each once.
    pub(super) fn mapped(&self, pid: u32) -> io::Result<Vec<Mapped>> {
        mapped_files(&self.root, pid)
    }

    /// Which file a mapping is of. None: no regular file, or one that can not be reached.
    pub(crate) fn identify(&mut self, pid: u32, file: &Mapped) -> Option<FileId> {
        let block_device = file.device.0 != 0;
        if let Some(id) = self.identified.get(&(file.device, file.inode)).filter(|_| block_device) {
            return Some(*id);
        }
        let (path, metadata) = self.ways(pid, file).find_map(|way| {
            let metadata = std::fs::metadata(&way.path).ok()?;
            (way.sure || file.is(&metadata)).then_some((way.path, metadata))
        })?;
        if !metadata.is_file() {
            return None;
        }
        let id = identity(&metadata, self.is_overlay(&path, metadata.dev()));
        if block_device {
            self.identified.insert((file.device, file.inode), id);
        }
        Some(id)
    }

    /// Opens it; it must be the file that was identified.
    pub(crate) fn open(&mut self, pid: u32, file: &Mapped, id: FileId) -> Result<File, WhyNot> {
        let mut kind = io::ErrorKind::NotFound;
        for way in self.ways(pid, file) {
            // Never waits and never becomes a terminal, should it have become something else meanwhile.
            let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
            let opened = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(way.path);
            match opened.and_then(|opened| Ok((opened.metadata()?, opened))) {
                Ok((metadata, opened)) if metadata.is_file() && identity(&metadata, id.device == 0) == id => {
                    return Ok(opened);
                }
                Ok(_) => {}
                Err(error) => kind = error.kind(),
            }
        }
        Err(WhyNot::Open(kind))
    }

    fn is_overlay(&mut self, path: &Path, device: u64) -> bool {
        *self.overlays.entry(device).or_insert_with(|| {
            // The width of the field is the machine's.
            #[allow(clippy::unnecessary_cast)]
            statfs(path).is_ok_and(|answer| answer.f_type as i64 == OVERLAY)
        })
    }

    /// Paths to a mapped file, the surest first.
    fn ways(&self, pid: u32, file: &Mapped) -> impl Iterator<Item = Way> + use<> {
        let folder = self.folder(pid);
        let mapping = folder.join(format!("map_files/{:x}-{:x}", file.range.0, file.range.1));
        let inside = file.path.strip_prefix("/").unwrap_or(&file.path);
        let inside = folder.join("root").join(inside);
        [
            Way { path: mapping, sure: true },
            Way { path: folder.join("exe"), sure: false },
            Way { path: inside, sure: false },
        ]
        .into_iter()
    }

    fn folder(&self, pid: u32) -> PathBuf {
        self.root.join(pid.to_string())
    }
}

/// A path to a file.
struct Way {
    path: PathBuf,
    /// It leads to nothing else.
    sure: bool,
}

/// Files that a process maps as code, each once.
pub(crate) fn mapped_files(root: &Path, pid: u32) -> io::Result<Vec<Mapped>> {
    let maps = File::open(root.join(pid.to_string()).join("maps"))?;
    let mut lines = BufReader::with_capacity(64 << 10, maps.take(limits::MAPS_BYTES));
    let (mut files, mut line): (Vec<Mapped>, _) = (Vec::new(), Vec::new());
    let mut known = std::collections::HashSet::new();
    while files.len() < limits::FILES_OF_A_PROCESS {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let Some(file) = mapping(&line) else { continue };
        if known.insert((file.device, file.inode)) {
            files.push(file);
        }
    }
    Ok(files)
}

/// `55d0-55d1 r-xp 00001000 fd:01 1234      /usr/bin/curl`. None: not of a file, or not code.
fn mapping(line: &[u8]) -> Option<Mapped> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let mut fields = line.splitn(6, |byte| *byte == b' ');
    let (range, access) = (fields.next()?, fields.next()?);
    if access.get(2) != Some(&b'x') {
        return None;
    }
    let (_offset, device, inode) = (fields.next()?, text(fields.next()?)?, text(fields.next()?)?);
    let path = fields.next()?.trim_ascii_start();
    let path = path.strip_suffix(DELETED).unwrap_or(path);
    let inode = inode.parse().ok().filter(|inode| *inode != 0)?;
    let hex = |text: &str| u64::from_str_radix(text, 16).ok();
    let (begin, end) = text(range)?.split_once('-')?;
    let (major, minor) = device.split_once(':')?;
    let device = (u32::from_str_radix(major, 16).ok()?, u32::from_str_radix(minor, 16).ok()?);
    Some(Mapped { range: (hex(begin)?, hex(end)?), device, inode, path: unescaped(path) })
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// The kernel writes a line feed in a path as `\012`, and nothing else so.
fn unescaped(path: &[u8]) -> PathBuf {
    if !path.contains(&b'\\') {
        return PathBuf::from(OsStr::from_bytes(path));
    }
    let mut rest = path;
    let mut whole = Vec::with_capacity(path.len());
    while let Some((first, others)) = rest.split_first() {
        let feed = rest.strip_prefix(b"\\012");
        whole.push(if feed.is_some() { b'\n' } else { *first });
        rest = feed.unwrap_or(others);
    }
    PathBuf::from(std::ffi::OsString::from_vec(whole))
}

/// Field 22. The name of the program, in parentheses, may hold anything, parentheses too.
fn started(stat: &[u8]) -> Option<u64> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = text(stat.get(end + 1..)?)?;
    rest.split_ascii_whitespace().nth(19)?.parse().ok()
}

fn identity(metadata: &Metadata, overlay: bool) -> FileId {
    FileId {
        // An overlay gives each of its mounts a device, and keeps inode and times of the file below, which is what the kernel probes.
        device: if overlay { 0 } else { metadata.dev() },
        inode: metadata.ino(),
        size: metadata.len(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_of_code_are_read() {
        let line = b"7f0a1c000000-7f0a1c05a000 r-xp 0001f000 fe:01 402918                     /usr/lib/lib ssl.so.3 (deleted)\n";
        let file = mapping(line).unwrap();
        assert_eq!(
            (file.range, file.device, file.inode),
            ((0x7f0a_1c00_0000, 0x7f0a_1c05_a000), (0xfe, 1), 402_918)
        );
        assert_eq!(file.path, Path::new("/usr/lib/lib ssl.so.3"));
        for line in [
            &b"00400000-00401000 r--p 00000000 fe:01 7 /bin/true\n"[..],
            b"7ffd0000-7ffd1000 r-xp 00000000 00:00 0                  [vdso]\n",
            b"00400000 r-xp 00000000 fe:01 7 /bin/true\n",
            b"00400000-00401000 r-xp 00000000 fe:01 x /bin/true\n",
            b"00400000-00401000 r-xp 00000000 fe:01 7\n",
            b"\n",
            b"",
        ] {
            assert_eq!(mapping(line), None, "{}", String::from_utf8_lossy(line));
        }
        assert_eq!(unescaped(b"/a\\012b\\c"), Path::new("/a\nb\\c"));
    }

    #[test]
    fn a_start_is_found_behind_any_name() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        assert_eq!(started(format!("12 (a) b) {rest}").as_bytes()), Some(4711));
        assert_eq!(started(b"12 (a) S 1 2"), None);
        assert_eq!(started(b"12 (a)"), None);
        assert_eq!(started(b""), None);
    }
}
