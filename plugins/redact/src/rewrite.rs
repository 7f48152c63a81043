//! Takes: a text and a rule that finds what to hide. Gives: the text without it. Writes nothing when there is nothing to hide.

use std::ops::Range;

/// Replaces every range that `find` gives. It is told where to look from, and where the range before ended; ranges ascend.
/// False: there is none, and `into` holds nothing of use.
pub(crate) fn replace(
    text: &[u8],
    into: &mut Vec<u8>,
    with: &[u8],
    mut find: impl FnMut(usize) -> Option<Range<usize>>,
) -> bool {
    let mut copied = 0;
    while let Some(range) = find(copied) {
        if copied == 0 {
            into.clear();
        }
        into.extend_from_slice(text.get(copied..range.start).unwrap_or_default());
        into.extend_from_slice(with);
        // A rule that finds nothing would find it forever.
        copied = range.end.max(copied + 1);
    }
    if copied > 0 {
        into.extend_from_slice(text.get(copied..).unwrap_or_default());
    }
    copied > 0
}

/// A letter, a digit or an underscore.
pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The byte there; 0 behind the end, which belongs to nothing.
pub(crate) fn at(text: &[u8], index: usize) -> u8 {
    text.get(index).copied().unwrap_or(0)
}

/// How many bytes from `from` on are like that.
pub(crate) fn run(text: &[u8], from: usize, like: impl Fn(u8) -> bool) -> usize {
    text.get(from..).unwrap_or_default().iter().take_while(|byte| like(**byte)).count()
}
