//! A command while it is read: its words joined by spaces, up to what the host keeps.
//!
//! Takes: words. Gives: the text of the request, passwords masked. Does not read bytes of the wire.

use std::cell::{Cell, OnceCell};

use weir_plugin_sdk::host;

use crate::command::{Secret, is_secret_setting};
use crate::wire::TOLD;

/// A little more than is told, so that the host, not this plugin, cuts at a character's border.
const LIMIT: usize = TOLD + 4;

/// Words that can be asked for again: name, subcommand, its first argument.
const REMEMBERED: usize = 3;

const MASK: &[u8] = b"***";

/// One command.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// Position of its first byte.
    pub(crate) start: u64,
    /// Words that are still to come.
    pub(crate) left: u32,
    text: Vec<u8>,
    words: u32,
    /// Where the first words end in `text`.
    ends: [u16; REMEMBERED],
    secret: Secret,
    /// Words up to the one that is masked, counting from the next one; 0: none.
    mask_in: u8,
}

thread_local! {
    /// The one that is used again and again: most commands begin and end in one input.
    static SPARE: Cell<Option<Box<Draft>>> = const { Cell::new(None) };
    static MASK_AUTH: OnceCell<bool> = const { OnceCell::new() };
}

impl Draft {
    /// An empty one for a command of so many words.
    pub(crate) fn new(start: u64, words: u32) -> Box<Self> {
        let mut draft = SPARE.take().unwrap_or_default();
        let text = std::mem::take(&mut draft.text);
        *draft = Self { start, left: words, text, ..Self::default() };
        draft.text.clear();
        draft
    }

    /// Its memory is used for the next command.
    pub(crate) fn recycle(self: Box<Self>) {
        SPARE.set(Some(self));
    }

    /// Bytes of the next word that are wanted.
    pub(crate) fn room(&self) -> usize {
        // The space before it takes one.
        LIMIT.saturating_sub(self.text.len() + 1)
    }

    /// Everything that is told of the command is known.
    pub(crate) fn is_full(&self) -> bool {
        self.room() == 0
    }

    /// The command, so far.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// How many words there were, those included that found no room.
    pub(crate) fn words(&self) -> u32 {
        self.words.saturating_add(self.left)
    }

    /// No word was read yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.words == 0
    }

    /// One of the first words; empty when there is none.
    pub(crate) fn word(&self, index: usize) -> &[u8] {
        if index as u64 >= u64::from(self.words) {
            return &[];
        }
        let end_of = |index: usize| self.ends.get(index).copied().map(usize::from);
        let start = index.checked_sub(1).and_then(end_of).map_or(0, |end| end + 1);
        end_of(index).and_then(|end| self.text.get(start..end)).unwrap_or_default()
    }

    /// The next word, or as much of it as there was room for.
    pub(crate) fn push(&mut self, word: &[u8]) {
        let index = self.words as usize;
        if index == 0 {
            self.secret = Secret::of(word);
        }
        if !self.is_full() || index == 0 {
            if index > 0 {
                self.text.push(b' ');
            }
            let shown =
                if self.secret == Secret::None || index == 0 { word } else { self.masked(index, word) };
            let room = LIMIT.saturating_sub(self.text.len());
            self.text.extend_from_slice(shown.get(..room).unwrap_or(shown));
        }
        if let Some(end) = self.ends.get_mut(index) {
            *end = self.text.len().min(usize::from(u16::MAX)) as u16;
        }
        self.words = self.words.saturating_add(1);
        self.left = self.left.saturating_sub(1);
    }

    /// What may be shown of a word of a command that carries passwords.
    fn masked<'a>(&mut self, index: usize, word: &'a [u8]) -> &'a [u8] {
        let mask_in = self.mask_in;
        self.mask_in = mask_in.saturating_sub(1);
        match mask_in {
            0 => {}
            1 => return MASK,
            _ => return word,
        }
        let is = |text: &[u8]| word.eq_ignore_ascii_case(text);
        match self.secret {
            Secret::Auth if self.left <= 1 && masks_auth() => return MASK,
            Secret::Hello if is(b"AUTH") => self.mask_in = 2,
            Secret::Migrate if is(b"AUTH") => self.mask_in = 1,
            Secret::Migrate if is(b"AUTH2") => self.mask_in = 2,
            Secret::Setting if is_secret_setting(word) => self.mask_in = 1,
            Secret::Acl if index > 2 && matches!(word.first(), Some(b'>' | b'<' | b'#' | b'!')) => {
                return MASK;
            }
            _ => {}
        }
        word
    }
}

/// Configuration `mask-auth`: the contract of the product wants the whole command, an operator may not.
fn masks_auth() -> bool {
    MASK_AUTH
        .with(|cell| *cell.get_or_init(|| host::config("mask-auth").is_some_and(|value| value == "true")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(words: &[&str]) -> String {
        let mut draft = Draft::new(0, words.len() as u32);
        for word in words {
            draft.push(word.as_bytes());
        }
        String::from_utf8_lossy(draft.text()).into_owned()
    }

    #[test]
    fn passwords_are_masked() {
        for (command, shown) in [
            ("HELLO 3 AUTH bob pw SETNAME x", "HELLO 3 AUTH bob *** SETNAME x"),
            ("hello 3 auth bob pw", "hello 3 auth bob ***"),
            ("CONFIG SET requirepass pw", "CONFIG SET requirepass ***"),
            ("CONFIG SET maxmemory 1 masterauth pw", "CONFIG SET maxmemory 1 masterauth ***"),
            ("CONFIG GET maxmemory", "CONFIG GET maxmemory"),
            ("SENTINEL SET m auth-pass pw", "SENTINEL SET m auth-pass ***"),
            ("ACL SETUSER bob on >pw ~* +@all", "ACL SETUSER bob on *** ~* +@all"),
            ("MIGRATE h 1 k 0 9 AUTH pw", "MIGRATE h 1 k 0 9 AUTH ***"),
            ("MIGRATE h 1 k 0 9 AUTH2 bob pw", "MIGRATE h 1 k 0 9 AUTH2 bob ***"),
            ("SET AUTH pw", "SET AUTH pw"),
        ] {
            let words: Vec<&str> = command.split(' ').collect();
            assert_eq!(join(&words), shown);
        }
    }

    #[test]
    fn words_are_found_again() {
        let mut draft = Draft::new(7, 5);
        assert_eq!(draft.word(0), b"");
        for word in ["CLIENT", "", "a b", "c"] {
            draft.push(word.as_bytes());
        }
        let words: Vec<&[u8]> = (0..5).map(|i| draft.word(i)).collect();
        assert_eq!(words, [b"CLIENT".as_slice(), b"", b"a b", b"", b""]);
        assert_eq!((draft.text(), draft.left, draft.words()), (b"CLIENT  a b c".as_slice(), 1, 5));
    }

    #[test]
    fn no_more_is_kept_than_is_told() {
        let mut draft = Draft::new(0, 10_000);
        while draft.left > 0 {
            draft.push(b"0123456");
        }
        assert_eq!(draft.text().len(), LIMIT);
        draft.recycle();
        assert_eq!(Draft::new(0, 1).text(), b"");
    }
}
