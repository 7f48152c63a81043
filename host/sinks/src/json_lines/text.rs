//! Takes: a text. Gives: it as a JSON string (RFC 8259, 7). Texts are UTF-8 already, so only `"`, `\` and the control
//! characters below 0x20 are escaped.

/// Appends `text` in quotes.
pub(super) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    push_escaped(out, text.as_bytes());
    out.push(b'"');
}

fn push_escaped(out: &mut Vec<u8>, mut bytes: &[u8]) {
    while let Some(at) = first_special(bytes) {
        let (plain, rest) = bytes.split_at(at);
        out.extend_from_slice(plain);
        let Some((&special, rest)) = rest.split_first() else { return };
        push_special(out, special);
        bytes = rest;
    }
    out.extend_from_slice(bytes);
}

fn push_special(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
            return out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Where the first byte stands that must be escaped. Most texts have none, so eight bytes are looked at in one step.
fn first_special(bytes: &[u8]) -> Option<usize> {
    let (words, tail) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let marks = special_marks(u64::from_le_bytes(*word));
        if marks != 0 {
            return Some(index * 8 + marks.trailing_zeros() as usize / 8);
        }
    }
    let start = words.len() * 8;
    tail.iter().position(|&b| is_special(b)).map(|at| start + at)
}

fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// The high bit of each byte that must be escaped. Bits above the lowest one may be wrong: a borrow runs upwards.
fn special_marks(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGH;
    below(word, 0x20) | below(word ^ (ONES * u64::from(b'"')), 1) | below(word ^ (ONES * u64::from(b'\\')), 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn json(text: &str) -> String {
        let mut out = Vec::new();
        push_string(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in any::<String>()) {
            prop_assert_eq!(serde_json::from_str::<String>(&json(&text)).unwrap(), text);
        }

        #[test]
        fn texts_full_of_specials_are_written_as_serde_does(text in "[\"\\\\\\x00-\\x22a\u{e9}\u{1f600}]{0,40}") {
            prop_assert_eq!(json(&text), serde_json::to_string(&text).unwrap());
        }
    }

    #[test]
    fn every_byte_at_every_place_of_a_word() {
        for byte in 0..128u8 {
            for place in 0..20 {
                let mut text = "xxxxxxxxxxxxxxxxxxxx".to_owned();
                text.replace_range(place..=place, &char::from(byte).to_string());
                assert_eq!(json(&text), serde_json::to_string(&text).unwrap(), "{byte:#x} at {place}");
            }
        }
    }
}
