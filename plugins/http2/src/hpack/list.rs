//! Takes: fields as they are decoded. Gives: them as lines `name: value` with CR LF in one text, which is used again for every block.

use std::cell::Cell;

/// Bytes of text that are kept of one block: what servers accept of a list at most by default (8 to 64 KiB). Further fields are
/// left out.
const TEXT_LIMIT: usize = 64 << 10;

/// Fields that are kept of one block; servers refuse more than some hundred.
const LINES_LIMIT: usize = 1024;

const SEPARATOR: &[u8] = b": ";

/// The fields of one block, without those that nobody can know.
#[derive(Debug, Default)]
pub(crate) struct HeaderList {
    text: Vec<u8>,
    lines: Vec<Span>,
    /// Fields that were left out because the dynamic table hides them.
    pub(super) unknown: u32,
    /// The first field of the block is one of them: that is where pseudo-header fields stand.
    unknown_first: bool,
    /// Fields that HTTP forbids were left out.
    bad: bool,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    colon: u32,
    end: u32,
}

/// A field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) value: &'a [u8],
}

thread_local! {
    static SPARE: Cell<HeaderList> = const { Cell::new(HeaderList {
        text: Vec::new(), lines: Vec::new(), unknown: 0, unknown_first: false, bad: false,
    }) };
}

impl HeaderList {
    /// An empty list with the memory of the last one; give it back.
    pub(crate) fn take() -> Self {
        let mut list = SPARE.take();
        list.clear();
        list
    }

    pub(crate) fn give_back(self) {
        SPARE.set(self);
    }

    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.lines.clear();
        self.unknown = 0;
        self.unknown_first = false;
        self.bad = false;
    }

    /// Some fields are not known.
    pub(crate) fn has_unknown(&self) -> bool {
        self.unknown > 0
    }

    /// The first field is not known.
    pub(crate) fn begins_unknown(&self) -> bool {
        self.unknown_first
    }

    /// Some field was one that HTTP forbids (RFC 9113 section 8.2.1).
    pub(crate) fn is_bad(&self) -> bool {
        self.bad
    }

    /// All fields as lines `name: value` with CR LF.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.lines.iter().filter_map(|span| {
            let name = self.text.get(span.start as usize..span.colon as usize)?;
            let value = self.text.get(span.colon as usize + SEPARATOR.len()..span.end as usize)?;
            Some(Line { name, value })
        })
    }

    /// A field that nobody can know.
    pub(crate) fn unknown(&mut self) {
        self.unknown_first |= self.lines.is_empty();
        self.unknown += 1;
    }

    pub(super) fn push(&mut self, name: &[u8], value: &[u8]) {
        if self.is_full() {
            return;
        }
        let start = self.begin();
        self.append(name);
        let colon = self.colon();
        self.append(value);
        self.finish(start, colon);
    }

    fn is_full(&self) -> bool {
        self.text.len() >= TEXT_LIMIT || self.lines.len() >= LINES_LIMIT
    }

    /// A field begins here.
    pub(super) fn begin(&self) -> usize {
        self.text.len()
    }

    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.text.extend_from_slice(bytes);
    }

    pub(super) fn text_mut(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    /// Its name ends here.
    pub(super) fn colon(&mut self) -> usize {
        let colon = self.text.len();
        self.text.extend_from_slice(SEPARATOR);
        colon
    }

    /// Name and value of the field that was begun.
    pub(super) fn open(&self, start: usize, colon: usize) -> (&[u8], &[u8]) {
        let name = self.text.get(start..colon).unwrap_or_default();
        (name, self.text.get(colon + SEPARATOR.len()..).unwrap_or_default())
    }

    pub(super) fn drop_from(&mut self, start: usize) {
        self.text.truncate(start);
    }

    /// Its value ends here.
    pub(super) fn finish(&mut self, start: usize, colon: usize) {
        let (name, value) = self.open(start, colon);
        let bad = !is_name(name) || value.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n'));
        let end = self.text.len();
        if bad || end > TEXT_LIMIT || self.lines.len() >= LINES_LIMIT {
            self.bad |= bad;
            self.text.truncate(start);
            return;
        }
        self.lines.push(Span { start: start as u32, colon: colon as u32, end: end as u32 });
        self.text.extend_from_slice(b"\r\n");
    }
}

/// A token without upper-case letters, with a colon before those of pseudo-header fields (RFC 9113 section 8.2.1 and 8.3).
#[inline]
fn is_name(name: &[u8]) -> bool {
    let token = name.strip_prefix(b":").unwrap_or(name);
    !token.is_empty() && token.iter().all(|byte| NAME_BYTES[usize::from(*byte)])
}

/// Bytes of a name: visible ASCII without upper-case letters and separators. A table, since every byte of every name is looked at.
static NAME_BYTES: [bool; 256] = {
    let separators = b"()<>@,;:\\\"/[]?={}";
    let mut good = [false; 256];
    let mut byte = 0x21;
    while byte < 0x7f {
        good[byte] = !(byte as u8).is_ascii_uppercase();
        byte += 1;
    }
    let mut at = 0;
    while at < separators.len() {
        good[separators[at] as usize] = false;
        at += 1;
    }
    good
};
