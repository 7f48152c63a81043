//! Takes: bytes. Gives: where line ends and colons stand, one bit a byte.
//!
//! Heads are many short lines: a search that begins anew at each of them costs more than what it finds. So a window of bytes is looked at
//! once, in a loop that does nothing else, and lines and names are found by counting bits.

/// Bytes that are looked at in one go: most heads of services are shorter. What stands behind a head is looked at in vain.
pub(crate) const WINDOW: usize = 256;

/// Bytes that are compared at once: what a vector holds.
const BLOCK: usize = 16;

/// Line ends and colons of a window; the lowest bit is the first byte.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    line_ends: [u8; WINDOW / 8],
    colons: [u8; WINDOW / 8],
}

impl Marks {
    /// Sets those of the first bytes; nothing was set before. In place: a copy costs as much as half a head.
    #[inline(always)] // where a head begins, a call would cost a fifth of it
    pub(crate) fn set(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        let (line_ends, colons) = (self.line_ends.as_chunks_mut().0, self.colons.as_chunks_mut().0);
        let mut places = line_ends.iter_mut().zip(colons);
        for (block, (line_ends, colons)) in blocks.iter().zip(&mut places) {
            *line_ends = equal(b'\n', block).to_le_bytes();
            *colons = equal(b':', block).to_le_bytes();
        }
        // A vector that reaches over the end would be read byte by byte: one that ends with it has bytes too many in front.
        let last = bytes.last_chunk().copied().unwrap_or_else(|| padded(rest));
        let over = if blocks.is_empty() { 0 } else { BLOCK - rest.len() };
        for (line_ends, colons) in places.take(1) {
            *line_ends = above(equal(b'\n', &last), over).to_le_bytes();
            *colons = above(equal(b':', &last), over).to_le_bytes();
        }
    }

    /// Line ends of the 64 bytes from byte `64 * word` on; `word` counts modulo the window.
    #[inline]
    pub(crate) fn line_ends(&self, word: usize) -> u64 {
        u64::from_le_bytes(self.line_ends.as_chunks().0[word % (WINDOW / 64)])
    }

    /// Colons of the 25 bytes, or some more, from `place` on. `None`: the window ends before.
    #[inline]
    pub(crate) fn colons(&self, place: usize) -> Option<u32> {
        let bits = self.colons.get(place / 8..)?.first_chunk()?;
        Some(u32::from_le_bytes(*bits) >> (place % 8))
    }
}

/// Without the lowest bits.
fn above(bits: u16, over: usize) -> u16 {
    bits.checked_shr(over as u32).unwrap_or_default()
}

/// Fewer bytes than a block, and others behind that are neither line ends nor colons.
#[cold]
fn padded(bytes: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    block
}

/// A bit for each `byte` in the block.
#[cfg(target_family = "wasm")]
#[inline]
fn equal(byte: u8, block: &[u8; BLOCK]) -> u16 {
    use std::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_splat, u64x2};
    let [low, high] = halves(block);
    u8x16_bitmask(u8x16_eq(u64x2(low, high), u8x16_splat(byte)))
}

/// The same in two words, where the parser is linked natively: slower, but with everything around it as in the sandbox.
#[cfg(not(target_family = "wasm"))]
#[inline]
fn equal(byte: u8, block: &[u8; BLOCK]) -> u16 {
    const LOW: u64 = u64::from_le_bytes([0x7f; 8]);
    // The multiplication gathers the lowest bit of each byte in the highest byte, in order.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let bits = |word: u64| {
        let other = word ^ u64::from_le_bytes([byte; 8]);
        // The highest bit of each byte that is 0: no sum leaves its byte.
        let same = !(((other & LOW) + LOW) | other | LOW);
        ((same >> 7).wrapping_mul(GATHER) >> 56) as u16
    };
    let [low, high] = halves(block);
    bits(low) | bits(high) << 8
}

#[inline]
fn halves(block: &[u8; BLOCK]) -> [u64; 2] {
    let [a, b, c, d, e, f, g, h, high @ ..] = *block;
    [u64::from_le_bytes([a, b, c, d, e, f, g, h]), u64::from_le_bytes(high)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(bits: &[u8]) -> Vec<usize> {
        (0..8 * bits.len()).filter(|bit| bits[bit / 8] >> (bit % 8) & 1 != 0).collect()
    }

    fn assert_marks(bytes: &[u8]) {
        let mut marks = Marks::default();
        marks.set(bytes);
        let expected =
            |wanted| (0..bytes.len().min(WINDOW)).filter(|at| bytes[*at] == wanted).collect::<Vec<usize>>();
        assert_eq!(found(&marks.line_ends), expected(b'\n'), "{bytes:?}");
        assert_eq!(found(&marks.colons), expected(b':'), "{bytes:?}");
    }

    #[test]
    fn any_length_and_place() {
        for length in 0..70 {
            for (first, step) in (0..length).flat_map(|first| (1..20).map(move |step| (first, step))) {
                let mut bytes = vec![b':'; length];
                bytes.iter_mut().skip(first).step_by(step).for_each(|byte| *byte = b'\n');
                assert_marks(&bytes);
            }
        }
        for length in WINDOW - 20..WINDOW + 20 {
            assert_marks(&vec![b':'; length]);
        }
    }

    #[test]
    fn every_byte_beside_them() {
        for byte in 0..=255 {
            let bytes: Vec<u8> = (0..99).map(|at| [byte, b'\n', byte ^ 0x80, b':'][at * at % 4]).collect();
            assert_marks(&bytes);
        }
    }

    #[test]
    fn windows_of_bits() {
        let bytes: Vec<u8> = (0..WINDOW).map(|at| if at % 7 == 0 { b':' } else { b'\n' }).collect();
        let mut marks = Marks::default();
        marks.set(&bytes);
        for place in 0..WINDOW - 31 {
            let bits = marks.colons(place).unwrap();
            assert!((0..25).all(|bit| (bits >> bit & 1 != 0) == ((place + bit) % 7 == 0)), "{place}");
        }
        assert!(marks.colons(WINDOW - 24).is_none() && marks.colons(WINDOW).is_none());
        for word in 0..9 {
            let ends = marks.line_ends(word);
            assert!((0..64).all(|bit| (ends >> bit & 1 == 0) == ((word % 4 * 64 + bit) % 7 == 0)), "{word}");
        }
    }
}
