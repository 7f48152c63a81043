//! An ELF file (elf(5)): what of it is loaded where, and its tables.
//!
//! Takes: a [`Reader`]. Gives: segments, sections, symbols by name, words as they are after loading. Does not do: 32-bit and big-endian
//! files, files without a section table.

mod relocations;
mod symbols;

use object::elf::{EM_AARCH64, EM_X86_64, FileHeader64, PF_X, PT_LOAD, ProgramHeader64, SectionHeader64};
use object::pod::{from_bytes, slice_from_bytes};
use object::{LittleEndian as Le, elf};

pub(crate) use self::symbols::{Symbol, Symbols, names_at};
use crate::limits;
use crate::source::Reader;
use crate::target::WhyNot;

/// Whose instructions are in it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Machine {
    Aarch64,
    X86_64,
}

/// A part of the file that is loaded.
#[derive(Clone, Copy, Debug)]
struct Segment {
    offset: u64,
    address: u64,
    size: u64,
    code: bool,
}

/// A part of the file with a purpose.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) kind: u32,
    pub(crate) flags: u64,
    pub(crate) address: u64,
    pub(crate) offset: u64,
    pub(crate) size: u64,
    pub(crate) link: u32,
}

/// The file, its tables read.
pub(crate) struct Elf<'a> {
    pub(crate) reader: &'a Reader<'a>,
    pub(crate) machine: Machine,
    segments: Vec<Segment>,
    sections: Vec<Section>,
}

impl<'a> Elf<'a> {
    pub(crate) fn read(reader: &'a Reader<'a>) -> Result<Self, WhyNot> {
        let mut bytes = [0; size_of::<FileHeader64<Le>>()];
        reader
            .fill(0, &mut bytes)
            .map_err(|why| if why == WhyNot::Truncated { WhyNot::NotElf } else { why })?;
        let (header, _) = from_bytes::<FileHeader64<Le>>(&bytes).map_err(|()| WhyNot::NotElf)?;
        let ident = &header.e_ident;
        if ident.magic != elf::ELFMAG || ident.class != elf::ELFCLASS64 || ident.data != elf::ELFDATA2LSB {
            return Err(WhyNot::NotElf);
        }
        let machine = match header.e_machine.get(Le) {
            EM_X86_64 => Machine::X86_64,
            EM_AARCH64 => Machine::Aarch64,
            _ => return Err(WhyNot::NotElf),
        };
        let segments = segments(reader, header)?;
        let sections = sections(reader, header)?;
        Ok(Self { reader, machine, segments, sections })
    }

    /// The first section of one of these names.
    pub(crate) fn section(&self, names: &[&str]) -> Option<&Section> {
        self.sections.iter().find(|section| names.contains(&section.name.as_str()))
    }

    /// The first section of a kind.
    fn section_of_kind(&self, kind: u32) -> Option<&Section> {
        self.sections.iter().find(|section| section.kind == kind)
    }

    /// Where in the file an address of code is.
    pub(crate) fn code_offset(&self, address: u64) -> Option<u64> {
        self.segments.iter().filter(|segment| segment.code).find_map(|segment| segment.offset_of(address))
    }

    /// Whether an address is in a section whose name begins so.
    pub(crate) fn is_in_section(&self, name: &str, address: u64) -> bool {
        self.sections
            .iter()
            .filter(|section| section.name.starts_with(name))
            .any(|section| address.checked_sub(section.address).is_some_and(|inside| inside < section.size))
    }

    /// Where in the file an address is, and how many bytes of the file follow it.
    fn place(&self, address: u64) -> Option<(u64, u64)> {
        self.segments.iter().find_map(|segment| {
            let offset = segment.offset_of(address)?;
            Some((offset, segment.size - (address - segment.address)))
        })
    }

    /// Bytes as they are at an address before anything is relocated.
    pub(crate) fn bytes_at(&self, address: u64, length: u64, limit: u64) -> Result<Vec<u8>, WhyNot> {
        match self.place(address) {
            Some((offset, rest)) if length <= rest => self.reader.range(offset, length, limit),
            _ => Err(WhyNot::Truncated),
        }
    }
}

impl Segment {
    fn offset_of(&self, address: u64) -> Option<u64> {
        let inside = address.checked_sub(self.address).filter(|inside| *inside < self.size)?;
        self.offset.checked_add(inside)
    }
}

fn segments(reader: &Reader<'_>, header: &FileHeader64<Le>) -> Result<Vec<Segment>, WhyNot> {
    let count = header.e_phnum.get(Le);
    let size = size_of::<ProgramHeader64<Le>>();
    if count > limits::SEGMENTS {
        return Err(WhyNot::TooMuch);
    }
    if count > 0 && usize::from(header.e_phentsize.get(Le)) != size {
        return Err(WhyNot::Broken("program header table"));
    }
    let length = u64::from(count) * size as u64;
    let bytes = reader.range(header.e_phoff.get(Le), length, length)?;
    let (headers, _) = slice_from_bytes::<ProgramHeader64<Le>>(&bytes, usize::from(count))
        .map_err(|()| WhyNot::Broken("program header table"))?;
    Ok(headers
        .iter()
        .filter(|header| header.p_type.get(Le) == PT_LOAD)
        .map(|header| Segment {
            offset: header.p_offset.get(Le),
            address: header.p_vaddr.get(Le),
            size: header.p_filesz.get(Le),
            code: header.p_flags.get(Le) & PF_X != 0,
        })
        .collect())
}

fn sections(reader: &Reader<'_>, header: &FileHeader64<Le>) -> Result<Vec<Section>, WhyNot> {
    let broken = || WhyNot::Broken("section header table");
    let (offset, size) = (header.e_shoff.get(Le), size_of::<SectionHeader64<Le>>());
    // No table, or one with more entries than the header can count: neither is a program that linkers write.
    let count = u64::from(header.e_shnum.get(Le));
    if offset == 0 || count == 0 {
        return Ok(Vec::new());
    }
    if usize::from(header.e_shentsize.get(Le)) != size {
        return Err(broken());
    }
    let bytes = reader.range(offset, count * size as u64, limits::SECTIONS * size as u64)?;
    let (headers, _) =
        slice_from_bytes::<SectionHeader64<Le>>(&bytes, count as usize).map_err(|()| broken())?;
    let names = headers.get(usize::from(header.e_shstrndx.get(Le))).ok_or_else(broken)?;
    let names = reader.range(names.sh_offset.get(Le), names.sh_size.get(Le), limits::SECTION_NAMES_BYTES)?;
    Ok(headers
        .iter()
        .map(|header| Section {
            name: text(&names, header.sh_name.get(Le)),
            kind: header.sh_type.get(Le),
            flags: header.sh_flags.get(Le),
            address: header.sh_addr.get(Le),
            offset: header.sh_offset.get(Le),
            size: if header.sh_type.get(Le) == elf::SHT_NOBITS { 0 } else { header.sh_size.get(Le) },
            link: header.sh_link.get(Le),
        })
        .collect())
}

/// A name, as far as it can be one that is looked for.
fn text(names: &[u8], at: u32) -> String {
    const LONGEST: usize = 64;
    let rest = names.get(at as usize..).unwrap_or_default();
    let rest = rest.get(..LONGEST).unwrap_or(rest);
    let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
    String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned()
}
