//! Takes: a body of `application/x-www-form-urlencoded` (WHATWG URL, section 5), or anything else. Gives: the value of a name.

use super::is_number;

/// The first of `fields` that holds a number; of equal names the first one counts, as servers have it. A last value that may be cut off is
/// left alone.
pub(crate) fn find<'a>(
    body: &'a [u8],
    cut: bool,
    fields: &[Vec<u8>],
    buffer: &'a mut Vec<u8>,
) -> Option<&'a [u8]> {
    let mut best: Option<(usize, &[u8])> = None;
    let mut pairs = body.trim_ascii_end().split(|b| *b == b'&').peekable();
    while let Some(pair) = pairs.next() {
        if pair.iter().any(|b| !is_form(*b)) {
            return None;
        }
        let mut halves = pair.splitn(2, |b| *b == b'=');
        let (Some(name), Some(value)) = (halves.next(), halves.next()) else { continue };
        let Some(rank) = fields.iter().position(|field| same(name, field)) else { continue };
        let whole = !cut || pairs.peek().is_some();
        if whole && is_number(value) && best.is_none_or(|(known, _)| rank < known) {
            best = Some((rank, value));
        }
    }
    let raw = best?.1;
    if raw.iter().any(|b| matches!(b, b'%' | b'+')) {
        buffer.clear();
        buffer.extend(Decoded(raw));
        return Some(buffer.trim_ascii()).filter(|id| !id.is_empty());
    }
    Some(raw)
}

/// What a form holds: no blanks, quotes or brackets, so that no other text is taken for one.
fn is_form(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'{' | b'}' | b'\\')
}

fn same(name: &[u8], field: &[u8]) -> bool {
    Decoded(name).eq(field.iter().copied())
}

/// The bytes behind the escapes; an escape that is none stays as it is.
struct Decoded<'a>(&'a [u8]);

impl Iterator for Decoded<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        let hex = |digit: &u8| char::from(*digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        if let (b'%', [high, low, behind @ ..]) = (byte, rest)
            && let (Some(high), Some(low)) = (hex(high), hex(low))
        {
            self.0 = behind;
            return Some(high << 4 | low);
        }
        self.0 = rest;
        Some(if *byte == b'+' { b' ' } else { *byte })
    }
}
