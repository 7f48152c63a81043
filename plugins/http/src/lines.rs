//! Takes: the bytes of a head. Gives: its lines, one at a time, folded ones joined.
//!
//! Source: RFC 9112 section 2.2 (a bare LF may end a line) and 5.2 (obsolete line folding).

use weir_plugin_sdk::trace_context::{TraceHeaders, same_name};

/// The first letters of names that a reader wants, one bit each; both cases share one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Letters(u32);

impl Letters {
    /// These, in lower case.
    pub(crate) const fn of(letters: &[u8]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < letters.len() {
            bits |= 1 << (letters[at] & 31);
            at += 1;
        }
        Self(bits)
    }

    /// Those of `other` too.
    #[inline]
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[inline]
    pub(crate) fn has(self, letter: u8) -> bool {
        self.0 >> (letter & 31) & 1 != 0
    }
}

impl From<&TraceHeaders> for Letters {
    #[inline]
    fn from(headers: &TraceHeaders) -> Self {
        Self(headers.first_letters())
    }
}

/// The first line without its line end, and where the next one begins. `None`: it is not whole.
#[inline]
pub(crate) fn start_line(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let end = memchr::memchr(b'\n', bytes)?;
    let line = bytes.get(..end)?;
    Some((line.strip_suffix(b"\r").unwrap_or(line), end + 1))
}

/// Hands out every field line from `at` on whose name begins with one of `letters`, and gives the length of the head. `None`: its
/// end is not there. A line may end with CR, and holds line ends where it was folded. The last line of a head that is cut off is
/// handed out too when its LF is there.
#[inline]
pub(crate) fn fields<'a>(
    bytes: &'a [u8],
    mut at: usize,
    letters: Letters,
    mut field: impl FnMut(&'a [u8]),
) -> Option<usize> {
    loop {
        let rest = bytes.get(at..)?;
        let first = *rest.first()?;
        if first <= b'\r' {
            match rest {
                [b'\n', ..] => return Some(at + 1),
                [b'\r', b'\n', ..] => return Some(at + 2),
                _ => {}
            }
        }
        let mut end = memchr::memchr(b'\n', rest)?;
        while let Some(b' ' | b'\t') = rest.get(end + 1) {
            end += 1 + memchr::memchr(b'\n', rest.get(end + 1..)?)?;
        }
        if letters.has(first) {
            field(rest.get(..end)?);
        }
        at += end + 1;
    }
}

/// The field lines of a head of `length` bytes, from behind the start line up to the empty line. Of a head that is cut off (0) those
/// lines that are whole.
pub(crate) fn field_lines(bytes: &[u8], length: usize) -> &[u8] {
    let Some((_, at)) = start_line(bytes) else { return &[] };
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

/// Without the blanks and line ends around it.
#[inline]
fn trim(mut value: &[u8]) -> &[u8] {
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

    const ALL: Letters = Letters(u32::MAX);

    fn lines(head: &str) -> (Vec<&str>, Option<usize>) {
        let (_, at) = start_line(head.as_bytes()).unwrap();
        let mut lines = Vec::new();
        let end = fields(head.as_bytes(), at, ALL, |line| lines.push(std::str::from_utf8(line).unwrap()));
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
        assert!(start_line(b"GET / HTTP/1.1").is_none());
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
    fn letters() {
        let head = b"x\nAa: 1\nbb: 2\nCc: 3\nab: 4\n\n";
        let mut told = Vec::new();
        let end = fields(head, 2, Letters::of(b"a").and(Letters::of(b"c")), |line| told.push(line[0]));
        assert_eq!((told.as_slice(), end), (b"ACa".as_slice(), Some(head.len())));
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
