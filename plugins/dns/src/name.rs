//! Domain names: labels, and pointers to names that stood before.
//!
//! Takes: a message and where a name begins. Gives: its text, and where what follows begins. Source: RFC 1035 sections 3.1
//! and 4.1.4, RFC 4343 for `\DDD`.

use crate::header::Trouble;

/// A name has at most so many bytes on the wire, the root's included.
const MAX_WIRE: usize = 255;

/// Appends the name at `at`, without the dot at its end; the root is `.`. Gives the position behind it.
pub(crate) fn expand(message: &[u8], at: usize, text: &mut Vec<u8>) -> Result<usize, Trouble> {
    let begin = text.len();
    let (mut at, mut wire) = (at, 0);
    let mut behind = None;
    // A pointer must point to before the name it stands in: so every jump goes back, and none can be taken twice.
    let mut floor = at;
    loop {
        let length = usize::from(*message.get(at).ok_or(Trouble::Cut)?);
        match length {
            0 => break,
            1..=63 => {
                wire += length + 1;
                if wire >= MAX_WIRE {
                    return Err(Trouble::Wrong);
                }
                let label = message.get(at + 1..at + 1 + length).ok_or(Trouble::Cut)?;
                if text.len() > begin {
                    text.push(b'.');
                }
                push_label(label, text);
                at += length + 1;
            }
            0xc0.. => {
                let low = usize::from(*message.get(at + 1).ok_or(Trouble::Cut)?);
                let target = (length & 0x3f) << 8 | low;
                if target >= floor {
                    return Err(Trouble::Wrong);
                }
                behind = behind.or(Some(at + 2));
                floor = target;
                at = target;
            }
            // 0x40: extended labels that never came into use (RFC 6891 section 5); 0x80: never given out.
            _ => return Err(Trouble::Wrong),
        }
    }
    if text.len() == begin {
        text.push(b'.');
    }
    Ok(behind.unwrap_or(at + 1))
}

/// The same with the dot at its end: how names stand inside of records.
pub(crate) fn expand_absolute(message: &[u8], at: usize, text: &mut Vec<u8>) -> Result<usize, Trouble> {
    let begin = text.len();
    let behind = expand(message, at, text)?;
    if text.get(begin..) != Some(b".") {
        text.push(b'.');
    }
    Ok(behind)
}

/// The position behind the name at `at`.
pub(crate) fn skip(message: &[u8], at: usize) -> Result<usize, Trouble> {
    let begin = at;
    let mut at = at;
    loop {
        match usize::from(*message.get(at).ok_or(Trouble::Cut)?) {
            0 => return Ok(at + 1),
            length @ 1..=63 => at += length + 1,
            0xc0.. => return if at + 1 < message.len() { Ok(at + 2) } else { Err(Trouble::Cut) },
            _ => return Err(Trouble::Wrong),
        }
        if at - begin > MAX_WIRE {
            return Err(Trouble::Wrong);
        }
    }
}

fn push_label(label: &[u8], text: &mut Vec<u8>) {
    if label.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
        text.extend_from_slice(label);
        return;
    }
    for &byte in label {
        match byte {
            b'.' | b'\\' => text.extend([b'\\', byte]),
            b'!'..=b'~' => text.push(byte),
            _ => push_escaped(byte, text),
        }
    }
}

/// `\DDD`
pub(crate) fn push_escaped(byte: u8, text: &mut Vec<u8>) {
    text.extend([b'\\', b'0' + byte / 100, b'0' + byte / 10 % 10, b'0' + byte % 10]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(message: &[u8], at: usize) -> Result<(String, usize), Trouble> {
        let mut text = Vec::new();
        let behind = expand(message, at, &mut text)?;
        assert_eq!(skip(message, at), Ok(behind));
        Ok((String::from_utf8_lossy(&text).into_owned(), behind))
    }

    fn is(message: &[u8], at: usize, name: &str, behind: usize) {
        assert_eq!(text(message, at), Ok((name.to_owned(), behind)));
    }

    #[test]
    fn labels_and_pointers() {
        let message = b"\x03www\x07Example\x03com\0\x04mail\xc0\x04\xc0\x11\0";
        is(message, 0, "www.Example.com", 17);
        is(message, 17, "mail.Example.com", 24);
        is(message, 24, "mail.Example.com", 26);
        is(message, 26, ".", 27);
    }

    #[test]
    fn odd_bytes_are_escaped() {
        is(b"\x06a.b\\ \xff\x02_x\0", 0, "a\\.b\\\\\\032\\255._x", 11);
        is(b"\x02*@\0", 0, "*@", 4);
    }

    #[test]
    fn loops_and_overlong_names_are_wrong() {
        let wrong = |message: &[u8], at: usize| {
            assert_eq!(expand(message, at, &mut Vec::new()), Err(Trouble::Wrong), "{message:?}");
        };
        wrong(b"\xc0\0", 0);
        wrong(b"\x01a\xc0\0", 0);
        wrong(b"\xc0\x02\xc0\0", 0);
        wrong(b"\x01a\xc0\x05\0\x01b\0", 0);
        wrong(b"\x40a\0", 0);
        wrong(b"\x80a\0", 0);
        let labels = b"\x3faaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".repeat(4);
        wrong(&labels, 0);
        let mut chain = b"\x3faaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\0".to_vec();
        for n in 0..4 {
            let to = chain.len() - if n == 0 { 65 } else { 66 };
            chain.extend(labels.get(..64).unwrap_or_default());
            chain.extend([0xc0, to as u8]);
        }
        wrong(&chain, chain.len() - 66);
    }

    #[test]
    fn cut_names_are_cut() {
        let message = b"\x03www\x03com\0";
        for end in 0..message.len() {
            let cut = message.get(..end).unwrap_or_default();
            assert_eq!(expand(cut, 0, &mut Vec::new()), Err(Trouble::Cut), "{end}");
            assert!(skip(cut, 0).is_err());
        }
        assert_eq!(expand(b"\xc0", 0, &mut Vec::new()), Err(Trouble::Cut));
        assert_eq!(expand(b"", 9, &mut Vec::new()), Err(Trouble::Cut));
    }
}
