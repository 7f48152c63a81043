//! Takes: bytes of a stranger. Gives: text that is valid UTF-8 and not longer than allowed.

use std::borrow::Cow;

/// Cuts at `limit` bytes, never in the middle of a character, and replaces what is not UTF-8.
#[must_use]
pub fn clean(bytes: &[u8], limit: usize) -> Cow<'_, str> {
    let cut = bytes.get(..limit);
    match std::str::from_utf8(cut.unwrap_or(bytes)) {
        Ok(text) => Cow::Borrowed(text),
        // The cut went through a character: its first bytes go as well.
        Err(error) if error.error_len().is_none() && cut.is_some() => {
            String::from_utf8_lossy(&bytes[..error.valid_up_to()])
        }
        Err(_) => replace(cut.unwrap_or(bytes), limit, cut.is_some()),
    }
}

/// A replacement character is longer than the byte it stands for: the limit counts what is written.
fn replace(bytes: &[u8], limit: usize, was_cut: bool) -> Cow<'_, str> {
    let mut text = String::with_capacity(bytes.len().min(limit));
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        for character in chunk.valid().chars() {
            if text.len() + character.len_utf8() > limit {
                return Cow::Owned(text);
            }
            text.push(character);
        }
        let cut_off = was_cut && chunks.peek().is_none();
        if !chunk.invalid().is_empty() && !cut_off {
            if text.len() + char::REPLACEMENT_CHARACTER.len_utf8() > limit {
                return Cow::Owned(text);
            }
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn cuts_at_a_characters_border() {
        for limit in 0..12 {
            let text = clean("aé漢😀z".as_bytes(), limit);
            assert!(text.len() <= limit && "aé漢😀z".starts_with(&*text), "{limit}: {text}");
        }
        assert_eq!(clean("aé漢😀z".as_bytes(), 6), "aé漢");
        assert_eq!(clean("é".repeat(10).as_bytes(), 7), "é".repeat(3));
    }

    #[test]
    fn replaces_what_is_not_utf8() {
        assert_eq!(clean(b"a\xffb\xc3", 100), "a\u{fffd}b\u{fffd}");
        assert_eq!(clean(b"a\xffb\xc3\xa9", 6), "a\u{fffd}b");
        assert!(clean(&[0xff; 5000], 4096).len() <= 4096);
    }
}
