//! Words that only loading completes: in a position-independent file a pointer is 0 until then, and a relocation says what it will be.

use object::LittleEndian as Le;
use object::elf::{R_AARCH64_RELATIVE, R_X86_64_RELATIVE, Rela64, SHT_RELA};
use object::pod::slice_from_bytes;

use super::{Elf, Machine};
use crate::limits;
use crate::source::u64_at;
use crate::target::WhyNot;

impl Elf<'_> {
    /// The pointer at an address, as it would be if the file were loaded where it was linked for. None: nothing says what it is.
    pub(crate) fn pointer_at(&self, address: u64) -> Result<Option<u64>, WhyNot> {
        let word = u64_at(&self.bytes_at(address, 8, 8)?, 0).unwrap_or_default();
        if word != 0 {
            return Ok(Some(word));
        }
        let Some(table) = self.section(&[".rela.dyn", ".rela"]).filter(|table| table.kind == SHT_RELA) else {
            return Ok(None);
        };
        let entry = size_of::<Rela64<Le>>();
        if table.size > limits::RELOCATIONS * entry as u64 {
            return Err(WhyNot::TooMuch);
        }
        let relative = match self.machine {
            Machine::Aarch64 => R_AARCH64_RELATIVE,
            Machine::X86_64 => R_X86_64_RELATIVE,
        };
        let (mut found, mut rest): (_, Vec<u8>) = (None, Vec::new());
        self.reader.pieces(table.offset, table.size, 0, |_, piece| {
            rest.extend_from_slice(piece);
            let (relocations, left) = slice_from_bytes::<Rela64<Le>>(&rest, rest.len() / entry)
                .map_err(|()| WhyNot::Broken("relocation table"))?;
            let wanted = relocations.iter().find(|relocation| relocation.r_offset.get(Le) == address);
            found = wanted
                .filter(|relocation| relocation.r_type(Le, false) == relative)
                .and_then(|relocation| u64::try_from(relocation.r_addend.get(Le)).ok());
            let more = wanted.is_none();
            rest = left.to_vec();
            Ok(more)
        })?;
        Ok(found)
    }
}
