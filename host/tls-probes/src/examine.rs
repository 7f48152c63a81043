//! One file -> what is in it.
//!
//! Takes: bytes by position. Gives: the library and its probes, or nothing, or why not.

use crate::elf::Elf;
use crate::source::{ReadAt, Reader};
use crate::target::{Library, Missing, Probe, WhyNot};
use crate::{go, openssl};

/// A library in a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Examined {
    /// What it is.
    pub library: Library,
    /// Where uprobes belong.
    pub probes: Vec<Probe>,
    /// Functions that are not there.
    pub missing: Vec<Missing>,
}

pub(crate) type Found = Examined;

impl Examined {
    pub(crate) fn new(library: Library) -> Self {
        Self { library, probes: Vec::new(), missing: Vec::new() }
    }
}

/// Looks for a TLS library in a file. None: there is none that is known.
///
/// # Errors
/// It can not be read, is broken, or is a Go program or an OpenSSL library whose functions can not be found.
pub fn examine(file: &dyn ReadAt) -> Result<Option<Examined>, WhyNot> {
    examine_with(&Reader::new(file))
}

pub(crate) fn examine_with(reader: &Reader<'_>) -> Result<Option<Examined>, WhyNot> {
    let elf = Elf::read(reader)?;
    let found = go::find(&elf)?;
    // A Go program without Go's TLS may have a C library linked in.
    if found.is_some() { Ok(found) } else { openssl::find(&elf) }
}

/// For fuzz targets: any bytes as a file.
pub fn fuzz(bytes: &[u8]) {
    let _ = examine(&bytes);
}
