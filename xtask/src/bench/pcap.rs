//! Writes a pcap file (microseconds, little-endian, Ethernet) in big blocks.
//!
//! Takes: frames. Gives: a file that appears under its name only when it is whole. Keeps no clock: every frame is some
//! microseconds after the one before.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A capture that is being written.
pub(super) struct CaptureWriter {
    path: PathBuf,
    part: PathBuf,
    file: BufWriter<File>,
    /// Since 1970.
    microseconds: u64,
    step: u64,
}

/// 2026-01-01 00:00:00 UTC, so that two captures are the same bytes.
const START_MICROSECONDS: u64 = 1_767_225_600_000_000;

impl CaptureWriter {
    /// `step` microseconds lie between two frames.
    pub(super) fn create(path: &Path, step: u64) -> Result<Self> {
        let part = path.with_extension("part");
        let file = File::create(&part).with_context(|| format!("cannot write {}", part.display()))?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        // Magic, version 2.4, no zone, no accuracy, snapshot length, Ethernet.
        for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 262_144, 1] {
            file.write_all(&word.to_le_bytes())?;
        }
        Ok(Self { path: path.to_owned(), part, file, microseconds: START_MICROSECONDS, step })
    }

    /// Appends a frame.
    pub(super) fn frame(&mut self, frame: &[u8]) -> Result<()> {
        self.microseconds += self.step;
        let length = u32::try_from(frame.len())?;
        let seconds = u32::try_from(self.microseconds / 1_000_000)?;
        let rest = u32::try_from(self.microseconds % 1_000_000)?;
        for word in [seconds, rest, length, length] {
            self.file.write_all(&word.to_le_bytes())?;
        }
        self.file.write_all(frame)?;
        Ok(())
    }

    /// Gives the file its name.
    pub(super) fn finish(mut self) -> Result<()> {
        self.file.flush()?;
        fs::rename(&self.part, &self.path)?;
        Ok(())
    }
}
