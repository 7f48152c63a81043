//! Commands as a person types them: words in a line.
//!
//! Takes: a line. Gives: a draft. Source: "Inline commands" of the RESP specification; quoting as `redis-cli` and the server
//! have it: `"\n\x41"` and `'it\'s'`.

use crate::command;
use crate::draft::Draft;

/// Whether a line, or the beginning of one, could be a command. A client that sends arrays hardly ever types as well:
/// then only names of Redis itself are believed.
pub(crate) fn could_be(line: &[u8], only_known: bool) -> bool {
    let line = line.trim_ascii_start();
    let end = line.iter().position(|b| matches!(b, b' ' | b'\t' | b'\r'));
    let name = line.get(..end.unwrap_or(line.len())).unwrap_or_default();
    match end {
        Some(_) if only_known => command::is_known(name),
        Some(_) => command::is_plausible(name),
        None if only_known => name.len() <= 24,
        // Of a name that goes on only its beginning can be judged.
        None => name.len() < 2 && name.iter().all(u8::is_ascii_alphabetic) || command::is_plausible(name),
    }
}

/// The words of a line.
pub(crate) fn draft(line: &[u8], start: u64) -> Box<Draft> {
    let count = words(line).count() as u32;
    let mut draft = Draft::new(start, count);
    for word in words(line) {
        match word {
            Word::Plain(text) => draft.push(text),
            Word::Quoted(text) => draft.push(&unquote(text)),
        }
    }
    draft
}

#[derive(Debug, PartialEq, Eq)]
enum Word<'a> {
    Plain(&'a [u8]),
    /// With its quotes, the last one may be missing.
    Quoted(&'a [u8]),
}

fn words(line: &[u8]) -> impl Iterator<Item = Word<'_>> {
    let mut rest = line;
    std::iter::from_fn(move || {
        rest = rest.trim_ascii_start();
        let first = *rest.first()?;
        let is_quoted = matches!(first, b'"' | b'\'');
        let end =
            if is_quoted { quoted_end(rest, first) } else { rest.iter().position(u8::is_ascii_whitespace) };
        let (word, behind) = rest.split_at(end.unwrap_or(rest.len()));
        rest = behind;
        Some(if is_quoted { Word::Quoted(word) } else { Word::Plain(word) })
    })
}

/// Behind the closing quote.
fn quoted_end(text: &[u8], quote: u8) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            _ if *byte == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn unquote(word: &[u8]) -> Vec<u8> {
    let Some((&quote, inner)) = word.split_first() else { return Vec::new() };
    let inner = inner.strip_suffix(&[quote]).unwrap_or(inner);
    let mut text = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((&byte, behind)) = rest.split_first() {
        let (plain, taken) = match (quote, byte, behind) {
            (b'"', b'\\', [b'x', high, low, ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, 4),
                _ => (b'x', 2),
            },
            (b'"', b'\\', [escaped, ..]) => (control(*escaped), 2),
            (b'\'', b'\\', [b'\'', ..]) => (b'\'', 2),
            _ => (byte, 1),
        };
        text.push(plain);
        rest = rest.get(taken..).unwrap_or_default();
    }
    text
}

fn control(escaped: u8) -> u8 {
    match escaped {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'a' => 7,
        other => other,
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|d| d as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_words() {
        for (line, text, count) in [
            ("PING", "PING", 1),
            ("  get   k ", "get k", 2),
            ("SET k \"a b\\x41\\n\"", "SET k a bA\n", 3),
            ("SET k 'it\\'s' x", "SET k it's x", 4),
            ("SET k \"open", "SET k open", 3),
            ("SET k \"\\xZZ\"", "SET k xZZ", 3),
            ("SET k \"", "SET k ", 3),
        ] {
            let draft = draft(line.as_bytes(), 0);
            assert_eq!(
                (String::from_utf8_lossy(draft.text()).as_ref(), draft.words()),
                (text, count),
                "{line:?}"
            );
        }
    }

    #[test]
    fn what_could_be_a_command() {
        assert!(could_be(b"PING", false) && could_be(b"G", false) && could_be(b"GET k", true));
        assert!(
            !could_be(b"\x16\x03\x01 ", false) && !could_be(b"howdy world", true) && !could_be(b"1 ", false)
        );
    }
}
