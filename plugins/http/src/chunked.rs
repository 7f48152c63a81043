//! Takes: the bytes of a chunked body, from any point between chunks on. Gives: how far it goes, and as much of the data and the trailer
//! lines as are wanted. What is not wanted of the data is stepped over.
//!
//! Source: RFC 9112 section 7.1 (chunked transfer coding), 7.1.1 (extensions), 7.1.2 (trailer section).

/// Longest line of size and extensions, and longest trailer line: what common servers take for a header line (8 KiB).
const LINE_LIMIT: usize = 8192;

/// Digits of a size: a body of 2^60 bytes does not exist, and positions must not wrap.
const DIGITS_LIMIT: usize = 15;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// So many bytes of chunk data that is wanted, and so many bytes of line end behind it that are stepped over unseen; 0: the line end
    /// is looked at.
    Data { left: u64, line_end: u8 },
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

/// What a walk comes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// Bytes of the body.
    Data(&'a [u8]),
    /// A line of the trailer section, with its line end.
    Trailer(&'a [u8]),
}

/// Walks through `bytes` and leaves in `next` what comes behind the bytes that were dealt with. Hands the next `wanted` bytes of the
/// body to `found`, and every trailer line.
pub(crate) fn walk<'a>(
    next: &mut Next,
    bytes: &'a [u8],
    wanted: &mut u64,
    mut found: impl FnMut(Part<'a>),
) -> Progress {
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        if rest.is_empty() {
            return Progress::Going(at as u64);
        }
        match *next {
            Next::Data { left, line_end } => match data(rest, left, wanted, &mut found) {
                Some(left) => {
                    *next = Next::Data { left, line_end };
                    return Progress::Going(bytes.len() as u64);
                }
                None => {
                    let (skipped, behind) = over(left, line_end);
                    *next = behind;
                    match usize::try_from(skipped) {
                        Ok(skipped) if skipped < rest.len() => at += skipped,
                        _ => return Progress::Going((at as u64).saturating_add(skipped)),
                    }
                }
            },
            Next::DataEnd => {
                match rest {
                    [b'\n', ..] => at += 1,
                    [b'\r', b'\n', ..] => at += 2,
                    [b'\r'] => return Progress::Going(at as u64),
                    _ => return Progress::Bad(at),
                }
                *next = Next::Size;
            }
            Next::Size | Next::Trailer => {
                let Some(end) = memchr::memchr(b'\n', rest) else {
                    return if rest.len() < LINE_LIMIT {
                        Progress::Going(at as u64)
                    } else {
                        Progress::Bad(at)
                    };
                };
                let whole = rest.get(..=end).unwrap_or_default();
                let line = rest.get(..end).unwrap_or_default();
                let (line, crlf) = line.strip_suffix(b"\r").map_or((line, false), |line| (line, true));
                if *next == Next::Trailer {
                    match line {
                        [] => return Progress::Done(at + end + 1),
                        _ if !line.contains(&b':') => return Progress::Bad(at),
                        _ => found(Part::Trailer(whole)),
                    }
                    at += end + 1;
                    continue;
                }
                let Some(size) = size(line) else { return Progress::Bad(at) };
                at += end + 1;
                if size == 0 {
                    *next = Next::Trailer;
                    continue;
                }
                let rest = bytes.get(at..).unwrap_or_default();
                let line_end = if crlf { 2 } else { 0 };
                if let Some(left) = data(rest, size, wanted, &mut found) {
                    *next = Next::Data { left, line_end };
                    return Progress::Going(bytes.len() as u64);
                }
                match usize::try_from(size) {
                    Ok(size) if size < rest.len() => {
                        at += size;
                        *next = Next::DataEnd;
                    }
                    _ => {
                        let (skipped, behind) = over(size, line_end);
                        *next = behind;
                        return Progress::Going(at as u64 + skipped);
                    }
                }
            }
        }
    }
}

/// Hands on what is wanted of `left` bytes of chunk data. Gives how many are left when more of them are wanted than are here.
fn data<'a>(rest: &'a [u8], left: u64, wanted: &mut u64, found: &mut impl FnMut(Part<'a>)) -> Option<u64> {
    if *wanted == 0 {
        return None;
    }
    let here = left.min(rest.len() as u64);
    let taken = here.min(*wanted);
    if let (true, Some(data)) = (taken > 0, rest.get(..taken as usize)) {
        found(Part::Data(data));
    }
    *wanted -= taken;
    (*wanted > 0 && here < left).then_some(left - here)
}

/// How many bytes to step over when the data reaches the end of what is there, and what comes then: the line end behind the data is
/// stepped over unseen, which saves keeping two bytes for each chunk. Where lines end with a bare LF that would be one byte too many.
fn over(size: u64, line_end: u8) -> (u64, Next) {
    (size.saturating_add(u64::from(line_end)), if line_end > 0 { Next::Size } else { Next::DataEnd })
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
        (walk(&mut next, body.as_bytes(), &mut 0, |_| {}), next)
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
        for (piece, wanted) in
            (1..body.len()).flat_map(|piece| [0, 1, 5, 6, 30, 31, 99].map(|wanted| (piece, wanted)))
        {
            let (mut next, mut at, mut seen, mut left) = (Next::Size, 0_u64, 0, wanted);
            let (mut data, mut trailer) = (Vec::new(), Vec::new());
            let end = loop {
                seen = (seen + piece).min(body.len());
                if at >= seen as u64 {
                    continue;
                }
                let found = |part: Part<'_>| match part {
                    Part::Data(bytes) => data.extend_from_slice(bytes),
                    Part::Trailer(line) => trailer.extend_from_slice(line),
                };
                match walk(&mut next, &body[at as usize..seen], &mut left, found) {
                    Progress::Going(n) => at += n,
                    Progress::Done(n) => break at + n as u64,
                    Progress::Bad(_) => panic!("pieces of {piece}"),
                }
            };
            assert_eq!(end, body.len() as u64, "pieces of {piece}");
            let all = b"helloabcdefghijklmnopqrstuvwxyz";
            assert_eq!(data, all[..all.len().min(wanted as usize)], "pieces of {piece}, {wanted} wanted");
            assert_eq!(trailer, b"T: x\r\n", "pieces of {piece}, {wanted} wanted");
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
