//! A string of JSON as it stands there, and its characters behind the escapes (RFC 8259 section 7).

/// What stands between the quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a> {
    raw: &'a [u8],
}

/// A piece of the text that is meant.
enum Run<'a> {
    /// As it stands there.
    Plain(&'a [u8]),
    Escaped(char),
}

impl<'a> Text<'a> {
    /// From what stands between the quotes.
    #[must_use]
    pub fn new(raw: &'a [u8]) -> Self {
        Self { raw }
    }

    /// With its escapes.
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The text when it has no escapes: a piece of the input.
    #[must_use]
    pub fn plain(&self) -> Option<&'a [u8]> {
        crate::find::memchr(b'\\', self.raw).is_none().then_some(self.raw)
    }

    /// The text that is meant is `expected`.
    #[must_use]
    pub fn is(&self, expected: &[u8]) -> bool {
        let mut rest = expected;
        let same = self.runs().all(|run| {
            let mut bytes = [0; 4];
            let stripped = match run {
                Run::Plain(plain) => rest.strip_prefix(plain),
                Run::Escaped(character) => rest.strip_prefix(character.encode_utf8(&mut bytes).as_bytes()),
            };
            stripped.map(|behind| rest = behind).is_some()
        });
        same && rest.is_empty()
    }

    /// The text that is meant: a piece of the input where it has no escapes, else written into `buffer`. Half a surrogate pair and an
    /// escape that is none become U+FFFD.
    #[must_use]
    pub fn decode<'b>(&self, buffer: &'b mut Vec<u8>) -> &'b [u8]
    where
        'a: 'b,
    {
        if let Some(plain) = self.plain() {
            return plain;
        }
        buffer.clear();
        for run in self.runs() {
            match run {
                Run::Plain(plain) => buffer.extend_from_slice(plain),
                Run::Escaped(character) => {
                    buffer.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
        }
        buffer
    }

    fn runs(&self) -> Runs<'a> {
        Runs { rest: self.raw }
    }
}

struct Runs<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Runs<'a> {
    type Item = Run<'a>;

    fn next(&mut self) -> Option<Run<'a>> {
        match self.rest {
            [] => None,
            [b'\\', rest @ ..] => {
                let (character, behind) = escaped(rest);
                self.rest = behind;
                Some(Run::Escaped(character))
            }
            _ => {
                let end = crate::find::memchr(b'\\', self.rest).unwrap_or(self.rest.len());
                let (plain, behind) = self.rest.split_at_checked(end)?;
                self.rest = behind;
                Some(Run::Plain(plain))
            }
        }
    }
}

/// The character behind a backslash.
fn escaped(bytes: &[u8]) -> (char, &[u8]) {
    const NONE: char = char::REPLACEMENT_CHARACTER;
    let Some((letter, rest)) = bytes.split_first() else { return (NONE, bytes) };
    let character = match letter {
        b'"' | b'\\' | b'/' => char::from(*letter),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode(rest),
        _ => NONE,
    };
    (character, rest)
}

/// Behind `\u`: four digits, and the other half where they are the first one of a surrogate pair.
fn unicode(bytes: &[u8]) -> (char, &[u8]) {
    let Some((first, rest)) = hex(bytes) else { return (char::REPLACEMENT_CHARACTER, bytes) };
    if let (0xd800..=0xdbff, [b'\\', b'u', behind @ ..]) = (first, rest)
        && let Some((second @ 0xdc00..=0xdfff, behind)) = hex(behind)
    {
        let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), behind);
    }
    (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), rest)
}

fn hex(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = bytes.split_first_chunk::<4>()?;
    let code = digits.iter().try_fold(0, |code, digit| Some(code << 4 | char::from(*digit).to_digit(16)?))?;
    Some((code, rest))
}
