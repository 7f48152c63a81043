//! Takes: lists of header names. Gives: what each header's value holds and which one is preferred.

use std::ops::Range;
use std::rc::Rc;

/// Names that one list may have: every one is compared with headers that begin with the same letter.
const NAMES_LIMIT: usize = 32;

const TRACE_IDS: &str = "traceparent, sw8, sw6, b3, x-b3-traceid, uber-trace-id";
const SPAN_IDS: &str = "traceparent, sw8, sw6, b3, x-b3-spanid, uber-trace-id";
const REQUEST_IDS: &str = "x-request-id";

/// Rank of a header that is not in the list.
pub(super) const UNRANKED: u8 = u8::MAX;

/// The headers that hold ids, best first. Built once for an instance and shared by its connections.
#[derive(Clone, Debug)]
pub struct TraceHeaders {
    /// Ordered by their first letter.
    entries: Vec<Entry>,
    /// By first letter (`letter & 31`, which both cases share): the first entry and the one behind the last. Most headers are
    /// told apart by this alone.
    by_letter: [(u8, u8); 32],
    first_letters: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// In lower case.
    pub(super) name: Box<[u8]>,
    pub(super) form: Form,
    /// Place in the list of trace ids; 0 is best.
    pub(super) trace_rank: u8,
    /// Place in the list of span ids.
    pub(super) span_rank: u8,
}

/// How a value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    B3,
    B3Parent,
    B3Span,
    B3Trace,
    Jaeger,
    Plain,
    Request,
    SkyWalking,
    Traceparent,
}

impl Form {
    fn of(name: &[u8]) -> Self {
        match name {
            b"b3" => Self::B3,
            b"sw6" | b"sw8" => Self::SkyWalking,
            b"traceparent" => Self::Traceparent,
            b"uber-trace-id" => Self::Jaeger,
            b"x-b3-parentspanid" => Self::B3Parent,
            b"x-b3-spanid" => Self::B3Span,
            b"x-b3-traceid" => Self::B3Trace,
            _ => Self::Plain,
        }
    }
}

impl TraceHeaders {
    /// Lists of header names, separated by commas, best first. Names that this module knows are read in their own form,
    /// the value of any other one is the id. An empty list: no such id is read. At most 32 names of each list count.
    #[must_use]
    pub fn new(trace_ids: &str, span_ids: &str, request_ids: &str) -> Self {
        let mut headers = Self { entries: Vec::new(), by_letter: [(0, 0); 32], first_letters: 0 };
        for (rank, name) in names(trace_ids) {
            headers.entry(name).trace_rank = rank;
        }
        for (rank, name) in names(span_ids) {
            headers.entry(name).span_rank = rank;
        }
        if headers.entries.iter().any(|entry| entry.form == Form::B3Span) {
            headers.entry("x-b3-parentspanid");
        }
        for (_, name) in names(request_ids) {
            headers.entry(name).form = Form::Request;
        }
        headers.index();
        headers
    }

    /// The lists of the plugin's configuration: `trace-id-headers`, `span-id-headers`, `x-request-id-headers`. The host is
    /// asked once; every later call gives the same lists.
    #[must_use]
    pub fn configured() -> Rc<Self> {
        thread_local! {
            static CONFIGURED: Rc<TraceHeaders> = Rc::new(TraceHeaders::read_configuration());
        }
        CONFIGURED.with(Rc::clone)
    }

    fn read_configuration() -> Self {
        let list = |key, default: &str| crate::host::config(key).unwrap_or_else(|| default.to_owned());
        Self::new(
            &list("trace-id-headers", TRACE_IDS),
            &list("span-id-headers", SPAN_IDS),
            &list("x-request-id-headers", REQUEST_IDS),
        )
    }

    /// A bit for each first letter of the names, `letter & 31`, which both cases share: most lines of a head need no other look.
    #[inline]
    #[must_use]
    pub fn first_letters(&self) -> u32 {
        self.first_letters
    }

    /// The names of all of them, in lower case: who knows which lengths they have need not look at most lines.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.iter().map(|entry| &*entry.name)
    }

    /// The entry of this name, whatever the case of its letters, and its index.
    pub(super) fn find(&self, name: &[u8]) -> Option<(u8, &Entry)> {
        let (indices, entries) = self.candidates(name);
        indices.zip(entries).find(|(_, entry)| entry.name.len() == name.len() && same_name(name, &entry.name))
    }

    /// The entry that a line `name: value` belongs to, its index, and the value.
    #[inline]
    pub(super) fn find_line<'a>(&self, line: &'a [u8]) -> Option<(u8, &Entry, &'a [u8])> {
        let (indices, entries) = self.candidates(line);
        indices.zip(entries).find_map(|(index, entry)| {
            let (name, rest) = line.split_at_checked(entry.name.len())?;
            let value = rest.strip_prefix(b":")?;
            same_name(name, &entry.name).then_some((index, entry, value))
        })
    }

    /// Entries that begin with the letter of `name`, and their indices.
    #[inline]
    fn candidates(&self, name: &[u8]) -> (Range<u8>, &[Entry]) {
        let (start, end) = self.by_letter[usize::from(letter(name))];
        (start..end, self.entries.get(usize::from(start)..usize::from(end)).unwrap_or_default())
    }

    pub(super) fn get(&self, index: u8) -> Option<&Entry> {
        self.entries.get(usize::from(index))
    }

    fn entry(&mut self, name: &str) -> &mut Entry {
        let name = name.to_ascii_lowercase().into_bytes().into_boxed_slice();
        let known = self.entries.iter().position(|entry| entry.name == name);
        let index = known.unwrap_or_else(|| {
            // Sorted by insertion: the lists are short, and a sort is a tenth of a small plugin's code.
            let index = self.entries.partition_point(|entry| letter(&entry.name) <= letter(&name));
            let entry = Entry { form: Form::of(&name), name, trace_rank: UNRANKED, span_rank: UNRANKED };
            self.entries.insert(index, entry);
            index
        });
        &mut self.entries[index]
    }

    fn index(&mut self) {
        for (index, entry) in (0_u8..).zip(&self.entries) {
            let letter = letter(&entry.name);
            self.first_letters |= 1 << letter;
            let (start, end) = &mut self.by_letter[usize::from(letter)];
            if *end == 0 {
                *start = index;
            }
            *end = index + 1;
        }
    }
}

impl Default for TraceHeaders {
    /// The lists that hold when the configuration says nothing.
    fn default() -> Self {
        Self::new(TRACE_IDS, SPAN_IDS, REQUEST_IDS)
    }
}

/// What both cases of the first letter have in common.
#[inline]
fn letter(name: &[u8]) -> u8 {
    name.first().map_or(0, |letter| letter & 31)
}

fn names(list: &str) -> impl Iterator<Item = (u8, &str)> {
    let named = list.split(',').map(str::trim).filter(|name| !name.is_empty());
    (0..).zip(named.take(NAMES_LIMIT))
}

/// `name` is `lower`, whatever the case of its letters. Both have the same length. In words of eight bytes, or of four: this is asked
/// for many lines of every head.
#[inline]
#[must_use]
pub fn same_name(name: &[u8], lower: &[u8]) -> bool {
    if let Some(differ) = ends_differ(name, lower, u64::from_le_bytes) {
        // The two words overlap in names of up to 16 bytes, which nearly all are.
        return !differ && (name.len() <= 16 || same_words(name, lower));
    }
    match ends_differ(name, lower, |word| u64::from(u32::from_le_bytes(word))) {
        Some(differ) => !differ,
        None => name.iter().zip(lower).all(|(byte, lower)| folded(u64::from(*byte), u64::from(*lower)) == 0),
    }
}

/// The first `N` bytes differ, or the last ones. `None`: there are not that many.
#[inline]
fn ends_differ<const N: usize>(name: &[u8], lower: &[u8], word: impl Fn([u8; N]) -> u64) -> Option<bool> {
    let first = folded(word(*name.first_chunk()?), word(*lower.first_chunk()?));
    let last = folded(word(*name.last_chunk()?), word(*lower.last_chunk()?));
    Some(first | last != 0)
}

fn same_words(name: &[u8], lower: &[u8]) -> bool {
    let words = name.as_chunks().0.iter().zip(lower.as_chunks().0);
    words.into_iter().all(|(word, lower)| folded(u64::from_le_bytes(*word), u64::from_le_bytes(*lower)) == 0)
}

/// 0 when the bytes of `word` are those of `lower`, or the upper case of its letters.
#[inline]
fn folded(word: u64, lower: u64) -> u64 {
    const CASE: u64 = 0x2020_2020_2020_2020;
    (word | (lower & (lower >> 1) & CASE)) ^ lower
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case() {
        let headers = TraceHeaders::default();
        for name in [
            "TraceParent",
            "SW8",
            "sw6",
            "B3",
            "X-B3-TraceId",
            "X-B3-ParentSpanId",
            "Uber-Trace-Id",
            "X-REQUEST-ID",
        ] {
            assert!(headers.find(name.as_bytes()).is_some(), "{name}");
        }
        for name in ["", "traceparen", "traceparent2", "x-b3", "x-b3-", "accept", "\u{e9}"] {
            assert!(headers.find(name.as_bytes()).is_none(), "{name}");
        }
    }

    #[test]
    fn lines() {
        let headers = TraceHeaders::default();
        let found =
            |line: &str| headers.find_line(line.as_bytes()).map(|(index, _, value)| (index, value.to_vec()));
        let (index, _) = headers.find(b"x-request-id").unwrap();
        assert_eq!(found("X-Request-Id: a\r"), Some((index, b" a\r".to_vec())));
        assert_eq!(found("x-request-id:"), Some((index, Vec::new())));
        for line in [
            "x-request-id",
            "x-request-id : a",
            "x-request-id2: a",
            "x\rrequest-id: a",
            "x-request-i\u{4}: a",
            ":",
            "",
        ] {
            assert_eq!(found(line), None, "{line:?}");
        }
    }

    #[test]
    fn same_names() {
        let all: String = (1..=127_u8).map(char::from).collect();
        for byte in all.bytes() {
            for other in all.bytes().filter(|b| !b.is_ascii_uppercase()) {
                let want = byte.to_ascii_lowercase() == other;
                // No two characters that a header's name may have are mixed up, but `^` and `~`.
                let odd = [byte, other].iter().any(|b| matches!(b, b'`' | b'{'..=b'~' | 0x7f));
                assert!(same_name(&[byte], &[other]) == want || odd, "{byte} {other}");
            }
        }
    }

    #[test]
    fn every_byte_of_a_name_counts() {
        for length in 1..40 {
            let name: Vec<u8> = (b'a'..=b'z').cycle().take(length).collect();
            let mut other = name.to_ascii_uppercase();
            assert!(same_name(&other, &name));
            for at in 0..length {
                other[at] = b'-';
                assert!(!same_name(&other, &name), "{at} of {length}");
                other[at] = name[at];
            }
        }
    }

    #[test]
    fn a_long_list_is_cut() {
        let list: String = (0..300).map(|n| format!("x{n},")).collect();
        let headers = TraceHeaders::new(&list, &list, "");
        assert_eq!(headers.entries.len(), NAMES_LIMIT);
        assert!(headers.find(b"X31").is_some() && headers.find(b"x32").is_none());
    }

    #[test]
    fn odd_lists() {
        assert!(TraceHeaders::new("", " , ,", ",").entries.is_empty());
        let twice = TraceHeaders::new("A, a ,b", "", "");
        assert_eq!(twice.entries.len(), 2);
    }
}
