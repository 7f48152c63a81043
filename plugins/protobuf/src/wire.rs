//! Takes: bytes from a stranger. Gives: the fields of one message as they stand on the wire. Knows no types, copies nothing,
//! never recurses.
//!
//! Source: Protocol Buffers documentation, "Encoding".

/// How deep groups may stand in one another; Protobuf's own parsers stop at 100 levels of anything, groups are rare.
const GROUP_DEPTH: usize = 32;
/// Protobuf's own limit of a message.
const LENGTH_LIMIT: u64 = (1 << 31) - 1;
/// The highest number that a field may have.
pub(crate) const NUMBER_LIMIT: u32 = (1 << 29) - 1;

/// A piece of a payload, as offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) fn of(self, payload: &[u8]) -> &[u8] {
        payload.get(self.start..self.end).unwrap_or_default()
    }
}

/// A value without its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Raw {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    /// Length-delimited: text, bytes, a message or packed numbers.
    Bytes(Span),
    /// Between the two tags of a group.
    Group(Span),
}

/// What comes next in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Field {
        number: u32,
        raw: Raw,
    },
    /// The bytes end in this field; what is there of its content.
    Partial {
        number: u32,
        span: Span,
    },
    /// The bytes end in a tag or a number.
    Cut,
    End,
    /// No message looks like this.
    Malformed,
    /// `Work` is used up.
    Tired,
}

/// How many more fields may be looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work(pub(crate) u32);

impl Work {
    fn one(&mut self) -> bool {
        let left = self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        left
    }
}

/// Why a number could not be read.
enum Stop {
    Cut,
    Malformed,
}

impl From<Stop> for Step {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Cut => Self::Cut,
            Stop::Malformed => Self::Malformed,
        }
    }
}

/// Goes over the fields of one message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    /// From the beginning of the payload to the end of the message.
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(payload: &'a [u8], message: Span) -> Self {
        Self { bytes: payload.get(..message.end).unwrap_or(payload), at: message.start }
    }

    /// The next field.
    pub(crate) fn step(&mut self, work: &mut Work) -> Step {
        if self.at >= self.bytes.len() {
            return Step::End;
        }
        if !work.one() {
            return Step::Tired;
        }
        self.field(work).unwrap_or_else(Step::from)
    }

    fn field(&mut self, work: &mut Work) -> Result<Step, Stop> {
        let (number, wire_type) = self.tag()?;
        let raw = match wire_type {
            0 => Raw::Varint(self.varint()?),
            1 => Raw::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let span = self.length()?;
                if span.end > self.bytes.len() {
                    let end = self.bytes.len();
                    self.at = end;
                    return Ok(Step::Partial { number, span: Span { start: span.start, end } });
                }
                self.at = span.end;
                Raw::Bytes(span)
            }
            3 => return self.group(number, work),
            5 => Raw::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return Err(Stop::Malformed),
        };
        Ok(Step::Field { number, raw })
    }

    /// Up to the tag that ends the group; those within it end before.
    fn group(&mut self, number: u32, work: &mut Work) -> Result<Step, Stop> {
        let start = self.at;
        let mut open = [0; GROUP_DEPTH];
        open[0] = number;
        let mut depth = 1;
        loop {
            let before = self.at;
            if before < self.bytes.len() && !work.one() {
                return Ok(Step::Tired);
            }
            match self.skip_in_group(&mut open, &mut depth) {
                Ok(()) if depth > 0 => {}
                Ok(()) => {
                    let raw = Raw::Group(Span { start, end: before });
                    return Ok(Step::Field { number, raw });
                }
                Err(Stop::Cut) => {
                    self.at = self.bytes.len();
                    return Ok(Step::Partial { number, span: Span { start, end: self.at } });
                }
                Err(malformed) => return Err(malformed),
            }
        }
    }

    fn skip_in_group(&mut self, open: &mut [u32; GROUP_DEPTH], depth: &mut usize) -> Result<(), Stop> {
        let (number, wire_type) = self.tag()?;
        match wire_type {
            0 => self.varint().map(drop),
            1 => self.array::<8>().map(drop),
            2 => {
                let span = self.length()?;
                self.at = span.end.min(self.bytes.len());
                if span.end > self.bytes.len() { Err(Stop::Cut) } else { Ok(()) }
            }
            3 => {
                *open.get_mut(*depth).ok_or(Stop::Malformed)? = number;
                *depth += 1;
                Ok(())
            }
            4 => {
                *depth -= 1;
                if open.get(*depth) == Some(&number) { Ok(()) } else { Err(Stop::Malformed) }
            }
            5 => self.array::<4>().map(drop),
            _ => Err(Stop::Malformed),
        }
    }

    fn tag(&mut self) -> Result<(u32, u8), Stop> {
        let tag = u32::try_from(self.varint()?).map_err(|_| Stop::Malformed)?;
        let number = tag >> 3;
        if number == 0 { Err(Stop::Malformed) } else { Ok((number, (tag & 7) as u8)) }
    }

    /// Where length-delimited content stands; its end may lie behind the bytes.
    fn length(&mut self) -> Result<Span, Stop> {
        let length = self.varint()?;
        if length > LENGTH_LIMIT {
            return Err(Stop::Malformed);
        }
        Ok(Span { start: self.at, end: self.at.saturating_add(length as usize) })
    }

    /// Also for the elements of packed numbers.
    pub(crate) fn next_varint(&mut self) -> Option<u64> {
        self.varint().ok()
    }

    /// Also for the elements of packed numbers.
    pub(crate) fn next_array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.array().ok()
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn varint(&mut self) -> Result<u64, Stop> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let mut value = 0;
        for (index, byte) in rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                // Nine bytes hold 63 bits: the tenth has room for one.
                if index == 9 && *byte > 1 {
                    return Err(Stop::Malformed);
                }
                self.at += index + 1;
                return Ok(value);
            }
        }
        Err(if rest.len() < 10 { Stop::Cut } else { Stop::Malformed })
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let array = *rest.first_chunk::<N>().ok_or(Stop::Cut)?;
        self.at += N;
        Ok(array)
    }
}

/// Whether the bytes are a message from one end to the other; one that was cut may end anywhere.
pub(crate) fn is_message(payload: &[u8], span: Span, cut: bool, work: &mut Work) -> bool {
    let mut cursor = Cursor::new(payload, span);
    loop {
        match cursor.step(work) {
            Step::Field { .. } => {}
            Step::End => return true,
            Step::Cut | Step::Partial { .. } => return cut,
            Step::Malformed | Step::Tired => return false,
        }
    }
}

#[cfg(test)]
mod tests;
