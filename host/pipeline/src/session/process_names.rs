//! Names of processes -> text of a request log. Takes bytes of a stranger, gives a text that is made once for many records.

use std::sync::Arc;

/// Names that are remembered: more than a machine has busy servers. The next one with the same place takes it.
const PLACES: usize = 64;

/// Texts by the bytes that they were made of.
#[derive(Debug, Default)]
pub(crate) struct ProcessNames(Vec<Option<([u8; 16], Arc<str>)>>);

impl ProcessNames {
    /// What the process is called, up to the first zero: valid UTF-8, without control characters. None: nothing.
    pub(crate) fn of(&mut self, bytes: [u8; 16]) -> Option<Arc<str>> {
        if bytes[0] == 0 {
            return None;
        }
        if self.0.is_empty() {
            self.0.resize(PLACES, None);
        }
        let place = self.0.get_mut(place(bytes))?;
        match place {
            Some((known, name)) if *known == bytes => Some(Arc::clone(name)),
            place => {
                let name = text(&bytes);
                *place = Some((bytes, Arc::clone(&name)));
                Some(name)
            }
        }
    }
}

fn place(bytes: [u8; 16]) -> usize {
    let number = u128::from_le_bytes(bytes);
    let mixed = (number as u64 ^ (number >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as usize % PLACES
}

fn text(bytes: &[u8]) -> Arc<str> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    String::from_utf8_lossy(&bytes[..end]).chars().map(shown).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &mut ProcessNames, name: &[u8]) -> Option<Arc<str>> {
        let mut bytes = [0; 16];
        bytes[..name.len()].copy_from_slice(name);
        names.of(bytes)
    }

    #[test]
    fn a_text_whatever_the_bytes() {
        let mut names = ProcessNames::default();
        assert_eq!(of(&mut names, b""), None);
        assert_eq!(of(&mut names, b"\0behind"), None);
        assert_eq!(of(&mut names, b"nginx\0behind").as_deref(), Some("nginx"));
        assert_eq!(of(&mut names, b"0123456789abcdef").as_deref(), Some("0123456789abcdef"));
        assert_eq!(of(&mut names, b"a\x1b[2J\n\xff").as_deref(), Some("a\u{fffd}[2J\u{fffd}\u{fffd}"));
        // The kernel cuts names at 15 bytes, in the middle of characters too.
        assert_eq!(of(&mut names, "é".as_bytes().get(..1).unwrap()).as_deref(), Some("\u{fffd}"));
    }

    #[test]
    fn is_made_once_and_never_anothers() {
        let mut names = ProcessNames::default();
        let (first, again) = (of(&mut names, b"nginx"), of(&mut names, b"nginx"));
        assert!(Arc::ptr_eq(&first.unwrap(), &again.unwrap()));
        for n in 0..10_000 {
            let name = format!("worker-{n}");
            assert_eq!(of(&mut names, name.as_bytes()).as_deref(), Some(&*name));
            assert_eq!(of(&mut names, b"nginx").as_deref(), Some("nginx"));
        }
    }
}
