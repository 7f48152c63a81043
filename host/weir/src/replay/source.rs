//! Where frames come from. Takes: a path. Gives: blocks of frames with the progress on the way, and at the end what went wrong.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use weir_capture::{Block, CaptureError, CaptureFile};

use super::progress::Progress;
use super::report::Report;
use crate::failure::Failure;

/// Takes sockets that need not be captured any more; called from any thread, at the end of a burst.
pub(crate) type Unwanted = Arc<dyn Fn(&[u64]) + Send + Sync>;

/// Gives frames, a block at a time.
pub(crate) trait Source: Send {
    /// Fills the block with what comes next; `false`: nothing does, now or later.
    fn fill(&mut self, block: &mut Block) -> bool;

    /// Filling may take as long as it pleases who writes.
    fn may_wait(&self) -> bool;

    /// The time that it is, nanoseconds since 1970, though no frame may say so; none: only frames tell.
    fn now(&self) -> Option<u64> {
        None
    }

    /// Who takes the sockets whose bytes nobody wants; none: nobody. Asked once, at the start.
    fn unwanted(&self) -> Option<Unwanted> {
        None
    }

    /// For the spread of flows over workers. Nobody can send traffic to a file that is there already, so that one needs no secret.
    fn seed(&self) -> u64 {
        0
    }
}

/// A capture file that is being replayed.
pub(super) struct Capture<'p> {
    file: CaptureFile,
    /// Bytes that were read from the file so far, compressed or not.
    read: Arc<AtomicU64>,
    is_file: bool,
    failure: Option<Failure>,
    progress: &'p mut Progress,
}

impl<'p> Capture<'p> {
    pub(super) fn open(path: &Path, progress: &'p mut Progress) -> Result<Self, Failure> {
        let read = Arc::new(AtomicU64::new(0));
        let (file, size) = open(path, &read).map_err(Failure::runtime)?;
        progress.begin(path, size);
        Ok(Self { file, read, is_file: size.is_some(), failure: None, progress })
    }

    pub(super) fn add_to(&self, report: &mut Report) {
        report.frames += self.file.frames();
        report.frames_of_unknown_link += self.file.skipped_frames();
        report.bytes += self.read.load(Ordering::Relaxed);
    }

    /// Why the file could not be read to its end.
    pub(super) fn failure(self) -> Option<Failure> {
        self.failure
    }
}

impl Source for Capture<'_> {
    fn fill(&mut self, block: &mut Block) -> bool {
        match self.file.fill(block) {
            Ok(more) => {
                self.progress.at(self.read.load(Ordering::Relaxed));
                more
            }
            Err(error) => {
                self.failure = Some(Failure::runtime(error));
                false
            }
        }
    }

    /// A file on a disk does not: no pipe, no device.
    fn may_wait(&self) -> bool {
        !self.is_file
    }
}

/// The capture and how many bytes it has, where that can be known.
fn open(path: &Path, read: &Arc<AtomicU64>) -> Result<(CaptureFile, Option<u64>), CaptureError> {
    let read = Arc::clone(read);
    if path.as_os_str() == "-" {
        let file = CaptureFile::from_reader("standard input", Counted { source: io::stdin(), read })?;
        return Ok((file, None));
    }
    let name = path.display().to_string();
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
    let (metadata, source) = match opened {
        Ok((metadata, _)) if metadata.is_dir() => {
            return Err(CaptureError::CannotOpen { name, source: io::ErrorKind::IsADirectory.into() });
        }
        Ok(opened) => opened,
        Err(source) => return Err(CaptureError::CannotOpen { name, source }),
    };
    let size = metadata.is_file().then_some(metadata.len());
    Ok((CaptureFile::from_reader(&name, Counted { source, read })?, size))
}

struct Counted<R> {
    source: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(into)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
