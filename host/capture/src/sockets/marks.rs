//! Offsets of the kernel's structures -> instructions that read their members.
//!
//! Takes: the compiled programs, and offsets. Gives: the programs with each mark of [`Offsets::MARK`] replaced by the offset that it
//! stands for. A compiler would have the kernel's loader do so (CO-RE), but Rust's has no such thing yet.

use object::read::elf::{ElfFile64, FileHeader, SectionHeader};
use object::{Endianness, elf};
use weir_ebpf_common::Offsets;

/// Bytes of an instruction (RFC 9669, 3): code, registers, offset, constant.
const INSTRUCTION: usize = 8;

/// `BPF_LDX | BPF_MEM` of a word, a half word, a byte, a double word (RFC 9669, 5).
const LOADS: [u8; 4] = [0x61, 0x69, 0x71, 0x79];

/// The programs with true offsets.
pub(super) fn replaced(programs: &[u8], offsets: &Offsets) -> Result<Vec<u8>, String> {
    let ranges = code(programs).map_err(|error| error.to_string())?;
    let words = offsets.words();
    let mut programs = programs.to_vec();
    for range in ranges {
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
    Ok(programs)
}

/// Where the sections with instructions lie.
fn code(programs: &[u8]) -> Result<Vec<std::ops::Range<usize>>, object::read::Error> {
    let file = ElfFile64::<Endianness>::parse(programs)?;
    let endian = file.elf_header().endian()?;
    let sections = file.elf_section_table().iter();
    let code = sections.filter(|section| section.sh_flags(endian) & u64::from(elf::SHF_EXECINSTR) != 0);
    Ok(code
        .filter_map(|section| section.file_range(endian))
        .map(|(start, length)| start as usize..(start + length) as usize)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_replaced() {
        let Ok(object) = weir_ebpf_object::object() else { return };
        let offsets = Offsets { tcp_sock_write_seq: 0x123, ..Offsets::default() };
        let marks = |programs: &[u8]| -> usize {
            let code = code(programs).unwrap();
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
