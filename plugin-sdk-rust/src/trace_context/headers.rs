//! Takes: lists of header names. Gives: what each header's value holds and which one is preferred.

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
    entries: Vec<Entry>,
    /// A bit for each first letter, `letter & 31`: most headers are told apart by this alone.
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
        let mut headers = Self { entries: Vec::new(), first_letters: 0 };
        for (rank, name) in names(trace_ids) {
            headers.entry(name).trace_rank = rank;
        }
        for (rank, name) in names(span_ids) {
            headers.entry(name).span_rank = rank;
        }
        if headers.find(b"x-b3-spanid").is_some() {
            headers.entry("x-b3-parentspanid");
        }
        for (_, name) in names(request_ids) {
            headers.entry(name).form = Form::Request;
        }
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

    /// False when no name of the lists begins with this letter: a parser need not even look where the name ends.
    #[inline]
    #[must_use]
    pub fn may_begin_with(&self, letter: u8) -> bool {
        self.first_letters & bit(letter) != 0
    }

    /// Index of the entry of this name, whatever the case of its letters.
    pub(super) fn find(&self, name: &[u8]) -> Option<u8> {
        let (first, _) = name.split_first()?;
        if !self.may_begin_with(*first) {
            return None;
        }
        let found = self.entries.iter().position(|entry| entry.name.eq_ignore_ascii_case(name))?;
        u8::try_from(found).ok()
    }

    pub(super) fn get(&self, index: u8) -> Option<&Entry> {
        self.entries.get(usize::from(index))
    }

    fn entry(&mut self, name: &str) -> &mut Entry {
        let name = name.to_ascii_lowercase().into_bytes().into_boxed_slice();
        let known = self.entries.iter().position(|entry| entry.name == name);
        let index = known.unwrap_or_else(|| {
            self.first_letters |= name.first().map_or(0, |letter| bit(*letter));
            let form = Form::of(&name);
            self.entries.push(Entry { name, form, trace_rank: UNRANKED, span_rank: UNRANKED });
            self.entries.len() - 1
        });
        &mut self.entries[index]
    }
}

impl Default for TraceHeaders {
    /// The lists that hold when the configuration says nothing.
    fn default() -> Self {
        Self::new(TRACE_IDS, SPAN_IDS, REQUEST_IDS)
    }
}

fn names(list: &str) -> impl Iterator<Item = (u8, &str)> {
    let named = list.split(',').map(str::trim).filter(|name| !name.is_empty());
    (0..).zip(named.take(NAMES_LIMIT))
}

/// Upper and lower case of a letter share a bit.
fn bit(letter: u8) -> u32 {
    1 << (letter & 31)
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
