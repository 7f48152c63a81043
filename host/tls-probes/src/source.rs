//! Bytes of a file by position, so many and no more.
//!
//! Takes: anything that can be read at a position. Gives: whole ranges, or a range in chunks. Does not do: mapping, caching.

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::limits;
use crate::target::WhyNot;

/// What can be read at a position.
pub trait ReadAt {
    /// Fills `buffer` from `offset` on; gives how many bytes there were.
    ///
    /// # Errors
    /// What the system says.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

impl ReadAt for File {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        FileExt::read_at(self, buffer, offset)
    }
}

impl ReadAt for &[u8] {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.get(offset..)).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(rest) {
            *to = *from;
        }
        Ok(length)
    }
}

/// A file with what may still be read of it.
pub(crate) struct Reader<'a> {
    source: &'a dyn ReadAt,
    left: Cell<u64>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(source: &'a dyn ReadAt) -> Self {
        Self { source, left: Cell::new(limits::FILE_READ_BYTES) }
    }

    /// Bytes read so far.
    pub(crate) fn used(&self) -> u64 {
        limits::FILE_READ_BYTES - self.left.get()
    }

    /// Fills the buffer, or tells why not.
    pub(crate) fn fill(&self, mut offset: u64, mut buffer: &mut [u8]) -> Result<(), WhyNot> {
        self.left.set(self.left.get().checked_sub(buffer.len() as u64).ok_or(WhyNot::TooMuch)?);
        while !buffer.is_empty() {
            match self.source.read_at(offset, buffer) {
                Ok(0) => return Err(WhyNot::Truncated),
                Ok(count) => {
                    buffer = buffer.get_mut(count..).unwrap_or_default();
                    offset = offset.checked_add(count as u64).ok_or(WhyNot::Truncated)?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(WhyNot::Read(error.kind())),
            }
        }
        Ok(())
    }

    /// A range of at most `limit` bytes.
    pub(crate) fn range(&self, offset: u64, length: u64, limit: u64) -> Result<Vec<u8>, WhyNot> {
        if length > limit {
            return Err(WhyNot::TooMuch);
        }
        // Grows with what is there: a header that lies about a length costs nothing.
        let mut bytes = Vec::new();
        let mut at = offset;
        let mut left = length as usize;
        while left > 0 {
            let (start, count) = (bytes.len(), left.min(limits::CHUNK_BYTES));
            bytes.resize(start + count, 0);
            self.fill(at, bytes.get_mut(start..).unwrap_or_default())?;
            at = at.checked_add(count as u64).ok_or(WhyNot::Truncated)?;
            left -= count;
        }
        Ok(bytes)
    }

    /// Shows a range in pieces. Each begins with the last `overlap` bytes of the one before; `see` gets where in the range it begins and
    /// says whether to go on.
    pub(crate) fn pieces(
        &self,
        offset: u64,
        length: u64,
        overlap: usize,
        mut see: impl FnMut(u64, &[u8]) -> Result<bool, WhyNot>,
    ) -> Result<(), WhyNot> {
        let mut buffer = Vec::new();
        let mut read = 0;
        while read < length {
            let kept = buffer.len().min(overlap);
            buffer.drain(..buffer.len() - kept);
            let count = (length - read).min(limits::CHUNK_BYTES as u64);
            buffer.resize(kept + count as usize, 0);
            let at = offset.checked_add(read).ok_or(WhyNot::Truncated)?;
            self.fill(at, buffer.get_mut(kept..).unwrap_or_default())?;
            if !see(read - kept as u64, &buffer)? {
                return Ok(());
            }
            read += count;
        }
        Ok(())
    }
}

/// A number at a place, little-endian.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

/// A number at a place, little-endian.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}
