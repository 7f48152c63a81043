//! Reads numbers and texts one after the other. Takes: bytes. Gives: values, none where the bytes end. A text is a range of the
//! bytes.

/// A range of the bytes that a guest handed over; empty: there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Text {
    pub(in super::super) at: u32,
    pub(in super::super) length: u32,
}

impl Text {
    pub(in super::super) fn is_empty(self) -> bool {
        self.length == 0
    }

    /// The bytes themselves.
    pub(in super::super) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.at as usize..).and_then(|rest| rest.get(..self.length as usize)).unwrap_or_default()
    }

    /// Without its first bytes.
    pub(super) fn skip(self, count: u32) -> Self {
        let count = count.min(self.length);
        Self { at: self.at + count, length: self.length - count }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    /// What comes behind the part that is read is cut off.
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Reads a range.
    pub(super) fn of(bytes: &'a [u8], range: Text) -> Self {
        let at = (range.at as usize).min(bytes.len());
        let end = (at + range.length as usize).min(bytes.len());
        Self { bytes: bytes.get(..end).unwrap_or_default(), at }
    }

    /// Reads a range of the same bytes.
    pub(super) fn part(&self, range: Text) -> Self {
        Self::of(self.bytes, range)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// The next bytes as a range.
    #[inline]
    pub(super) fn take(&mut self, length: usize) -> Option<Text> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len())?;
        let text = Text { at: self.at as u32, length: length as u32 };
        self.at = end;
        Some(text)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let array = *self.bytes.get(self.at..)?.first_chunk()?;
        self.at += N;
        Some(array)
    }

    #[inline]
    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// A byte that must be 0 or 1.
    pub(super) fn flag(&mut self) -> Option<bool> {
        match self.u8()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// A text with its length before it.
    pub(super) fn text(&mut self) -> Option<Text> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    /// What is left, as a range.
    pub(super) fn rest(&self) -> Text {
        let at = self.at.min(self.bytes.len());
        Text { at: at as u32, length: (self.bytes.len() - at) as u32 }
    }

    /// Seven bits a byte, the lowest first (Protocol Buffers, "Encoding").
    #[inline]
    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7f) << shift.min(63);
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}
