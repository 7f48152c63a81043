//! Functions by name, in tables of any size.
//!
//! Takes: names. Gives: the symbols that define them. The string table is searched for the names first, in one pass, then the symbols
//! for those places, in another; so a table of a hundred megabytes costs two passes and no memory.

use aho_corasick::{AhoCorasick, MatchKind};
use object::LittleEndian as Le;
use object::elf::{
    SHN_UNDEF, SHT_DYNSYM, SHT_STRTAB, SHT_SYMTAB, STT_FUNC, STT_GNU_IFUNC, STT_OBJECT, Sym64,
};
use object::pod::slice_from_bytes;

use super::{Elf, Section};
use crate::limits;
use crate::target::WhyNot;

/// A definition.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Symbol {
    /// Index of its name in the names that were asked for.
    pub(crate) name: usize,
    pub(crate) address: u64,
    /// In bytes; 0 when nobody knows.
    pub(crate) size: u64,
}

/// The search for a set of names.
pub(crate) struct Symbols {
    /// Each name with the 0 that ends it.
    names: AhoCorasick,
    longest: usize,
}

/// Where a wanted name is in a string table.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct NamePlace {
    pub(crate) offset: u64,
    pub(crate) name: usize,
}

impl Symbols {
    /// None: the names are none to search for, which no caller has.
    pub(crate) fn new<'n>(names: impl IntoIterator<Item = &'n str>) -> Option<Self> {
        let names: Vec<_> = names.into_iter().map(|name| [name.as_bytes(), &[0]].concat()).collect();
        let longest = names.iter().map(Vec::len).max()?;
        let names = AhoCorasick::builder().match_kind(MatchKind::Standard).build(names).ok()?;
        Some(Self { names, longest })
    }

    /// The definitions in both symbol tables, those of one name in no order.
    pub(crate) fn find(&self, elf: &Elf<'_>) -> Result<Vec<Symbol>, WhyNot> {
        let mut found = Vec::new();
        for kind in [SHT_DYNSYM, SHT_SYMTAB] {
            if let Some(table) = elf.section_of_kind(kind) {
                self.find_in(elf, table, &mut found)?;
            }
        }
        Ok(found)
    }

    fn find_in(&self, elf: &Elf<'_>, table: &Section, found: &mut Vec<Symbol>) -> Result<(), WhyNot> {
        let strings = elf.sections.get(table.link as usize).filter(|strings| strings.kind == SHT_STRTAB);
        let strings = strings.ok_or(WhyNot::Broken("symbol table"))?;
        let places = self.places(elf, strings.offset, strings.size)?;
        if places.is_empty() {
            return Ok(());
        }
        let entry = size_of::<Sym64<Le>>();
        let mut rest: Vec<u8> = Vec::new();
        elf.reader.pieces(table.offset, table.size, 0, |_, piece| {
            // A piece ends within an entry: its beginning waits for the next one.
            let bytes = if rest.is_empty() {
                piece
            } else {
                rest.extend_from_slice(piece);
                &rest
            };
            let count = bytes.len() / entry;
            let (symbols, left) =
                slice_from_bytes::<Sym64<Le>>(bytes, count).map_err(|()| WhyNot::Broken("symbol table"))?;
            for symbol in symbols {
                look(symbol, &places, found);
            }
            rest = left.to_vec();
            Ok(true)
        })
    }

    /// All places of the names in a table of strings, by offset.
    pub(crate) fn places(&self, elf: &Elf<'_>, offset: u64, size: u64) -> Result<Vec<NamePlace>, WhyNot> {
        let mut places = Vec::new();
        // One byte less than a name: so a name that lies across two pieces is whole in the second, and none is found twice.
        elf.reader.pieces(offset, size, self.longest - 1, |begin, piece| {
            for found in self.names.find_overlapping_iter(piece) {
                places.push(NamePlace {
                    offset: begin + found.start() as u64,
                    name: found.pattern().as_usize(),
                });
                if places.len() > 2 * limits::NAME_PLACES {
                    return Err(WhyNot::TooMuch);
                }
            }
            Ok(true)
        })?;
        // A name that is shorter than the longest is seen twice where pieces overlap.
        places.sort_unstable();
        places.dedup();
        Ok(places)
    }
}

/// The names that stand at an offset.
pub(crate) fn names_at(places: &[NamePlace], offset: u64) -> impl Iterator<Item = usize> + '_ {
    let first = places.partition_point(|place| place.offset < offset);
    places
        .get(first..)
        .unwrap_or_default()
        .iter()
        .take_while(move |place| place.offset == offset)
        .map(|place| place.name)
}

fn look(symbol: &Sym64<Le>, places: &[NamePlace], found: &mut Vec<Symbol>) {
    let kind = symbol.st_info & 0xf;
    let (address, size) = (symbol.st_value.get(Le), symbol.st_size.get(Le));
    // Imported by the file, not in it.
    if symbol.st_shndx.get(Le) == SHN_UNDEF || address == 0 {
        return;
    }
    if ![STT_FUNC, STT_GNU_IFUNC, STT_OBJECT].contains(&kind) {
        return;
    }
    for name in names_at(places, u64::from(symbol.st_name.get(Le))) {
        let symbol = Symbol { name, address, size };
        let same = found.iter().filter(|other| other.name == name);
        if same.clone().all(|other| other.address != address) && same.count() < limits::FUNCTIONS_OF_A_NAME {
            found.push(symbol);
        }
    }
}
