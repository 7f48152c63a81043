//! Takes: the bytes of a head. Gives: its lines, folded ones joined.
//!
//! Source: RFC 9112 section 2.2 (a bare LF may end a line) and 5.2 (obsolete line folding).

use weir_plugin_sdk::trace_context::same_name;

use crate::marks::{Marks, WINDOW};
use crate::names::Names;

/// Lines that are found at once. A request of a browser has about as many that somebody wants; more of them cost another call.
const FOUND: usize = 8;

/// The lines of a head, in order.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    bytes: &'a [u8],
    marks: Marks,
    /// What the marks are of begins here, a multiple of its length.
    window: usize,
    /// Where the next line begins; at last what is behind the head.
    at: usize,
    /// Begin and end of lines that are wanted.
    found: [(usize, usize); FOUND],
    count: usize,
}

/// Why a search ended.
enum Ended {
    Cut,
    Full,
    Head,
}

impl<'a> Lines<'a> {
    #[inline]
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, marks: Marks::default(), window: 0, at: 0, found: [(0, 0); FOUND], count: 0 }
    }

    /// The first line without its line end. `None`: it is not whole.
    #[inline]
    pub(crate) fn first(&mut self) -> Option<&'a [u8]> {
        self.marks.set(self.bytes);
        let end = match self.marks.line_ends(0) {
            0 => far_line_end(self.bytes)?,
            ends => ends.trailing_zeros() as usize,
        };
        self.at = end + 1;
        match self.bytes.get(..end)? {
            [line @ .., b'\r'] | line => Some(line),
        }
    }

    /// Behind the first line: hands out every field line that may have one of `names`, and gives the length of the head. `None`: its
    /// end is not there. A line may end with CR, and holds line ends where it was folded. The last line of a head that is cut off is
    /// handed out too when its LF is there.
    #[inline]
    pub(crate) fn fields(&mut self, names: &Names, mut field: impl FnMut(&'a [u8])) -> Option<usize> {
        loop {
            let ended = self.find(names);
            for (start, end) in self.found.iter().take(self.count) {
                field(self.bytes.get(*start..*end)?);
            }
            match ended {
                Ended::Head => return Some(self.at),
                Ended::Cut => return None,
                Ended::Full => self.count = 0,
            }
        }
    }

    /// Finds wanted lines. Another loop does what is done with them, so that this one has all it needs in registers.
    #[inline(always)] // one place calls it for requests, one for responses
    fn find(&mut self, names: &Names) -> Ended {
        let bytes = self.bytes;
        let Some(first) = bytes.get(self.at) else { return Ended::Cut };
        if let Some(length) = self.empty_line(*first, self.at) {
            return self.end(length);
        }
        let (mut line, mut wanted) = (self.at, self.may_be(names, *first, self.at));
        let mut base = line / 64 * 64;
        let mut ends = self.line_ends(base) & u64::MAX << (line % 64);
        loop {
            if ends == 0 {
                base += 64;
                if base >= bytes.len() {
                    return Ended::Cut;
                }
                ends = self.line_ends(base);
                continue;
            }
            let end = base + ends.trailing_zeros() as usize;
            ends &= ends - 1;
            let next = bytes.get(end + 1).copied().unwrap_or_default();
            // A line that begins with a blank goes on with the one before.
            if next <= b' ' && matches!(next, b' ' | b'\t') {
                continue;
            }
            if wanted {
                if self.count == FOUND {
                    self.at = line;
                    return Ended::Full;
                }
                self.push(line, end);
            }
            line = end + 1;
            if next <= b'\r'
                && let Some(length) = self.empty_line(next, line)
            {
                return self.end(length);
            }
            wanted = self.may_be(names, next, line);
        }
    }

    /// A bit for each line end of the 64 bytes from `base` on.
    #[inline]
    fn line_ends(&mut self, base: usize) -> u64 {
        if base >= self.window + WINDOW {
            self.go_on(base);
        }
        self.marks.line_ends(base / 64)
    }

    #[inline(never)]
    fn go_on(&mut self, base: usize) {
        self.window = base / WINDOW * WINDOW;
        self.marks = Marks::default();
        self.marks.set(self.bytes.get(self.window..).unwrap_or_default());
    }

    /// The line at `at`, which begins with `first`, may be a wanted one.
    #[inline]
    fn may_be(&self, names: &Names, first: u8, at: usize) -> bool {
        names.may_have(first, || self.marks.colons(at.wrapping_sub(self.window)))
    }

    /// What is behind the empty line, if that is the one at `at`.
    #[inline]
    fn empty_line(&self, first: u8, at: usize) -> Option<usize> {
        if first == b'\n' {
            return Some(at + 1);
        }
        (first == b'\r' && self.bytes.get(at + 1) == Some(&b'\n')).then_some(at + 2)
    }

    #[inline]
    fn end(&mut self, length: usize) -> Ended {
        self.at = length;
        Ended::Head
    }

    #[inline]
    fn push(&mut self, start: usize, end: usize) {
        if let Some(place) = self.found.get_mut(self.count) {
            *place = (start, end);
            self.count += 1;
        }
    }
}

/// The first line end, where it does not stand among the first bytes.
#[cold]
fn far_line_end(bytes: &[u8]) -> Option<usize> {
    memchr::memchr(b'\n', bytes)
}

/// The field lines of a head of `length` bytes, from behind the start line up to the empty line. Of a head that is cut off (0) those
/// lines that are whole.
pub(crate) fn field_lines(bytes: &[u8], length: usize) -> &[u8] {
    let Some(at) = memchr::memchr(b'\n', bytes).map(|first| first + 1) else { return &[] };
    if length == 0 {
        let end = memchr::memrchr(b'\n', bytes).map_or(at, |last| last + 1);
        return bytes.get(at..end).unwrap_or_default();
    }
    let lines = bytes.get(at..length).unwrap_or_default();
    lines.strip_suffix(b"\r\n").or_else(|| lines.strip_suffix(b"\n")).unwrap_or(lines)
}

/// Where a head may end in `bytes`: an LF with an empty line behind it. Looks from `from` on only.
pub(crate) fn has_end_of_head(bytes: &[u8], from: usize) -> bool {
    let rest = bytes.get(from..).unwrap_or_default();
    memchr::memchr_iter(b'\n', rest).any(|at| {
        let behind = rest.get(at + 1..).unwrap_or_default();
        matches!(behind, [b'\n', ..] | [b'\r', b'\n', ..])
    })
}

/// The value of a field line when its name is `name` (in lower case), without the blanks around it.
///
/// No blank is allowed between name and colon (RFC 9112 section 5.1): servers refuse such a request.
#[inline]
pub(crate) fn value_of<'a, const N: usize>(line: &'a [u8], name: &[u8; N]) -> Option<&'a [u8]> {
    let (front, rest) = line.split_first_chunk::<N>()?;
    let value = rest.strip_prefix(b":")?;
    same_name(front, name).then(|| trim(value))
}

/// Without the blanks and line ends around it: as a rule one blank in front and a CR behind.
#[inline]
fn trim(value: &[u8]) -> &[u8] {
    match value {
        [b' ', value @ .., b'\r'] if is_visible(value.first()) && is_visible(value.last()) => value,
        _ => trim_all(value),
    }
}

/// No blank, line end or other control character.
#[inline]
pub(crate) fn is_visible(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| *byte > b' ')
}

#[inline(never)]
fn trim_all(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t' | b'\r' | b'\n'] = value {
        value = rest;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(head: &str) -> (Vec<&str>, Option<usize>) {
        let (mut head, mut lines) = (Lines::new(head.as_bytes()), Vec::new());
        head.first().unwrap();
        let end = head.fields(&Names::ALL, |line| lines.push(std::str::from_utf8(line).unwrap()));
        (lines, end)
    }

    #[test]
    fn ends() {
        assert_eq!(lines("x\r\na: 1\r\nb: 2\r\n\r\nrest"), (vec!["a: 1\r", "b: 2\r"], Some(17)));
        assert_eq!(lines("x\na: 1\n\nrest"), (vec!["a: 1"], Some(8)));
        assert_eq!(lines("x\r\n\n"), (vec![], Some(4)));
        assert_eq!(lines("x\na: 1\r\n"), (vec!["a: 1\r"], None));
        assert_eq!(lines("x\na: 1\r\n\r"), (vec!["a: 1\r"], None));
        assert_eq!(lines("x\n\ra\n\n"), (vec!["\ra"], Some(6)));
        assert!(Lines::new(b"GET / HTTP/1.1").first().is_none());
    }

    #[test]
    fn folded_lines_are_one() {
        assert_eq!(lines("x\na:\r\n 1,\n\t2\r\nb:3\n\n"), (vec!["a:\r\n 1,\n\t2\r", "b:3"], Some(19)));
        assert_eq!(lines("x\na: 1\n "), (vec![], None));
    }

    #[test]
    fn any_length_and_place() {
        for width in 0..40 {
            for more in 0..20 {
                let head = format!(
                    "x\na{}\r\nb{}\n\x0b\n\n{}",
                    "y".repeat(width),
                    "z".repeat(more),
                    "\n".repeat(width % 9)
                );
                let (lines, end) = lines(&head);
                let lengths: Vec<_> = lines.iter().map(|line| line.len()).collect();
                assert_eq!(
                    (lengths, end),
                    (vec![width + 2, more + 1, 1], Some(width + more + 10)),
                    "{head:?}"
                );
            }
        }
    }

    #[test]
    fn only_the_wanted_ones() {
        let head = b"x\nAa: 1\nbb: 2\nCc: 3\nab : 4\naa\n\n";
        let (mut lines, mut told) = (Lines::new(head), Vec::new());
        assert_eq!(lines.first(), Some(b"x".as_slice()));
        let end = lines.fields(&Names::of(&[b"aa", b"cc"]), |line| told.push(line[0]));
        assert_eq!((told.as_slice(), end), (b"AC".as_slice(), Some(head.len())));
    }

    #[test]
    fn more_lines_than_are_found_at_once() {
        for count in 0..5 * FOUND {
            let mut head = format!("x\n{}", "a:\r\n 1\n".repeat(count));
            assert_eq!(lines(&head), (vec!["a:\r\n 1"; count], None));
            head.push('\n');
            assert_eq!(lines(&head), (vec!["a:\r\n 1"; count], Some(head.len())));
        }
    }

    /// Line by line, byte by byte.
    fn by_hand<'a>(head: &'a [u8], names: &[&[u8]]) -> Option<(Vec<&'a [u8]>, Option<usize>)> {
        let line_end = |from: usize| Some(from + head.get(from..)?.iter().position(|b| *b == b'\n')?);
        let (mut at, mut found) = (line_end(0)? + 1, Vec::new());
        loop {
            for empty in [b"\n".as_slice(), b"\r\n"] {
                if head[at..].starts_with(empty) {
                    return Some((found, Some(at + empty.len())));
                }
            }
            let Some(mut end) = line_end(at) else { return Some((found, None)) };
            while let Some(b' ' | b'\t') = head.get(end + 1) {
                let Some(next) = line_end(end + 1) else { return Some((found, None)) };
                end = next;
            }
            let line = &head[at..end];
            if names.iter().any(|name| value_is_of(line, name)) {
                found.push(line);
            }
            at = end + 1;
        }
    }

    proptest::proptest! {
        #[test]
        fn the_same_as_by_hand(
            pieces in proptest::collection::vec(
                proptest::sample::select(vec![
                    "\n", "\r\n", "\r", " ", "\t", ":", "a", "A: 1\r\n", "b: 2\r\n", "a-name-of-sixteen: 3\n", "X-B3-SpanId:",
                    "some text that is longer than a block of bytes", "\r\n\r\n", "c", "\0",
                ]),
                0..60,
            ),
        ) {
            const WANTED: [&[u8]; 4] = [b"a", b"b", b"a-name-of-sixteen", b"x-b3-spanid"];
            let head = pieces.concat();
            let mut lines = Lines::new(head.as_bytes());
            let told = lines.first().map(|_| {
                let mut found = Vec::new();
                let end = lines.fields(&Names::of(&WANTED), |line| {
                    if WANTED.iter().any(|name| value_is_of(line, name)) {
                        found.push(line);
                    }
                });
                (found, end)
            });
            proptest::prop_assert_eq!(told, by_hand(head.as_bytes(), &WANTED));
        }
    }

    fn value_is_of(line: &[u8], name: &[u8]) -> bool {
        line.get(name.len()) == Some(&b':') && same_name(&line[..name.len()], name)
    }

    #[test]
    fn the_end_is_found_from_anywhere_near() {
        let head = b"GET / HTTP/1.1\r\nA: b\r\n\r\n";
        for from in 0..head.len() {
            assert_eq!(has_end_of_head(head, from), from <= head.len() - 3, "{from}");
        }
        assert!(has_end_of_head(b"x\n\n", 0) && !has_end_of_head(b"x\n\r", 0) && !has_end_of_head(b"", 9));
    }

    #[test]
    fn values() {
        assert_eq!(value_of(b"HoSt:\t a b \r", b"host"), Some(b"a b".as_slice()));
        assert_eq!(value_of(b"host:", b"host"), Some(b"".as_slice()));
        for other in ["host", "hosts: a", "host : a", "ghost: a", ""] {
            assert_eq!(value_of(other.as_bytes(), b"host"), None, "{other}");
        }
    }
}
