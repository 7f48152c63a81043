//! Takes: the names of the fields that a reader wants. Gives: whether a line may be one of them, so that nobody looks at the others
//! twice. It may be wrong in one way only: who asks compares the name.

/// Longer names count as of this length: a few bits hold all lengths, and the colons that are asked for.
const LONG: usize = 16;

/// By first letter (`letter & 31`, which both cases share) a bit for each length that a wanted name has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names([u32; 32]);

impl Names {
    /// Every name may be meant.
    #[cfg(test)]
    pub(crate) const ALL: Self = Self([u32::MAX; 32]);

    /// These, in lower case.
    pub(crate) const fn of(names: &[&[u8]]) -> Self {
        let mut all = Self([0; 32]);
        let mut at = 0;
        while at < names.len() {
            all.add(names[at]);
            at += 1;
        }
        all
    }

    /// This one too.
    pub(crate) const fn add(&mut self, name: &[u8]) {
        let Some(first) = name.first() else { return };
        let mut length = 0;
        // A line with a colon in its name seems to have a shorter one.
        while length < name.len() && length < LONG && name[length] != b':' {
            length += 1;
        }
        self.0[(*first & 31) as usize] |= 1 << length;
    }

    /// A line that begins with `first` may have one of the names. `colons`: a bit for each colon of its first bytes, more than 16 of
    /// them; asked for when the letter alone does not decide.
    #[inline]
    pub(crate) fn may_have(&self, first: u8, colons: impl FnOnce() -> Option<u32>) -> bool {
        let lengths = self.0[usize::from(first & 31)];
        lengths != 0
            && colons().is_none_or(|colons| lengths >> (colons | 1 << LONG).trailing_zeros() & 1 != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: Names =
        Names::of(&[b"host", b"content-length", b"x-sixteen-bytes-", b"x-fifteen-bytes", b"odd:one"]);

    fn may(line: &str) -> bool {
        let colons = line.bytes().take(32).rev().fold(0, |bits, byte| bits << 1 | u32::from(byte == b':'));
        NAMES.may_have(*line.as_bytes().first().unwrap_or(&0), || Some(colons))
    }

    #[test]
    fn the_wanted_ones_may() {
        for line in [
            "Host: a",
            "HOST:",
            "Content-Length: 5",
            "X-Sixteen-Bytes-: a",
            "X-Fifteen-Bytes: a",
            "odd:one: a",
        ] {
            assert!(may(line), "{line}");
        }
    }

    #[test]
    fn others_may_not() {
        for line in ["Hosts: a", "Date: a", "Content-Type: a", "X-Fourteen-Byt: a", "Connection: a", ": a"] {
            assert!(!may(line), "{line}");
        }
        assert!(NAMES.may_have(b'C', || None) && !NAMES.may_have(b'D', || None));
    }
}
