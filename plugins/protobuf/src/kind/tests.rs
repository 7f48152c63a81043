//! Each type in each of its forms on the wire, and in those of others.

use super::*;
use crate::draft::Draft;

fn write(kind: Kind, pick: &Pick, payload: &[u8], raws: &[Raw]) -> Option<String> {
    let (writer, mut out) = (Writer { kind, names: None, pick, payload }, String::from("before"));
    writer.write(raws.iter().copied(), &mut out).map(|text| match text {
        Text::There(span) => String::from_utf8_lossy(span.of(payload)).into_owned(),
        Text::Built(span) => out[span.start..span.end].to_owned(),
    })
}

fn number(kind: Kind, raw: Raw) -> Option<String> {
    write(kind, &Pick::Single, b"", &[raw])
}

#[test]
fn numbers() {
    let minus_one = u64::MAX;
    for (kind, raw, text) in [
        (Kind::Unknown, Raw::Varint(minus_one), "18446744073709551615"),
        (Kind::Unknown, Raw::Fixed32(u32::MAX), "4294967295"),
        (Kind::Unknown, Raw::Fixed64(1), "1"),
        (Kind::Int32, Raw::Varint(minus_one), "-1"),
        (Kind::Int32, Raw::Varint(1 << 32 | 5), "5"),
        (Kind::Int64, Raw::Varint(minus_one), "-1"),
        (Kind::Uint32, Raw::Varint(minus_one), "4294967295"),
        (Kind::Uint64, Raw::Varint(minus_one), "18446744073709551615"),
        (Kind::Sint32, Raw::Varint(u64::from(u32::MAX)), "-2147483648"),
        (Kind::Sint32, Raw::Varint(3), "-2"),
        (Kind::Sint64, Raw::Varint(minus_one), "-9223372036854775808"),
        (Kind::Sint64, Raw::Varint(4), "2"),
        (Kind::Bool, Raw::Varint(0), "false"),
        (Kind::Bool, Raw::Varint(2), "true"),
        (Kind::Enum, Raw::Varint(minus_one), "-1"),
        (Kind::Fixed32, Raw::Fixed32(7), "7"),
        (Kind::Fixed64, Raw::Fixed64(u64::MAX), "18446744073709551615"),
        (Kind::Sfixed32, Raw::Fixed32(u32::MAX), "-1"),
        (Kind::Sfixed64, Raw::Fixed64(u64::MAX), "-1"),
        (Kind::Float, Raw::Fixed32(1.5_f32.to_bits()), "1.5"),
        (Kind::Float, Raw::Fixed32(0.1_f32.to_bits()), "0.1"),
        (Kind::Double, Raw::Fixed64((-2.25_f64).to_bits()), "-2.25"),
        (Kind::Double, Raw::Fixed64(f64::NAN.to_bits()), "NaN"),
    ] {
        assert_eq!(number(kind, raw).as_deref(), Some(text), "{kind:?} {raw:?}");
    }
}

#[test]
fn what_does_not_fit_is_no_value() {
    let span = Span { start: 0, end: 1 };
    for (kind, raw) in [
        (Kind::Text, Raw::Varint(1)),
        (Kind::Bytes, Raw::Fixed64(1)),
        (Kind::Int32, Raw::Fixed32(1)),
        (Kind::Double, Raw::Fixed32(1)),
        (Kind::Float, Raw::Fixed64(1)),
        (Kind::Fixed64, Raw::Varint(1)),
        (Kind::Bool, Raw::Fixed32(1)),
        (Kind::Unknown, Raw::Group(span)),
        (Kind::Text, Raw::Group(span)),
        (Kind::Int64, Raw::Bytes(span)),
    ] {
        assert_eq!(write(kind, &Pick::Single, b"\x05", &[raw]), None, "{kind:?} {raw:?}");
    }
}

#[test]
fn texts_and_bytes() {
    for (payload, unknown, text, hex) in [
        ("order-1".as_bytes(), Some("order-1"), Some("order-1"), Some("6f726465722d31")),
        ("größe".as_bytes(), Some("größe"), Some("größe"), Some("6772c3b6c39f65")),
        (b"two\nlines", None, Some("two\nlines"), Some("74776f0a6c696e6573")),
        (b"\x0a\x03abc", None, Some("\n\u{3}abc"), Some("0a03616263")),
        (b"\xff\xfe", None, Some("\u{fffd}\u{fffd}"), Some("fffe")),
        (b"", None, None, None),
    ] {
        let raws = [Raw::Bytes(Span { start: 0, end: payload.len() })];
        for (kind, expected) in [(Kind::Unknown, unknown), (Kind::Text, text), (Kind::Bytes, hex)] {
            assert_eq!(
                write(kind, &Pick::First, payload, &raws).as_deref(),
                expected,
                "{kind:?} {payload:?}"
            );
        }
    }
    let long = vec![0xab; 5000];
    let raws = [Raw::Bytes(Span { start: 0, end: long.len() })];
    assert_eq!(write(Kind::Bytes, &Pick::First, &long, &raws).map(|hex| hex.len()), Some(4096));
}

#[test]
fn packed_numbers() {
    let varints = Draft::default().bytes(1, [1, 0xac, 0x02, 3]).0;
    let fixed = Draft::default().bytes(1, [1_i32, -2].map(i32::to_le_bytes).concat()).0;
    let at = |bytes: &[u8]| [Raw::Bytes(Span { start: 2, end: bytes.len() })];
    for (pick, text) in [(Pick::First, "1"), (Pick::Last, "3"), (Pick::All, "1,300,3")] {
        assert_eq!(write(Kind::Int32, &pick, &varints, &at(&varints)).as_deref(), Some(text), "{pick:?}");
    }
    assert_eq!(write(Kind::Sfixed32, &Pick::All, &fixed, &at(&fixed)).as_deref(), Some("1,-2"));
    assert_eq!(write(Kind::Int32, &Pick::Single, &varints, &at(&varints)), None, "it stands there once");
    let odd = Draft::default().bytes(1, [1, 2, 3, 4, 5]).0;
    assert_eq!(
        write(Kind::Fixed32, &Pick::First, &odd, &at(&odd)),
        None,
        "five bytes are no fixed32 numbers"
    );
    let open = Draft::default().bytes(1, [1, 0x80]).0;
    assert_eq!(write(Kind::Int32, &Pick::All, &open, &at(&open)), None, "the last number has no end");
    assert_eq!(write(Kind::Unknown, &Pick::All, &varints, &at(&varints)), None, "no type, no numbers");
    let two = [at(&varints)[0], Raw::Varint(9)];
    assert_eq!(
        write(Kind::Int32, &Pick::All, &varints, &two).as_deref(),
        Some("1,300,3,9"),
        "both forms mixed"
    );
}

#[test]
fn joined_values_end() {
    let raws = vec![Raw::Varint(1234); 5000];
    let joined = write(Kind::Uint64, &Pick::All, b"", &raws).unwrap();
    assert!((4096..4110).contains(&joined.len()), "{}", joined.len());
    let packed = vec![1; 60_000];
    let raws = [Raw::Bytes(Span { start: 0, end: packed.len() })];
    let joined = write(Kind::Bool, &Pick::All, &packed, &raws).unwrap();
    assert!((4096..4110).contains(&joined.len()), "{}", joined.len());
}
