//! Takes: bytes that a terminal sends. Gives: keys. What it does not know, it leaves out.

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Character(char),
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    Escape,
    Backspace,
    /// Ctrl-C.
    Interrupt,
}

/// The keys of what was read at once. A terminal sends the bytes of a key together; an escape with nothing behind it is the key.
pub(super) fn keys(bytes: &[u8]) -> Vec<Key> {
    let mut keys = Vec::new();
    let text = String::from_utf8_lossy(bytes);
    let mut rest = text.as_ref();
    while let Some(character) = rest.chars().next() {
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
        let key = match character {
            '\x03' => Some(Key::Interrupt),
            '\r' | '\n' => Some(Key::Enter),
            '\x7f' | '\x08' => Some(Key::Backspace),
            '\x1b' => {
                let (key, behind) = sequence(rest);
                rest = behind;
                key
            }
            c if c.is_control() => None,
            c => Some(Key::Character(c)),
        };
        keys.extend(key);
    }
    keys
}

/// What stands behind an escape (ECMA-48, 5.4: parameters, then one final character), and the rest.
fn sequence(text: &str) -> (Option<Key>, &str) {
    let Some(body) = text.strip_prefix(['[', 'O']) else { return (Some(Key::Escape), text) };
    let Some(end) = body.find(|c: char| ('@'..='~').contains(&c)) else { return (None, "") };
    let (parameters, behind) = body.split_at(end);
    let (last, behind) = behind.split_at(1);
    let key = match (parameters, last) {
        ("", "A") => Key::Up,
        ("", "B") => Key::Down,
        ("", "H") | ("1" | "7", "~") => Key::Home,
        ("", "F") | ("4" | "8", "~") => Key::End,
        ("5", "~") => Key::PageUp,
        ("6", "~") => Key::PageDown,
        _ => return (None, behind),
    };
    (Some(key), behind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_are_what_terminals_send() {
        let all = keys("r\x1b[A\x1bOB\x1b[5~\x1b[6~\x1b[H\x1b[4~\r\x7f/ä\x1b[1;5C\x03\x01".as_bytes());
        let wanted = [
            Key::Character('r'),
            Key::Up,
            Key::Down,
            Key::PageUp,
            Key::PageDown,
            Key::Home,
            Key::End,
            Key::Enter,
            Key::Backspace,
            Key::Character('/'),
            Key::Character('ä'),
            Key::Interrupt,
        ];
        assert_eq!(all, wanted);
        assert_eq!(keys(b"\x1b"), [Key::Escape]);
        assert_eq!(keys(b"\x1bq"), [Key::Escape, Key::Character('q')]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_keys_or_nothing(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            for key in keys(&bytes) {
                prop_assert!(!matches!(key, Key::Character(c) if c.is_control()));
            }
        }
    }
}
