//! Functions of a stripped Go program, from the table that its runtime needs for stack traces ("pclntab").
//!
//! Takes: names. Gives: what the symbol table would have. The layouts are those that package debug/gosym reads: Go 1.16, 1.18 and 1.20 (to
//! 1.27 at least). Every number comes from the file, so every one is checked against the table's own size.

use crate::elf::{Elf, Section, Symbol, Symbols, names_at};
use crate::limits;
use crate::source::{u32_at, u64_at};
use crate::target::WhyNot;

/// First four bytes, by layout (internal/abi, `PCLnTabMagic`).
const MAGIC_12: u32 = 0xffff_fffb;
const MAGIC_116: u32 = 0xffff_fffa;
const MAGIC_118: u32 = 0xffff_fff0;
const MAGIC_120: u32 = 0xffff_fff1;

const HEADER_BYTES: u64 = 72;
/// Where `text` is in `runtime.moduledata` since Go 1.26, which has a section of its own then.
const MODULE_TEXT_AT: u64 = 176;

const BROKEN: WhyNot = WhyNot::Broken("function table");

/// What the header says. Offsets are in the file.
struct Table {
    old: bool,
    functions: u64,
    names: (u64, u64),
    index: u64,
    end: u64,
    /// What addresses count from; 0 in the old layout, which has whole addresses.
    text: u64,
}

/// Definitions of the names.
pub(super) fn find(elf: &Elf<'_>, search: &Symbols) -> Result<Vec<Symbol>, WhyNot> {
    let table = Table::read(elf)?;
    let places = search.places(elf, table.names.0, table.names.1)?;
    let mut found: Vec<Symbol> = Vec::new();
    let (mut index, mut functions) = (Window::new(elf, table.end), Window::new(elf, table.end));
    let name_at = if table.old { 8 } else { 4 };
    for at in 0..table.functions {
        let (address, function) = table.entry(&mut index, at)?;
        let function = table.index.checked_add(function + name_at).ok_or(BROKEN)?;
        let name = u64::from(functions.u32(function)?);
        for name in names_at(&places, name) {
            let next = table.address(&mut index, at + 1)?;
            let size = next.checked_sub(address).ok_or(BROKEN)?;
            if found.iter().filter(|symbol| symbol.name == name).count() < limits::FUNCTIONS_OF_A_NAME {
                found.push(Symbol { name, address, size });
            }
        }
    }
    Ok(found)
}

impl Table {
    fn read(elf: &Elf<'_>) -> Result<Self, WhyNot> {
        let (offset, size, address) = place(elf)?;
        let header = elf.reader.range(offset, HEADER_BYTES.min(size), HEADER_BYTES)?;
        let old = match u32_at(&header, 0).ok_or(BROKEN)? {
            MAGIC_118 | MAGIC_120 => false,
            MAGIC_116 => true,
            MAGIC_12 => return Err(WhyNot::OldGo),
            _ => return Err(WhyNot::NoGoFunctions),
        };
        if header.get(4..6) != Some(&[0, 0]) || header.get(7) != Some(&8) {
            return Err(BROKEN);
        }
        let word = |index: usize| u64_at(&header, 8 + 8 * index).ok_or(BROKEN);
        let part = |index: usize| word(index).and_then(|at| if at < size { Ok(at) } else { Err(BROKEN) });
        let functions = word(0)?;
        if functions > limits::GO_FUNCTIONS {
            return Err(WhyNot::TooMuch);
        }
        let (names, names_end, index) =
            if old { (part(2)?, part(3)?, part(6)?) } else { (part(3)?, part(4)?, part(7)?) };
        let entry = if old { 16 } else { 8 };
        if names > names_end || functions * entry + entry / 2 > size - index {
            return Err(BROKEN);
        }
        let text = if old { 0 } else { text(elf, address, word(2)?)? };
        Ok(Self {
            old,
            functions,
            names: (offset + names, names_end - names),
            index: offset + index,
            end: offset + size,
            text,
        })
    }

    /// Address of a function; one more than there are gives where the last one ends.
    fn address(&self, window: &mut Window<'_>, index: u64) -> Result<u64, WhyNot> {
        if self.old {
            window.u64(self.index + 16 * index)
        } else {
            let offset = window.u32(self.index + 8 * index)?;
            self.text.checked_add(u64::from(offset)).ok_or(BROKEN)
        }
    }

    /// Address of a function, and where behind the index its record is.
    fn entry(&self, window: &mut Window<'_>, index: u64) -> Result<(u64, u64), WhyNot> {
        let address = self.address(window, index)?;
        let record = if self.old {
            u64::from(window.u32(self.index + 16 * index + 8)?)
        } else {
            u64::from(window.u32(self.index + 8 * index + 4)?)
        };
        Ok((address, record))
    }
}

/// Where the table is: offset, size, address.
fn place(elf: &Elf<'_>) -> Result<(u64, u64, u64), WhyNot> {
    let whole = |section: &Section| {
        let end = section.offset.checked_add(section.size).ok_or(BROKEN)?;
        Ok((section.offset, end - section.offset, section.address))
    };
    if let Some(section) = elf.section(&[".gopclntab", ".data.rel.ro.gopclntab"]) {
        return whole(section);
    }
    // A linker of C put it among other data of a position-independent program.
    let section = elf.section(&[".data.rel.ro"]).ok_or(WhyNot::NoGoFunctions)?;
    let (offset, size, address) = whole(section)?;
    let mut found = None;
    elf.reader.pieces(offset, size, 0, |begin, piece| {
        let word = piece.chunks_exact(8).position(is_header);
        found = word.map(|word| begin + 8 * word as u64);
        Ok(found.is_none())
    })?;
    let at = found.ok_or(WhyNot::NoGoFunctions)?;
    Ok((offset + at, size - at, address.checked_add(at).ok_or(BROKEN)?))
}

fn is_header(word: &[u8]) -> bool {
    let magic = u32_at(word, 0).is_some_and(|magic| [MAGIC_116, MAGIC_118, MAGIC_120].contains(&magic));
    magic && matches!(word.get(4..), Some([0, 0, 1 | 2 | 4, 8]))
}

/// What addresses count from (`runtime.text`). Until Go 1.25 the header says it, since then module data does; in a position-independent
/// program a relocation does. A program that Go's own linker made has it at the beginning of .text; what a linker of C made has C's start-up
/// code there, but then one of the others knows.
fn text(elf: &Elf<'_>, table: u64, said: u64) -> Result<u64, WhyNot> {
    if said != 0 {
        return Ok(said);
    }
    if let Some(module) = elf.section(&[".go.module"]).filter(|module| module.size >= MODULE_TEXT_AT + 8)
        && let Some(text) = elf.pointer_at(module.address.checked_add(MODULE_TEXT_AT).ok_or(BROKEN)?)?
    {
        return Ok(text);
    }
    if let Some(text) = elf.pointer_at(table.checked_add(24).ok_or(BROKEN)?)? {
        return Ok(text);
    }
    elf.section(&[".text"]).map(|section| section.address).ok_or(WhyNot::NoGoFunctions)
}

/// A part of the file that moves along with what is read.
struct Window<'a> {
    elf: &'a Elf<'a>,
    end: u64,
    begin: u64,
    bytes: Vec<u8>,
}

impl<'a> Window<'a> {
    fn new(elf: &'a Elf<'a>, end: u64) -> Self {
        Self { elf, end, begin: 0, bytes: Vec::new() }
    }

    fn u32(&mut self, at: u64) -> Result<u32, WhyNot> {
        u32_at(self.show(at, 4)?, 0).ok_or(BROKEN)
    }

    fn u64(&mut self, at: u64) -> Result<u64, WhyNot> {
        u64_at(self.show(at, 8)?, 0).ok_or(BROKEN)
    }

    fn show(&mut self, at: u64, length: u64) -> Result<&[u8], WhyNot> {
        let shown =
            at.checked_sub(self.begin).is_some_and(|inside| inside + length <= self.bytes.len() as u64);
        if !shown {
            let rest = self.end.checked_sub(at).filter(|rest| *rest >= length).ok_or(BROKEN)?;
            self.bytes.resize(rest.min(limits::CHUNK_BYTES as u64) as usize, 0);
            self.begin = at;
            self.elf.reader.fill(at, &mut self.bytes)?;
        }
        Ok(self.bytes.get((at - self.begin) as usize..).unwrap_or_default())
    }
}
