//! Takes: the bytes of a head. Gives: its lines, one at a time, folded ones joined.
//!
//! Source: RFC 9112 section 2.2 (a bare LF may end a line) and 5.2 (obsolete line folding).

/// Walks through a head behind its start line.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// One step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// A field line, not empty. It may end with CR, and hold line ends where it was folded.
    Field(&'a [u8]),
    /// The empty line; the head is so many bytes long, start line included.
    End(usize),
    /// More bytes are needed.
    Partial,
}

impl<'a> Lines<'a> {
    /// The start line of `bytes` without its LF, and the lines behind it. `None`: the line is not whole.
    #[inline]
    pub(crate) fn new(bytes: &'a [u8]) -> Option<(&'a [u8], Self)> {
        let end = memchr::memchr(b'\n', bytes)?;
        let line = bytes.get(..end)?;
        Some((line.strip_suffix(b"\r").unwrap_or(line), Self { bytes, at: end + 1 }))
    }

    /// The next line. The last one of a head that was cut off is given too when its LF is there.
    #[inline]
    pub(crate) fn next(&mut self) -> Line<'a> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        match rest {
            [b'\n', ..] => return Line::End(self.at + 1),
            [b'\r', b'\n', ..] => return Line::End(self.at + 2),
            _ => {}
        }
        let Some(mut end) = memchr::memchr(b'\n', rest) else { return Line::Partial };
        while let Some(b' ' | b'\t') = rest.get(end + 1) {
            let behind = rest.get(end + 1..).unwrap_or_default();
            let Some(more) = memchr::memchr(b'\n', behind) else { return Line::Partial };
            end += 1 + more;
        }
        self.at += end + 1;
        Line::Field(rest.get(..end).unwrap_or_default())
    }
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
pub(crate) fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (front, rest) = line.split_at_checked(name.len())?;
    let value = rest.strip_prefix(b":")?;
    front.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

/// Name and value of any field line.
#[inline]
pub(crate) fn pair(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    let (name, rest) = line.split_at_checked(colon)?;
    Some((name, rest.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(head: &str) -> (Vec<&str>, Line<'_>) {
        let (_, mut lines) = Lines::new(head.as_bytes()).unwrap();
        let mut fields = Vec::new();
        loop {
            match lines.next() {
                Line::Field(field) => fields.push(std::str::from_utf8(field).unwrap()),
                end => return (fields, end),
            }
        }
    }

    #[test]
    fn ends() {
        assert_eq!(lines("x\r\na: 1\r\nb: 2\r\n\r\nrest"), (vec!["a: 1\r", "b: 2\r"], Line::End(17)));
        assert_eq!(lines("x\na: 1\n\nrest"), (vec!["a: 1"], Line::End(8)));
        assert_eq!(lines("x\r\n\n"), (vec![], Line::End(4)));
        assert_eq!(lines("x\na: 1\r\n"), (vec!["a: 1\r"], Line::Partial));
        assert_eq!(lines("x\na: 1\r\n\r"), (vec!["a: 1\r"], Line::Partial));
        assert!(Lines::new(b"GET / HTTP/1.1").is_none());
    }

    #[test]
    fn folded_lines_are_one() {
        assert_eq!(lines("x\na:\r\n 1,\n\t2\r\nb:3\n\n"), (vec!["a:\r\n 1,\n\t2\r", "b:3"], Line::End(19)));
        assert_eq!(lines("x\na: 1\n "), (vec![], Line::Partial));
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
