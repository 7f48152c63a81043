//! Takes: header fields as lines `name: value` with CR LF. Gives: the value of one. Looks at no more lines than it needs.

/// The value of the first field with that name, any case, without the blanks around it.
pub(super) fn value<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    // A pseudo-header field of HTTP/2 begins with a colon.
    let mut rest = head;
    while !rest.is_empty() {
        let end = crate::find::memchr(b'\n', rest).unwrap_or(rest.len());
        let (line, behind) = rest.split_at_checked(end)?;
        if let Some((front, [b':', value @ ..])) = line.split_at_checked(name.len())
            && front.eq_ignore_ascii_case(name)
        {
            return Some(value.trim_ascii());
        }
        rest = behind.get(1..).unwrap_or_default();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn any_case_and_no_other_name() {
        let head = b":path: /a\r\nHost:  a b\t\r\nHosts: c\r\nX-Host: d\r\nhost: second\r\nempty:\r\nlast: e";
        for (name, found) in [
            ("host", Some("a b")),
            ("HOST", Some("a b")),
            (":path", Some("/a")),
            ("empty", Some("")),
            ("last", Some("e")),
            ("ost", None),
            ("hos", None),
            ("lastly: much longer than the rest of the head is by far and by more than that still", None),
        ] {
            assert_eq!(value(head, name.as_bytes()), found.map(str::as_bytes), "{name}");
        }
        assert_eq!(value(b"", b"host"), None);
        assert_eq!(value(b"\n\n:\n", b""), Some(b"".as_slice()), "strange, but no panic");
    }
}
