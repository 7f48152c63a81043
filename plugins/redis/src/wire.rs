//! The pieces that RESP is made of: lines, numbers, lengths.
//!
//! Takes: bytes that begin at a piece. Gives: the piece, or how many bytes are wanted, or that it is not RESP. Source:
//! the RESP specification (redis.io, "Redis serialization protocol specification").

use weir_plugin_sdk::prelude::Step;

/// `proto-max-bulk-len` of a redis as shipped; a longer string is refused by the server itself.
pub(crate) const MAX_BULK: u64 = 512 << 20;

/// Redis refuses longer inline commands (`PROTO_INLINE_MAX_SIZE`); servers' own lines are far shorter.
pub(crate) const MAX_LINE: usize = 64 << 10;

/// Redis refuses more arguments than an `int` can count; an aggregate is no longer than that either.
pub(crate) const MAX_COUNT: u64 = i32::MAX as u64;

/// Bytes of a text that are told: what the host keeps of a field. The rest of a value is stepped over.
pub(crate) const TOLD: usize = 4096;

/// Why there is no piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// So many bytes from the first one on are needed at least.
    Short(usize),
    /// This is not RESP.
    Wrong,
}

impl Trouble {
    /// The same, seen from `ahead` bytes further ahead in the input.
    pub(crate) fn behind(self, ahead: usize) -> Self {
        match self {
            Self::Short(need) => Self::Short(need.saturating_add(ahead)),
            Self::Wrong => Self::Wrong,
        }
    }

    pub(crate) fn step(self) -> Step {
        match self {
            Self::Short(need) => Step::NeedAtLeast(need.min(u32::MAX as usize) as u32),
            Self::Wrong => Step::Violation,
        }
    }
}

/// A number that ends with CRLF, and how many bytes it takes with it.
pub(crate) fn number(bytes: &[u8]) -> Result<(i64, usize), Trouble> {
    let negative = bytes.first() == Some(&b'-');
    let sign = usize::from(negative);
    let mut value: i64 = 0;
    // 19 digits are the longest that i64 holds.
    for (digits, byte) in bytes.iter().skip(sign).take(20).enumerate() {
        match byte {
            b'0'..=b'9' if digits < 19 => {
                let digit = i64::from(byte - b'0');
                value = value.checked_mul(10).and_then(|v| v.checked_add(digit)).ok_or(Trouble::Wrong)?;
            }
            b'\r' if digits > 0 => {
                let end = sign + digits + 1;
                return match bytes.get(end) {
                    Some(b'\n') => Ok((if negative { -value } else { value }, end + 1)),
                    Some(_) => Err(Trouble::Wrong),
                    None => Err(Trouble::Short(end + 1)),
                };
            }
            _ => return Err(Trouble::Wrong),
        }
    }
    Err(Trouble::Short((bytes.len() + 1).max(3)))
}

/// A line without its CRLF. Neither byte of it may stand alone in a line.
pub(crate) fn line(bytes: &[u8]) -> Result<&[u8], Trouble> {
    let window = bytes.get(..MAX_LINE).unwrap_or(bytes);
    let Some(end) = window.iter().position(|b| matches!(b, b'\r' | b'\n')) else {
        return Err(if bytes.len() < MAX_LINE { Trouble::Short(bytes.len() + 2) } else { Trouble::Wrong });
    };
    match (bytes.get(end), bytes.get(end + 1)) {
        (Some(b'\r'), Some(b'\n')) => Ok(&bytes[..end]),
        (Some(b'\r'), None) => Err(Trouble::Short(end + 2)),
        _ => Err(Trouble::Wrong),
    }
}

/// What stands behind the type byte of a string or an aggregate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// `-1`: RESP2's null.
    Null,
    /// `?`: comes in chunks.
    Streamed,
    /// So many bytes or elements.
    Known(u64),
}

/// A length with its CRLF, and how many bytes it takes.
pub(crate) fn length(bytes: &[u8], limit: u64) -> Result<(Length, usize), Trouble> {
    if bytes.first() == Some(&b'?') {
        return match bytes.get(1..3) {
            Some(b"\r\n") => Ok((Length::Streamed, 3)),
            Some(_) => Err(Trouble::Wrong),
            None => Err(Trouble::Short(3)),
        };
    }
    let (value, taken) = number(bytes)?;
    match u64::try_from(value) {
        Ok(n) if n <= limit => Ok((Length::Known(n), taken)),
        Err(_) if value == -1 => Ok((Length::Null, taken)),
        _ => Err(Trouble::Wrong),
    }
}

/// A string of known length: its head, and how long all of it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bulk<'a> {
    /// As many bytes as were asked for, or all.
    pub(crate) head: &'a [u8],
    /// From the type byte to the last CRLF; may lie ahead of the input.
    pub(crate) total: u64,
}

/// Reads `$5\r\nhello\r\n` of which `wanted` bytes of text are to be told; `None` is null. `bytes` begins at the type byte,
/// which is not looked at.
pub(crate) fn bulk(bytes: &[u8], wanted: usize) -> Result<(Option<Bulk<'_>>, u64), Trouble> {
    let (length, taken) = length(bytes.get(1..).unwrap_or_default(), MAX_BULK).map_err(|t| t.behind(1))?;
    let at = taken + 1;
    let size = match length {
        Length::Known(size) => size,
        Length::Null => return Ok((None, at as u64)),
        Length::Streamed => return Err(Trouble::Wrong),
    };
    let total = at as u64 + size + 2;
    let head_length = size.min(wanted as u64) as usize;
    // The whole string is waited for where all of it is told: the CRLF behind it is a cheap proof.
    let need = if size <= wanted as u64 { total as usize } else { at + head_length };
    let Some(window) = bytes.get(..need) else { return Err(Trouble::Short(need)) };
    crlf_behind(bytes, total)?;
    let head = window.get(at..at + head_length).unwrap_or_default();
    Ok((Some(Bulk { head, total }), total))
}

/// What is there of a string whose end was cut off; none when it is something else, or its length is not there.
pub(crate) fn cut_bulk(bytes: &[u8]) -> Result<Option<Bulk<'_>>, Trouble> {
    let Some((b'$', rest)) = bytes.split_first() else { return Ok(None) };
    let (Length::Known(size), taken) = length(rest, MAX_BULK).map_err(|t| t.behind(1))? else {
        return Ok(None);
    };
    let text = rest.get(taken..).unwrap_or_default();
    let head = usize::try_from(size).ok().and_then(|size| text.get(..size)).unwrap_or(text);
    Ok(Some(Bulk { head, total: taken as u64 + 1 + size + 2 }))
}

/// Two bytes before `total` there must be a CRLF, as far as the bytes are there.
pub(crate) fn crlf_behind(bytes: &[u8], total: u64) -> Result<(), Trouble> {
    let Ok(end) = usize::try_from(total) else { return Ok(()) };
    match bytes.get(end.saturating_sub(2)..end) {
        Some(b"\r\n") | None => Ok(()),
        Some(_) => Err(Trouble::Wrong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(number(b"12\r\nx"), Ok((12, 4)));
        assert_eq!(number(b"-1\r\n"), Ok((-1, 4)));
        assert_eq!(number(b"0\r\n"), Ok((0, 3)));
        assert_eq!(number(b"9223372036854775807\r\n"), Ok((i64::MAX, 21)));
        for wrong in [
            "9223372036854775808\r\n",
            "\r\n",
            "-\r\n",
            "1a\r\n",
            "1\ra",
            "+1\r\n",
            "1\n",
            "00000000000000000001",
        ] {
            assert_eq!(number(wrong.as_bytes()), Err(Trouble::Wrong), "{wrong:?}");
        }
        for short in ["", "-", "1", "-12", "12\r"] {
            let need = number(short.as_bytes());
            assert!(matches!(need, Err(Trouble::Short(n)) if n > short.len()), "{short:?} gave {need:?}");
        }
    }

    #[test]
    fn lines() {
        assert_eq!(line(b"OK\r\n+"), Ok(b"OK".as_slice()));
        assert_eq!(line(b"OK\r"), Err(Trouble::Short(4)));
        assert_eq!(line(b"OK\rx"), Err(Trouble::Wrong));
        assert_eq!(line(b"OK\n"), Err(Trouble::Wrong));
        assert_eq!(line(&[b'a'; MAX_LINE]), Err(Trouble::Wrong));
    }

    #[test]
    fn strings() {
        let (found, total) = bulk(b"$5\r\nhello\r\n", 10).expect("whole");
        assert_eq!((found.map(|b| b.head), total), (Some(b"hello".as_slice()), 11));
        assert_eq!(bulk(b"$5\r\nhello\r", 10).err(), Some(Trouble::Short(11)));
        assert_eq!(bulk(b"$5\r\nhelloXX", 10).err(), Some(Trouble::Wrong));
        assert_eq!(bulk(b"$536870913\r\n", 10).err(), Some(Trouble::Wrong), "one more than 512 MB");
        let (found, total) = bulk(b"$536870912\r\nab", 2).expect("the head is enough");
        assert_eq!((found.map(|b| b.head), total), (Some(b"ab".as_slice()), 12 + (512 << 20) + 2));
        assert!(bulk(b"$-1\r\n", 10).is_ok_and(|(none, total)| none.is_none() && total == 5));
        assert_eq!(bulk(b"$-2\r\n", 10).err(), Some(Trouble::Wrong));
    }
}
