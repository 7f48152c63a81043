//! Values of keys that name a secret (`key=value`, `"key": "value"`, `key: value`), and the password in front of a host
//! (`scheme://user:password@host`).

use std::ops::Range;

use crate::HIDDEN;
use crate::rewrite::{at, is_word, replace, run};

/// A key is secret when it ends with one of these, whatever the case, without its `_`, `-` and `.`.
const NAMES: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "secretkey",
    "privatekey",
    "accesskey",
    "authorization",
];

/// No key is longer; bounds the look back from each separator.
const KEY_LIMIT: usize = 64;

/// Blanks between a key and its separator: people align columns.
const BLANKS: usize = 8;

/// What secrets are called.
#[derive(Debug)]
pub(crate) struct Names(Vec<Vec<u8>>);

impl Names {
    /// The usual ones, and those of a list with commas.
    pub(crate) fn with(more: &str) -> Self {
        let names = NAMES.into_iter().chain(more.split(',')).map(|name| {
            let plain = name.bytes().filter(u8::is_ascii_alphanumeric);
            plain.map(|byte| byte.to_ascii_lowercase()).collect::<Vec<u8>>()
        });
        Self(names.filter(|name| !name.is_empty()).collect())
    }

    pub(crate) fn has(&self, key: &[u8]) -> bool {
        let ends_with = |name: &[u8]| {
            let plain = key.iter().rev().filter(|byte| byte.is_ascii_alphanumeric());
            let mut plain = plain.map(u8::to_ascii_lowercase);
            name.iter().rev().all(|byte| plain.next() == Some(*byte))
        };
        self.0.iter().any(|name| ends_with(name))
    }
}

/// Hides all of them. False: there is none.
pub(crate) fn hide(names: &Names, text: &[u8], into: &mut Vec<u8>) -> bool {
    replace(text, into, HIDDEN, |from| {
        let rest = text.get(from..).unwrap_or_default();
        memchr::memchr2_iter(b'=', b':', rest).find_map(|place| {
            let range = secret(names, text, from, from + place)?;
            // `?` is a parameter of a statement, or a literal that is hidden already.
            (!matches!(text.get(range.clone())?, b"" | b"?" | HIDDEN)).then_some(range)
        })
    })
}

/// The secret behind the separator; what is in front of `floor` is hidden already.
fn secret(names: &Names, text: &[u8], floor: usize, separator: usize) -> Option<Range<usize>> {
    if text.get(separator..)?.starts_with(b"://") {
        return user_info(text, separator + 3);
    }
    let key = key_before(text, floor, separator);
    if !names.has(key) {
        return None;
    }
    let mut from = separator + 1;
    if matches!(at(text, from), b'>' | b'=') {
        from += 1; // `=>`, `==`
    }
    from += run(text, from, |byte| matches!(byte, b' ' | b'\t'));
    Some(value(text, from, at(text, separator), is_authorization(key)))
}

fn is_authorization(key: &[u8]) -> bool {
    const NAME: &[u8] = b"authorization";
    let end = key.len().checked_sub(NAME.len()).and_then(|from| key.get(from..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(NAME))
}

/// The password of `user:password@host`, from behind `://` on.
fn user_info(text: &[u8], from: usize) -> Option<Range<usize>> {
    let length = run(text, from, |byte| !b"/?# \t\r\n\"'<>".contains(&byte));
    let authority = text.get(from..from + length)?;
    let end = memchr::memrchr(b'@', authority)?;
    let colon = memchr::memchr(b':', authority.get(..end)?)?;
    Some(from + colon + 1..from + end)
}

/// The key in front of a separator, without quotes.
fn key_before(text: &[u8], floor: usize, separator: usize) -> &[u8] {
    let mut front = text.get(floor..separator).unwrap_or_default();
    if let [rest @ .., b'!' | b'<' | b'>' | b':'] = front {
        front = rest; // `!=`, `:=`
    }
    for _ in 0..BLANKS {
        let [rest @ .., b' ' | b'\t'] = front else { break };
        front = rest;
    }
    if let [rest @ .., quote] = front
        && is_quote(*quote)
    {
        front = rest.strip_suffix(b"\\").unwrap_or(rest);
    }
    let is_key = |byte: &&u8| is_word(**byte) || matches!(**byte, b'-' | b'.');
    let length = front.iter().rev().take(KEY_LIMIT).take_while(is_key).count();
    front.get(front.len() - length..).unwrap_or_default()
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// The value that begins at `from`, without its quotes.
fn value(text: &[u8], from: usize, separator: u8, whole_line: bool) -> Range<usize> {
    match (at(text, from), at(text, from + 1)) {
        // What is inside has keys of its own.
        (b'{' | b'[', _) => from..from,
        (b'\\', quote) if is_quote(quote) => from + 2..escaped_end(text, from + 2, quote),
        (quote, _) if is_quote(quote) => from + 1..quoted_end(text, from + 1, quote),
        _ => {
            let ends: &[u8] = match (separator, whole_line) {
                (b':', true) => b"\r\n\"", // a scheme, a space and the credentials
                (b':', false) => b",}]&; \t\r\n\"",
                _ => b"&; \t\r\n\"",
            };
            from..from + run(text, from, |byte| !ends.contains(&byte))
        }
    }
}

/// A text inside of a text ends at the next escaped quote.
fn escaped_end(text: &[u8], from: usize, quote: u8) -> usize {
    let mut place = from;
    while place < text.len() {
        match (at(text, place), at(text, place + 1)) {
            (b'\\', next) if next == quote => return place,
            (b'\\', b'\\') => place += 4, // an escape of the inner text: what follows belongs to it
            _ => place += 1,
        }
    }
    text.len()
}

fn quoted_end(text: &[u8], from: usize, quote: u8) -> usize {
    let mut place = from;
    while place < text.len() {
        match (at(text, place), at(text, place + 1)) {
            (b'\\', _) => place += 2,
            (byte, next) if byte == quote && next == quote => place += 2, // a doubled quote stands for one
            (byte, _) if byte == quote => return place,
            _ => place += 1,
        }
    }
    text.len()
}
