//! Where a field is in a structure, from debugging information (DWARF 4 and 5).
//!
//! Takes: names. Gives: an offset, or nothing. It costs the time to unpack and walk all of it, so it is asked only for Go versions that the
//! table does not know.

use std::io::Read;

use gimli::{
    AttributeValue, DW_AT_data_member_location, DW_AT_name, DebugAbbrev, DebugInfo, EndianSlice,
    LittleEndian, UnitHeader,
};
use object::elf::SHF_COMPRESSED;

use crate::elf::Elf;
use crate::limits;

type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// `Elf64_Chdr` (elf(5)) before compressed data; zlib is the only kind that Go's linker writes.
const COMPRESSION_HEADER_BYTES: u64 = 24;

pub(super) fn field(elf: &Elf<'_>, structure: &str, field: &str) -> Option<u64> {
    let info = section(elf, ".debug_info", ".zdebug_info", limits::DEBUG_INFO_BYTES)?;
    let abbreviations = section(elf, ".debug_abbrev", ".zdebug_abbrev", limits::DEBUG_ABBREVIATION_BYTES)?;
    let (info, abbreviations) =
        (DebugInfo::new(&info, LittleEndian), DebugAbbrev::new(&abbreviations, LittleEndian));
    let mut left = limits::DEBUG_ENTRIES;
    let mut units = info.units();
    while let Ok(Some(unit)) = units.next() {
        if let Some(found) = in_unit(&unit, &abbreviations, structure, field, &mut left) {
            return Some(found);
        }
    }
    None
}

fn in_unit(
    unit: &UnitHeader<Slice<'_>>,
    abbreviations: &DebugAbbrev<Slice<'_>>,
    structure: &str,
    field: &str,
    left: &mut usize,
) -> Option<u64> {
    let abbreviations = unit.abbreviations(abbreviations).ok()?;
    let mut entries = unit.entries(&abbreviations);
    // Depth of the structure, while its members are walked.
    let mut inside = None;
    while let Some(entry) = entries.next_dfs().ok()? {
        *left = left.checked_sub(1)?;
        let depth = entry.depth();
        if inside.is_some_and(|inside| depth <= inside) {
            inside = None;
        }
        let named = |name: &str| matches!(entry.attr_value(DW_AT_name), Some(AttributeValue::String(found)) if found.slice() == name.as_bytes());
        match entry.tag() {
            gimli::DW_TAG_structure_type if named(structure) => inside = Some(depth),
            gimli::DW_TAG_member if inside.is_some() && named(field) => {
                return entry.attr(DW_AT_data_member_location)?.udata_value();
            }
            _ => {}
        }
    }
    None
}

/// A section, unpacked; its beginning where it is larger than the limit.
fn section(elf: &Elf<'_>, name: &str, old_name: &str, limit: u64) -> Option<Vec<u8>> {
    let section = elf.section(&[name, old_name])?;
    let bytes = |skip: u64| {
        let length = section.size.checked_sub(skip)?.min(limit);
        elf.reader.range(section.offset.checked_add(skip)?, length, limit).ok()
    };
    // `ZLIB` and the length, big-endian, before compressed data: what Go wrote until 1.18.
    let skip = if section.name == old_name {
        12
    } else if section.flags & u64::from(SHF_COMPRESSED) != 0 {
        COMPRESSION_HEADER_BYTES
    } else {
        return bytes(0);
    };
    let mut unpacked = Vec::new();
    flate2::read::ZlibDecoder::new(bytes(skip)?.as_slice()).take(limit).read_to_end(&mut unpacked).ok()?;
    Some(unpacked)
}
