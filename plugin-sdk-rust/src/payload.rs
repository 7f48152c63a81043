//! Takes: bytes from a stranger. Gives: integers and pieces of them, or how many bytes are missing.
//!
//! "Need more" and "wrong" are different answers: the reader only ever says the first, the parser decides the second.

/// Members of a JSON object.
pub mod json;

use crate::find::memchr;

/// So many more bytes are needed at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage(pub usize);

/// A cursor over bytes; every step checks the end.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes were taken.
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }

    /// What was not taken yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], Shortage> {
        let rest = self.rest();
        match rest.get(..n) {
            Some(taken) => {
                self.at += n;
                Ok(taken)
            }
            None => Err(Shortage(n - rest.len())),
        }
    }

    /// A reader over the next `n` bytes alone.
    pub fn sub(&mut self, n: usize) -> Result<Reader<'a>, Shortage> {
        self.take(n).map(Reader::new)
    }

    /// Everything up to `end`, which is taken as well but not returned.
    pub fn take_until(&mut self, end: u8) -> Result<&'a [u8], Shortage> {
        match memchr(end, self.rest()) {
            Some(n) => {
                let taken = self.take(n)?;
                self.at += 1;
                Ok(taken)
            }
            None => Err(Shortage(1)),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Shortage> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }
}

macro_rules! integers {
    ($($name:ident $type:ty, $from:ident, $doc:literal;)*) => {
        impl Reader<'_> {
            $(#[doc = $doc]
            pub fn $name(&mut self) -> Result<$type, Shortage> {
                self.array().map(<$type>::$from)
            })*
        }
    };
}

integers! {
    u8 u8, from_be_bytes, "One byte.";
    u16 u16, from_be_bytes, "Two bytes, the highest first (network order).";
    u32 u32, from_be_bytes, "Four bytes, the highest first.";
    u64 u64, from_be_bytes, "Eight bytes, the highest first.";
    u16_le u16, from_le_bytes, "Two bytes, the lowest first.";
    u32_le u32, from_le_bytes, "Four bytes, the lowest first.";
    u64_le u64, from_le_bytes, "Eight bytes, the lowest first.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_much_is_missing() {
        let mut reader = Reader::new(&[0, 1, 2]);
        assert_eq!(reader.u16(), Ok(1));
        assert_eq!(reader.u32(), Err(Shortage(3)));
        assert_eq!(reader.rest(), [2], "a failed step takes nothing");
        assert_eq!(reader.take(usize::MAX), Err(Shortage(usize::MAX - 1)));
    }

    #[test]
    fn until_takes_the_end_but_does_not_give_it() {
        let mut reader = Reader::new(b"ab\0c");
        assert_eq!(reader.take_until(0), Ok(b"ab".as_slice()));
        assert_eq!(reader.rest(), b"c");
        assert_eq!(reader.take_until(0), Err(Shortage(1)));
    }
}
