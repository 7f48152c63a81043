//! Takes: a text that a plugin tells. Gives: a `value`: a piece of the arena, or a copy in the buffer of owned texts.

use crate::abi::{self, value_case};

/// The host's limit of one text. A longer one that has to be copied is cut here already, so that a plugin that joins or decodes
/// can not fill the answer (4 MiB of copies at most) with what nobody will see.
pub const TEXT_LIMIT: usize = 64 * 1024;

/// The piece of the arena that `text` is, else a copy of its first [`TEXT_LIMIT`] bytes.
#[inline]
pub(crate) fn place(arena: &[u8], owned: &mut Vec<u8>, text: &[u8]) -> abi::Value {
    match offset_in(arena, text) {
        Some(offset) => value(value_case::SLICE, offset, text.len()),
        None => own_text(owned, text),
    }
}

/// Apart, so that the common case stays small where it is inlined.
#[cold]
#[inline(never)]
fn own_text(owned: &mut Vec<u8>, text: &[u8]) -> abi::Value {
    own(owned, cut(text, TEXT_LIMIT))
}

/// The same for the bytes of a piece, which are not a text: nothing is cut.
#[inline]
pub(crate) fn place_bytes(arena: &[u8], owned: &mut Vec<u8>, bytes: &[u8]) -> abi::Value {
    match offset_in(arena, bytes) {
        Some(offset) => value(value_case::SLICE, offset, bytes.len()),
        None => own(owned, bytes),
    }
}

/// A copy.
pub(crate) fn own(owned: &mut Vec<u8>, text: &[u8]) -> abi::Value {
    let offset = owned.len();
    owned.extend_from_slice(text);
    value(value_case::OWNED, offset, text.len())
}

/// A number.
#[inline]
pub(crate) fn number(number: i64) -> abi::Value {
    abi::Value { case: value_case::NUMBER, bits: number as u64, ..abi::Value::default() }
}

/// Turns offsets into owned texts into addresses, for keys and values.
#[cfg(target_family = "wasm")]
pub(crate) fn at_address(base: u32, fields: &mut [abi::Field], attributes: &mut [abi::Attribute]) {
    move_owned(base, fields.iter_mut().map(|field| &mut field.value));
    for attribute in &mut *attributes {
        attribute.key += base;
    }
    move_owned(base, attributes.iter_mut().map(|attribute| &mut attribute.value));
}

/// The same for values alone.
#[cfg(target_family = "wasm")]
pub(crate) fn move_owned<'a>(base: u32, values: impl Iterator<Item = &'a mut abi::Value>) {
    for value in values.filter(|value| value.case == value_case::OWNED) {
        value.bits += u64::from(base);
    }
}

/// At most `limit` bytes, and no character in two.
pub(crate) fn cut(text: &[u8], limit: usize) -> &[u8] {
    let Some(mut front) = text.get(..limit).filter(|front| front.len() < text.len()) else { return text };
    // What is no UTF-8 is cut anywhere: a character has three bytes behind its first at most.
    for _ in 0..3 {
        match text.get(front.len()) {
            Some(0x80..=0xbf) => front = front.split_last().map_or(front, |(_, rest)| rest),
            _ => break,
        }
    }
    front
}

#[inline]
fn offset_in(arena: &[u8], text: &[u8]) -> Option<usize> {
    let (start, base) = (text.as_ptr() as usize, arena.as_ptr() as usize);
    let inside = start >= base && start + text.len() <= base + arena.len();
    (inside && !text.is_empty()).then(|| start - base)
}

#[inline]
fn value(case: u8, offset: usize, length: usize) -> abi::Value {
    abi::Value { case, bits: u64::from(offset as u32) | (length as u64) << 32, ..abi::Value::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_between_characters() {
        for (text, limit, front) in [
            ("abc", 3, "abc"),
            ("abc", 2, "ab"),
            ("a\u{20ac}b", 3, "a"),
            ("a\u{20ac}b", 4, "a\u{20ac}"),
            ("\u{e9}", 1, ""),
        ] {
            assert_eq!(cut(text.as_bytes(), limit), front.as_bytes(), "{text} {limit}");
        }
        assert_eq!(cut(&[0x80; 9], 8), [0x80; 5], "no UTF-8 at all");
    }

    #[test]
    fn only_copies_are_cut() {
        let (arena, mut owned) = (vec![b'a'; TEXT_LIMIT + 9], Vec::new());
        let slice = place(&arena, &mut owned, &arena[1..]);
        assert_eq!((slice.case, slice.bits), (value_case::SLICE, 1 | ((TEXT_LIMIT + 8) as u64) << 32));
        let copy = place(&[], &mut owned, &arena);
        assert_eq!(
            (copy.case, copy.bits >> 32, owned.len()),
            (value_case::OWNED, TEXT_LIMIT as u64, TEXT_LIMIT)
        );
        place_bytes(&[], &mut owned, &arena);
        assert_eq!(owned.len(), 2 * TEXT_LIMIT + 9, "bodies are not texts");
    }
}
