//! Offsets of the kernel's structures -> instructions that read their members.
//!
//! Takes: the compiled programs, and offsets. Gives: the programs with each mark of [`Offsets::MARK`] replaced by the offset that it
//! stands for. A compiler would have the kernel's loader do so (CO-RE), but Rust's has no such thing yet.

use std::ops::Range;

use object::read::elf::{ElfFile64, FileHeader, SectionHeader};
use object::{Endianness, elf};
use weir_ebpf_common::Offsets;

/// Bytes of an instruction (RFC 9669, 3): code, registers, offset, constant.
const INSTRUCTION: usize = 8;

/// `BPF_LDX | BPF_MEM` of a word, a half word, a byte, a double word (RFC 9669, 5).
const LOADS: [u8; 4] = [0x61, 0x69, 0x71, 0x79];

/// The programs with true offsets.
pub(super) fn replaced(programs: &[u8], offsets: &Offsets) -> Result<Vec<u8>, String> {
    let Places { code, extended_types } = places(programs).map_err(|error| error.to_string())?;
    let words = offsets.words();
    let mut programs = programs.to_vec();
    for range in code {
        let Some(section) = programs.get_mut(range) else {
            return Err("a section lies outside of the file".to_owned());
        };
        for instruction in section.chunks_exact_mut(INSTRUCTION) {
            let [code, _, low, high, ..] = *instruction else { continue };
            let mark = usize::from(u16::from_le_bytes([low, high]));
            let member = mark.checked_sub(Offsets::MARK).and_then(|number| words.get(number));
            let Some(offset) = member.filter(|_| LOADS.contains(&code)) else { continue };
            let offset = i16::try_from(*offset)
                .map_err(|_| format!("offset {offset} is too large for an instruction"))?;
            instruction[2..4].copy_from_slice(&offset.to_le_bytes());
        }
    }
    if let Some(section) = extended_types.and_then(|range| programs.get_mut(range))
        && let Some(length) = section.get_mut(LINES_LENGTH)
    {
        // For messages of the kernel alone, and it refuses programs whose compiler gave two lines to one instruction.
        length.fill(0);
    }
    Ok(programs)
}

/// What is changed in the file.
struct Places {
    code: Vec<Range<usize>>,
    /// `.BTF.ext`.
    extended_types: Option<Range<usize>>,
}

/// Where `.BTF.ext` has the length of its line table (Documentation/bpf/btf.rst, 4.2).
const LINES_LENGTH: Range<usize> = 20..24;

/// Where the sections lie that are changed.
fn places(programs: &[u8]) -> Result<Places, object::read::Error> {
    let file = ElfFile64::<Endianness>::parse(programs)?;
    let endian = file.elf_header().endian()?;
    let table = file.elf_section_table();
    let range = |section: &elf::SectionHeader64<Endianness>| {
        let (start, length) = section.file_range(endian)?;
        Some(start as usize..start.checked_add(length)? as usize)
    };
    let is_code = |section: &&elf::SectionHeader64<Endianness>| {
        section.sh_flags(endian) & u64::from(elf::SHF_EXECINSTR) != 0
    };
    let extended_types = table.section_by_name(endian, b".BTF.ext").and_then(|(_, section)| range(section));
    Ok(Places { code: table.iter().filter(is_code).filter_map(range).collect(), extended_types })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_replaced() {
        let Ok(object) = weir_ebpf_object::object() else { return };
        let offsets = Offsets { tcp_sock_write_seq: 0x123, ..Offsets::default() };
        let marks = |programs: &[u8]| -> usize {
            let code = places(programs).unwrap().code;
            let words = code
                .into_iter()
                .flat_map(|range| programs[range].chunks_exact(INSTRUCTION).map(<[u8]>::to_vec));
            words
                .filter(|word| LOADS.contains(&word[0]))
                .filter(|word| usize::from(u16::from_le_bytes([word[2], word[3]])) >= Offsets::MARK)
                .filter(|word| word[3] < 0x80)
                .count()
        };
        assert!(marks(object) > 20, "{}", marks(object));
        let replaced = replaced(object, &offsets).unwrap();
        assert_eq!((marks(&replaced), replaced.len()), (0, object.len()));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        assert!(replaced(b"nothing", &Offsets::default()).is_err());
        let Ok(object) = weir_ebpf_object::object() else { return };
        for length in (0..object.len()).step_by(997) {
            // Whatever comes of it: no panic.
            let _ = replaced(&object[..length], &Offsets::default());
        }
    }
}
