//! Takes: a head found at a place where anything could stand. Gives: whether it is beyond doubt.
//!
//! After a loss, or when a capture joins in the middle, the bytes may lie inside a body, and a body may hold text that looks
//! like a message. So there nothing is tolerated.

use crate::start_line::is_token_character;

/// Every line of `head` behind the first one that has its end there: a name, a colon, a value without control characters, CR LF.
/// The last line may be cut off.
pub(crate) fn fields_are_clean(head: &[u8]) -> bool {
    let mut lines = head.split_inclusive(|b| *b == b'\n');
    let first = lines.next().is_some_and(|line| line.ends_with(b"\r\n"));
    first && lines.filter(|line| line.ends_with(b"\n")).all(is_clean)
}

fn is_clean(line: &[u8]) -> bool {
    let Some(line) = line.strip_suffix(b"\r\n") else { return false };
    if line.is_empty() {
        return true;
    }
    let name = line.iter().take_while(|b| is_token_character(**b)).count();
    let Some((b':', value)) = line.get(name..).and_then(<[u8]>::split_first) else { return false };
    name > 0 && value.iter().all(|b| *b == b'\t' || (*b >= b' ' && *b != 0x7f))
}

#[cfg(test)]
mod tests {
    use super::fields_are_clean;

    #[test]
    fn clean() {
        for head in [
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX:\r\nY: \u{e9}\t1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX (cut",
        ] {
            assert!(fields_are_clean(head.as_bytes()), "{head:?}");
        }
    }

    #[test]
    fn not_clean() {
        for head in [
            "",
            "GET / HTTP/1.1",
            "GET / HTTP/1.1\n\n",
            "GET / HTTP/1.1\r\nHost: a\n\r\n",
            "GET / HTTP/1.1\r\n folded: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            "GET / HTTP/1.1\r\n: a\r\n\r\n",
            "GET / HTTP/1.1\r\nno colon\r\n\r\n",
            "GET / HTTP/1.1\r\nX: \u{1}\r\n\r\n",
            "GET / HTTP/1.1\r\nX: a\rb\r\n\r\n",
        ] {
            assert!(!fields_are_clean(head.as_bytes()), "{head:?}");
        }
    }
}
