//! What is asked.
//!
//! Source: RFC 1035 section 4.1.2.

use crate::header::{LENGTH, Trouble, u16_at};
use crate::name;

/// The first question of a message; others are not in use (RFC 9619).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    pub(crate) kind: u16,
    pub(crate) class: u16,
    /// Where the records begin.
    pub(crate) behind: usize,
}

impl Question {
    /// Appends the name to `text`.
    pub(crate) fn read(message: &[u8], text: &mut Vec<u8>) -> Result<Self, Trouble> {
        let at = name::expand(message, LENGTH, text)?;
        Ok(Self { kind: u16_at(message, at)?, class: u16_at(message, at + 2)?, behind: at + 4 })
    }

    /// Ties a response to its query: the id alone is soon used again. Names compare without case (RFC 4343), and some
    /// resolvers play with it.
    pub(crate) fn correlation(&self, id: u16, name: &[u8]) -> u64 {
        // Multiply and rotate: a few good bits are all that is needed, and nobody gains by a collision but a wrong pair
        // among queries of one connection with the same id.
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        const LOWER: u64 = 0x2020_2020_2020_2020;
        let mut hash = u64::from(self.kind) << 16 | u64::from(self.class & 0x7fff);
        let mut chunks = name.chunks_exact(8);
        let mut mix = |word: u64| hash = (hash ^ (word | LOWER)).wrapping_mul(ODD).rotate_left(29);
        for chunk in chunks.by_ref() {
            mix(u64::from_le_bytes(chunk.try_into().unwrap_or_default()));
        }
        let mut last = [0; 8];
        let rest = chunks.remainder();
        if let Some(slot) = last.get_mut(..rest.len()) {
            slot.copy_from_slice(rest);
        }
        mix(u64::from_le_bytes(last));
        hash << 16 | u64::from(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlation_knows_no_case_but_the_rest() {
        let a = Question { kind: 1, class: 1, behind: 0 };
        let aaaa = Question { kind: 28, ..a };
        let same = a.correlation(7, b"www.example.com");
        assert_eq!(same, a.correlation(7, b"wWw.EXAMPLE.com"));
        let others = [
            a.correlation(8, b"www.example.com"),
            a.correlation(7, b"www.example.org"),
            a.correlation(7, b"www.example.com.x"),
            aaaa.correlation(7, b"www.example.com"),
        ];
        assert!(!others.contains(&same));
        assert_eq!(same & 0xffff, 7);
    }
}
