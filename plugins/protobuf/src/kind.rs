//! Takes: a value as it stands on the wire and its type. Gives: its text; nothing where type and wire do not fit.

use std::fmt::Write as _;

use crate::plan::Pick;
use crate::schema::Enum;
use crate::wire::{Cursor, Raw, Span};

/// Bytes of a `bytes` field that are shown, two digits each: the host cuts texts at 4096.
const HEX_BYTES: usize = 2048;
/// Values of a repeated field are joined up to here, for the same reason.
const JOINED_BYTES: usize = 4096;

/// Scalar types of Protobuf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No schema and no rule says.
    #[default]
    Unknown,
    Text,
    Bytes,
    Bool,
    Enum,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Float,
    Double,
}

/// As they stand in a `.proto` file.
pub(crate) const KINDS: [(&str, Kind); 16] = [
    ("string", Kind::Text),
    ("bytes", Kind::Bytes),
    ("bool", Kind::Bool),
    ("enum", Kind::Enum),
    ("int32", Kind::Int32),
    ("int64", Kind::Int64),
    ("uint32", Kind::Uint32),
    ("uint64", Kind::Uint64),
    ("sint32", Kind::Sint32),
    ("sint64", Kind::Sint64),
    ("fixed32", Kind::Fixed32),
    ("fixed64", Kind::Fixed64),
    ("sfixed32", Kind::Sfixed32),
    ("sfixed64", Kind::Sfixed64),
    ("float", Kind::Float),
    ("double", Kind::Double),
];

/// The text of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// Stands in the payload.
    There(Span),
    /// Was written behind what stood in `out`.
    Built(Span),
}

/// Writes values of one type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writer<'a> {
    pub(crate) kind: Kind,
    pub(crate) names: Option<&'a Enum>,
    pub(crate) pick: &'a Pick,
    pub(crate) payload: &'a [u8],
}

impl Writer<'_> {
    /// The text of one value, or of several, joined by commas. An empty text is no value.
    pub(crate) fn write(&self, values: impl Iterator<Item = Raw>, out: &mut String) -> Option<Text> {
        let mut values = values.peekable();
        let first = values.next()?;
        if values.peek().is_none()
            && let Raw::Bytes(span) = first
            && self.stays(span)
        {
            return Some(Text::There(span)).filter(|_| span.start < span.end);
        }
        let start = out.len();
        for raw in std::iter::once(first).chain(values) {
            self.append(raw, out, start);
        }
        (out.len() > start).then_some(Text::Built(Span { start, end: out.len() }))
    }

    /// The text needs no copy.
    fn stays(&self, span: Span) -> bool {
        match self.kind {
            // The host replaces what is no UTF-8: the type is known, so this is the text.
            Kind::Text => true,
            Kind::Unknown => is_plain_text(span.of(self.payload)),
            _ => false,
        }
    }

    fn append(&self, raw: Raw, out: &mut String, start: usize) {
        if out.len() - start >= JOINED_BYTES {
            return;
        }
        let before = out.len();
        if before > start {
            out.push(',');
        }
        let fits = match raw {
            Raw::Bytes(span) => self.bytes(span, out, start),
            Raw::Group(_) => None,
            number => self.number(number, out),
        };
        if fits.is_none() {
            out.truncate(before);
        }
    }

    fn bytes(&self, span: Span, out: &mut String, start: usize) -> Option<()> {
        let bytes = span.of(self.payload);
        match self.kind {
            Kind::Unknown if is_plain_text(bytes) => out.push_str(std::str::from_utf8(bytes).ok()?),
            Kind::Text => out.push_str(&String::from_utf8_lossy(bytes)),
            Kind::Bytes => {
                for byte in bytes.iter().take(HEX_BYTES) {
                    let _ = write!(out, "{byte:02x}");
                }
            }
            Kind::Unknown => return None,
            _ => return self.packed(span, out, start),
        }
        Some(())
    }

    /// Numbers of a repeated field in one piece.
    fn packed(&self, span: Span, out: &mut String, start: usize) -> Option<()> {
        let mut cursor = Cursor::new(self.payload, span);
        let (mut first, mut last, mut count) = (None, None, 0);
        while !cursor.is_at_end() {
            let raw = self.element(&mut cursor)?;
            first = first.or(Some(raw));
            last = Some(raw);
            count += 1;
        }
        match self.pick {
            Pick::First => self.number(first?, out),
            Pick::Last => self.number(last?, out),
            Pick::All if count > 0 => self.all_packed(span, out, start),
            // A field that stands there once is never packed.
            _ => None,
        }
    }

    fn all_packed(&self, span: Span, out: &mut String, start: usize) -> Option<()> {
        let mut cursor = Cursor::new(self.payload, span);
        let begin = out.len();
        while !cursor.is_at_end() && out.len() - start < JOINED_BYTES {
            if out.len() > begin {
                out.push(',');
            }
            let raw = self.element(&mut cursor)?;
            self.number(raw, out)?;
        }
        Some(())
    }

    fn element(&self, cursor: &mut Cursor<'_>) -> Option<Raw> {
        match self.kind {
            Kind::Fixed32 | Kind::Sfixed32 | Kind::Float => {
                Some(Raw::Fixed32(u32::from_le_bytes(cursor.next_array()?)))
            }
            Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => {
                Some(Raw::Fixed64(u64::from_le_bytes(cursor.next_array()?)))
            }
            _ => Some(Raw::Varint(cursor.next_varint()?)),
        }
    }

    fn number(&self, raw: Raw, out: &mut String) -> Option<()> {
        let written = match (self.kind, raw) {
            (Kind::Unknown | Kind::Uint64, Raw::Varint(n)) => write!(out, "{n}"),
            (Kind::Unknown | Kind::Fixed64, Raw::Fixed64(n)) => write!(out, "{n}"),
            (Kind::Unknown | Kind::Fixed32, Raw::Fixed32(n)) => write!(out, "{n}"),
            (Kind::Int64, Raw::Varint(n)) => write!(out, "{}", n as i64),
            // What is too long is cut, as Protobuf's own parsers do.
            (Kind::Int32, Raw::Varint(n)) => write!(out, "{}", n as i32),
            (Kind::Uint32, Raw::Varint(n)) => write!(out, "{}", n as u32),
            (Kind::Sint32, Raw::Varint(n)) => write!(out, "{}", zigzag(u64::from(n as u32)) as i32),
            (Kind::Sint64, Raw::Varint(n)) => write!(out, "{}", zigzag(n)),
            (Kind::Bool, Raw::Varint(n)) => write!(out, "{}", n != 0),
            (Kind::Enum, Raw::Varint(n)) => match self.names.and_then(|names| names.name(n as i32)) {
                Some(name) => out.write_str(name),
                None => write!(out, "{}", n as i32),
            },
            (Kind::Sfixed32, Raw::Fixed32(n)) => write!(out, "{}", n as i32),
            (Kind::Sfixed64, Raw::Fixed64(n)) => write!(out, "{}", n as i64),
            (Kind::Float, Raw::Fixed32(n)) => write!(out, "{}", f32::from_bits(n)),
            (Kind::Double, Raw::Fixed64(n)) => write!(out, "{}", f64::from_bits(n)),
            _ => return None,
        };
        written.ok()
    }
}

fn zigzag(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

/// What nobody says is text must look like it: a message inside of a message begins with a control character most times.
fn is_plain_text(bytes: &[u8]) -> bool {
    !bytes.is_empty() && std::str::from_utf8(bytes).is_ok_and(|text| !text.chars().any(char::is_control))
}

#[cfg(test)]
mod tests;
