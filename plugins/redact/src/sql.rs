//! Texts and numbers in a statement. Names, keywords, parameters and comments stay.
//!
//! Sources: MySQL 8.0 Reference Manual, 9.1 Literal Values and 9.7 Comments; PostgreSQL manual, 4.1 Lexical Structure.

use crate::rewrite::{at, is_word, replace, run};

/// Decides what a quote means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    MySql,
    PostgreSql,
}

use Dialect::{MySql, PostgreSql};

/// A piece of a statement ends here.
enum Token {
    Literal(usize),
    Other(usize),
}

impl Dialect {
    /// Of a protocol's statements.
    pub(crate) fn of(protocol: &[u8]) -> Option<Self> {
        match protocol {
            b"MySQL" => Some(MySql),
            b"PostgreSQL" => Some(PostgreSql),
            _ => None,
        }
    }
}

/// Puts `?` for each of them. False: there is none.
pub(crate) fn hide(dialect: Dialect, text: &[u8], into: &mut Vec<u8>) -> bool {
    replace(text, into, b"?", |from| {
        let mut start = from;
        while start < text.len() {
            match token(dialect, text, start) {
                Token::Literal(end) => return Some(start..end),
                // Every token has a length.
                Token::Other(end) => start = end.max(start + 1),
            }
        }
        None
    })
}

fn token(dialect: Dialect, text: &[u8], start: usize) -> Token {
    let next = at(text, start + 1);
    match (at(text, start), dialect) {
        (b'\'', _) => Token::Literal(quoted(text, start, dialect == MySql)),
        (b'"', MySql) => Token::Literal(quoted(text, start, true)),
        (b'"', PostgreSql) | (b'`', MySql) => Token::Other(quoted(text, start, false)),
        (b'$', PostgreSql) => dollar(text, start),
        (b'0'..=b'9', _) => Token::Literal(number(text, start)),
        (b'.', _) if next.is_ascii_digit() && !ends_name(text, start) => Token::Literal(number(text, start)),
        (first, _) if is_name(first) => name(dialect, text, start),
        _ => Token::Other(comment(dialect, text, start)),
    }
}

/// A word; one that belongs to the quote behind it (`N'x'`, `_utf8'x'`) is a literal with it.
fn name(dialect: Dialect, text: &[u8], start: usize) -> Token {
    let end = start + run(text, start, |byte| is_name(byte) || byte.is_ascii_digit() || byte == b'$');
    if at(text, end) != b'\'' {
        return Token::Other(end);
    }
    let word = text.get(start..end).unwrap_or_default();
    let prefix = matches!(word, [b'n' | b'N' | b'x' | b'X' | b'b' | b'B' | b'e' | b'E']);
    let introducer = dialect == MySql && word.starts_with(b"_");
    if !(prefix || introducer) {
        return Token::Other(end);
    }
    Token::Literal(quoted(text, end, dialect == MySql || matches!(word, [b'e' | b'E'])))
}

/// Behind what begins with a quote; without its end, all there is.
fn quoted(text: &[u8], start: usize, escapes: bool) -> usize {
    let quote = at(text, start);
    let mut place = start + 1;
    while place < text.len() {
        match (at(text, place), at(text, place + 1)) {
            (b'\\', _) if escapes => place += 2,
            (byte, next) if byte == quote && next == quote => place += 2,
            (byte, _) if byte == quote => return place + 1,
            _ => place += 1,
        }
    }
    text.len()
}

/// `$tag$ ... $tag$` is a text, `$1` a parameter.
fn dollar(text: &[u8], start: usize) -> Token {
    let first = at(text, start + 1);
    let tag = if first.is_ascii_digit() {
        0
    } else {
        run(text, start + 1, |byte| is_name(byte) || byte.is_ascii_digit())
    };
    let end = start + 1 + tag;
    if at(text, end) != b'$' {
        // A parameter: its number is no literal.
        return Token::Other(end + run(text, end, |byte| byte.is_ascii_digit()));
    }
    let delimiter = text.get(start..=end).unwrap_or_default();
    let behind = text.get(end + 1..).unwrap_or_default();
    let length = memchr::memmem::find(behind, delimiter);
    Token::Literal(length.map_or(text.len(), |length| end + 1 + length + delimiter.len()))
}

/// Behind `12`, `1.5e-3`, `0xff`, `.5`.
fn number(text: &[u8], start: usize) -> usize {
    let is_hex = at(text, start) == b'0' && matches!(at(text, start + 1), b'x' | b'X');
    let mut end = start + 1;
    loop {
        let exponent =
            !is_hex && matches!(at(text, end - 1), b'e' | b'E') && at(text, end + 1).is_ascii_digit();
        match at(text, end) {
            b'+' | b'-' if exponent => end += 1,
            byte if is_word(byte) || byte == b'.' => end += 1,
            _ => return end,
        }
    }
}

/// Behind a comment, or behind any other sign. What MySQL runs (`/*! ... */`) is no comment.
fn comment(dialect: Dialect, text: &[u8], start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let end_with = |end: &[u8], from: usize| {
        let behind = rest.get(from..).unwrap_or_default();
        memchr::memmem::find(behind, end).map_or(text.len(), |length| start + from + length + end.len())
    };
    match (rest, dialect) {
        // The version behind it is no literal.
        ([b'/', b'*', b'!', ..], MySql) => start + 3 + run(text, start + 3, |byte| byte.is_ascii_digit()),
        ([b'/', b'*', ..], _) => end_with(b"*/", 2),
        ([b'#', ..], MySql) | ([b'-', b'-', ..], PostgreSql) => end_with(b"\n", 0),
        // Without white space behind it, it is a sum: `1--1`.
        ([b'-', b'-'] | [b'-', b'-', 0..=b' ', ..], MySql) => end_with(b"\n", 0),
        _ => start + 1,
    }
}

/// A letter, an underscore, or anything that is not ASCII.
fn is_name(byte: u8) -> bool {
    (is_word(byte) && !byte.is_ascii_digit()) || byte >= 0x80
}

/// A dot behind it belongs to a name.
fn ends_name(text: &[u8], end: usize) -> bool {
    let last = end.checked_sub(1).map_or(0, |last| at(text, last));
    is_word(last) || last >= 0x80 || matches!(last, b'`' | b'"')
}
