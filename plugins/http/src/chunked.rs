//! Takes: the bytes of a chunked body, from any point between chunks on. Gives: how far it goes. Chunk data is stepped over.
//!
//! Source: RFC 9112 section 7.1 (chunked transfer coding), 7.1.1 (extensions), 7.1.2 (trailer section).

/// Longest line of size and extensions, and longest trailer line: what common servers take for a header line (8 KiB).
const LINE_LIMIT: usize = 8192;

/// Digits of a size: a body of 2^60 bytes does not exist, and positions must not wrap.
const DIGITS_LIMIT: usize = 15;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The line end behind chunk data.
    DataEnd,
    /// A line with a size.
    Size,
    /// The lines behind the last chunk.
    Trailer,
}

/// How far a body goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Not chunked coding, at this byte.
    Bad(usize),
    /// The body ends behind this byte.
    Done(usize),
    /// So many bytes are dealt with, maybe more than there are.
    Going(u64),
}

/// Walks through `bytes` and leaves in `next` what comes behind the bytes that were dealt with.
pub(crate) fn walk(next: &mut Next, bytes: &[u8]) -> Progress {
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        if rest.is_empty() {
            return Progress::Going(at as u64);
        }
        match next {
            Next::DataEnd => match rest {
                [b'\n', ..] => at += 1,
                [b'\r', b'\n', ..] => at += 2,
                [b'\r'] => return Progress::Going(at as u64),
                _ => return Progress::Bad(at),
            },
            Next::Size | Next::Trailer => {
                let Some(end) = memchr::memchr(b'\n', rest) else {
                    return if rest.len() < LINE_LIMIT {
                        Progress::Going(at as u64)
                    } else {
                        Progress::Bad(at)
                    };
                };
                let line = rest.get(..end).unwrap_or_default();
                let (line, crlf) = line.strip_suffix(b"\r").map_or((line, false), |line| (line, true));
                if *next == Next::Trailer {
                    match line {
                        [] => return Progress::Done(at + end + 1),
                        _ if !line.contains(&b':') => return Progress::Bad(at),
                        _ => at += end + 1,
                    }
                    continue;
                }
                let Some(size) = size(line) else { return Progress::Bad(at) };
                at += end + 1;
                if size == 0 {
                    *next = Next::Trailer;
                    continue;
                }
                match data(bytes.len() - at, size, crlf) {
                    Data::Inside(bytes) => at += bytes,
                    Data::Ahead(bytes, behind) => {
                        *next = behind;
                        return Progress::Going(at as u64 + bytes);
                    }
                }
                *next = Next::DataEnd;
                continue;
            }
        }
        *next = Next::Size;
    }
}

/// Where chunk data ends.
enum Data {
    /// Behind the bytes that are there.
    Ahead(u64, Next),
    /// In front of at least one byte.
    Inside(usize),
}

/// When the data reaches the end of what is there, the line end behind it is stepped over unseen: that saves keeping two bytes
/// for each chunk. Where lines end with a bare LF that would be one byte too many.
fn data(there: usize, size: u64, crlf: bool) -> Data {
    match usize::try_from(size) {
        Ok(size) if size < there => Data::Inside(size),
        _ if crlf => Data::Ahead(size + 2, Next::Size),
        _ => Data::Ahead(size, Next::DataEnd),
    }
}

/// `chunk-size [ chunk-ext ]`: hexadecimal digits, then blanks (some servers pad) or a semicolon.
fn size(line: &[u8]) -> Option<u64> {
    let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let (digits, behind) = line.split_at_checked(digits)?;
    let behind = behind.trim_ascii_start();
    if digits.is_empty() || digits.len() > DIGITS_LIMIT || !matches!(behind, [] | [b';', ..]) {
        return None;
    }
    digits.iter().try_fold(0_u64, |size, digit| Some(size << 4 | u64::from(char::from(*digit).to_digit(16)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_start(body: &str) -> (Progress, Next) {
        let mut next = Next::Size;
        (walk(&mut next, body.as_bytes()), next)
    }

    #[test]
    fn whole_bodies() {
        for body in [
            "0\r\n\r\n",
            "5\r\nhello\r\n0\r\n\r\n",
            "5\nhello\n0\n\n",
            "5;ext=\"a;b\"\r\nhello\r\n00\r\nTrailer: x\r\nMore: y\r\n\r\n",
            "5   \r\nhello\r\n0;x\r\n\r\n",
            "00000000000000A\r\n0123456789\r\n0\r\n\r\n",
            "b\r\n0\r\n\r\nHTTP/1\r\n0\r\n\r\n",
        ] {
            assert_eq!(from_start(body).0, Progress::Done(body.len()), "{body:?}");
            assert_eq!(
                from_start(&format!("{body}HTTP/1.1 200 OK")).0,
                Progress::Done(body.len()),
                "{body:?}"
            );
        }
    }

    #[test]
    fn any_split_ends_at_the_same_byte() {
        let body = b"5\r\nhello\r\n1a;x=y\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nT: x\r\n\r\n".as_slice();
        for piece in 1..body.len() {
            let (mut next, mut at, mut seen) = (Next::Size, 0_u64, 0);
            let end = loop {
                seen = (seen + piece).min(body.len());
                if at >= seen as u64 {
                    continue;
                }
                match walk(&mut next, &body[at as usize..seen]) {
                    Progress::Going(n) => at += n,
                    Progress::Done(n) => break at + n as u64,
                    Progress::Bad(_) => panic!("pieces of {piece}"),
                }
            };
            assert_eq!(end, body.len() as u64, "pieces of {piece}");
        }
    }

    #[test]
    fn data_is_stepped_over() {
        assert_eq!(from_start("ffffff\r\nabc"), (Progress::Going(8 + 0xff_ffff + 2), Next::Size));
        assert_eq!(from_start("ffffff\nabc"), (Progress::Going(7 + 0xff_ffff), Next::DataEnd));
        assert_eq!(from_start("5\r\nhello"), (Progress::Going(10), Next::Size));
        assert_eq!(from_start("5\r\nhello\r"), (Progress::Going(8), Next::DataEnd));
    }

    #[test]
    fn what_is_not_chunked() {
        for (body, at) in [
            ("x\r\n", 0),
            ("\r\n", 0),
            ("-5\r\nhello", 0),
            ("5 5\r\nhello", 0),
            ("0x5\r\nhello", 0),
            ("1000000000000000\r\n", 0),
            ("fffffffffffffffff\r\n", 0),
            ("5\r\nhello!\r\n0\r\n\r\n", 8),
            ("0\r\nHTTP/1.1 200 OK\r\n", 3),
        ] {
            assert_eq!(from_start(body).0, Progress::Bad(at), "{body:?}");
        }
        assert_eq!(from_start(&"0".repeat(LINE_LIMIT)).0, Progress::Bad(0));
    }
}
