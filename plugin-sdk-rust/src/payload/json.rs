//! Takes: the bytes of a JSON object (RFC 8259), maybe cut off. Gives: its members one by one, and how it ended. Allocates nothing.
//!
//! Does not do: numbers, members of members. What is nested is stepped over and given as bytes.

mod text;

pub use text::Text;

/// Nesting that is followed. Parsers in use refuse 100 to 1000 levels; bodies of business have fewer than ten.
pub const DEPTH_LIMIT: u32 = 64;

/// What a member holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A string.
    Text(Text<'a>),
    /// A number, `true` or `false`, as it stands there.
    Scalar(&'a [u8]),
    /// `null`.
    Null,
    /// An object or an array, as it stands there.
    Nested(&'a [u8]),
}

/// How an object ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It has more members.
    Open,
    /// With its brace, and nothing behind it.
    Whole,
    /// The bytes ended inside of it; all of them made sense.
    Cut,
    /// Not JSON, or not an object, or nested too deep.
    Bad,
}

/// The members of an object, in order; a name may come twice (most readers take the last).
#[derive(Clone, Debug)]
pub struct Members<'a> {
    rest: &'a [u8],
    first: bool,
    end: End,
}

/// The object that `bytes` are. A byte order mark and blanks in front are passed over.
#[must_use]
pub fn members(bytes: &[u8]) -> Members<'_> {
    let rest = blanks(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    match rest {
        [b'{', rest @ ..] => Members { rest, first: true, end: End::Open },
        [] => Members { rest, first: true, end: End::Cut },
        _ => Members { rest, first: true, end: End::Bad },
    }
}

/// What the last member of each name holds (`null` is as good as absent), and how the object ended.
#[must_use]
pub fn find<'a, const N: usize>(bytes: &'a [u8], names: [&[u8]; N]) -> ([Option<Value<'a>>; N], End) {
    let mut found = [None; N];
    let mut members = members(bytes);
    for (name, value) in members.by_ref() {
        for (wanted, slot) in names.iter().zip(&mut found) {
            if name.is(wanted) {
                *slot = (value != Value::Null).then_some(value);
            }
        }
    }
    (found, members.end())
}

impl<'a> Members<'a> {
    /// How the object ended, once there are no more members.
    #[must_use]
    pub fn end(&self) -> End {
        self.end
    }

    fn member(&mut self) -> Result<(Text<'a>, Value<'a>), End> {
        let mut rest = blanks(self.rest);
        match (rest, self.first) {
            ([b'}', behind @ ..], _) => return Err(closed(behind)),
            ([b',', behind @ ..], false) => rest = blanks(behind),
            ([], _) => return Err(End::Cut),
            (_, true) => {}
            (_, false) => return Err(End::Bad),
        }
        let (name, behind) = string(rest)?;
        rest = match blanks(behind) {
            [b':', behind @ ..] => blanks(behind),
            [] => return Err(End::Cut),
            _ => return Err(End::Bad),
        };
        let (value, behind) = value(rest)?;
        self.rest = behind;
        self.first = false;
        Ok((name, value))
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (Text<'a>, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.end != End::Open {
            return None;
        }
        self.member().map_err(|end| self.end = end).ok()
    }
}

fn closed(behind: &[u8]) -> End {
    if blanks(behind).is_empty() { End::Whole } else { End::Bad }
}

fn blanks(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}

/// A string at the front, and what stands behind it.
fn string(bytes: &[u8]) -> Result<(Text<'_>, &[u8]), End> {
    let inside = match bytes {
        [b'"', inside @ ..] => inside,
        [] => return Err(End::Cut),
        _ => return Err(End::Bad),
    };
    let mut at = 0;
    loop {
        let rest = inside.get(at..).ok_or(End::Cut)?;
        at += crate::find::memchr2(b'"', b'\\', rest).ok_or(End::Cut)?;
        if inside.get(at) == Some(&b'"') {
            let (text, behind) = inside.split_at_checked(at).ok_or(End::Cut)?;
            return Ok((Text::new(text), behind.get(1..).unwrap_or_default()));
        }
        at += 2;
    }
}

fn value(bytes: &[u8]) -> Result<(Value<'_>, &[u8]), End> {
    match bytes.first() {
        None => Err(End::Cut),
        Some(b'"') => string(bytes).map(|(text, behind)| (Value::Text(text), behind)),
        Some(b'{' | b'[') => nested(bytes).map(|(raw, behind)| (Value::Nested(raw), behind)),
        Some(_) => scalar(bytes),
    }
}

fn scalar(bytes: &[u8]) -> Result<(Value<'_>, &[u8]), End> {
    let length = bytes.iter().take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b)).count();
    let (raw, behind) = bytes.split_at_checked(length).ok_or(End::Bad)?;
    let number =
        || matches!(raw, [b'-' | b'0'..=b'9', ..]) && raw.iter().all(|b| b"0123456789+-.eE".contains(b));
    if behind.is_empty() {
        // Nobody knows whether it goes on.
        return Err(if raw.is_empty() { End::Bad } else { End::Cut });
    }
    match raw {
        b"null" => Ok((Value::Null, behind)),
        b"true" | b"false" => Ok((Value::Scalar(raw), behind)),
        _ if number() => Ok((Value::Scalar(raw), behind)),
        _ => Err(End::Bad),
    }
}

/// Steps over an object or an array: brackets have to match, what stands between them is not looked at.
fn nested(bytes: &[u8]) -> Result<(&[u8], &[u8]), End> {
    // One bit a level: 1 for an object.
    let (mut levels, mut depth) = (0_u64, 0_u32);
    let mut at = 0;
    loop {
        match bytes.get(at) {
            None => return Err(End::Cut),
            Some(b'"') => {
                let (_, behind) = string(bytes.get(at..).unwrap_or_default())?;
                at = bytes.len() - behind.len();
                continue;
            }
            Some(open @ (b'{' | b'[')) => {
                if depth == DEPTH_LIMIT {
                    return Err(End::Bad);
                }
                levels = levels << 1 | u64::from(*open == b'{');
                depth += 1;
            }
            Some(close @ (b'}' | b']')) => {
                if levels & 1 != u64::from(*close == b'}') {
                    return Err(End::Bad);
                }
                levels >>= 1;
                depth -= 1;
                if depth == 0 {
                    return bytes.split_at_checked(at + 1).ok_or(End::Cut);
                }
            }
            Some(_) => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests;
