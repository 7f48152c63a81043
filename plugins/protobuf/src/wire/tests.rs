//! Fields as they stand on the wire, and what no field looks like.

use proptest::prelude::*;

use super::*;
use crate::draft::Draft;

fn steps(bytes: &[u8]) -> Vec<Step> {
    let mut cursor = Cursor::new(bytes, Span { start: 0, end: bytes.len() });
    let (mut work, mut all) = (Work(1000), Vec::new());
    loop {
        let step = cursor.step(&mut work);
        all.push(step);
        if !matches!(step, Step::Field { .. }) {
            return all;
        }
    }
}

fn last(bytes: &[u8]) -> Step {
    steps(bytes).pop().unwrap()
}

fn span(start: usize, end: usize) -> Span {
    Span { start, end }
}

#[test]
fn every_wire_type() {
    let draft = Draft::default()
        .varint(1, 150)
        .varint(2, u64::MAX)
        .fixed64(3, 7)
        .fixed32(4, 8)
        .bytes(5, "ab")
        .group(6, &Draft::default().varint(1, 1).group(2, &Draft::default().bytes(3, "x")))
        .bytes(NUMBER_LIMIT, "");
    let field = |number, raw| Step::Field { number, raw };
    let length = draft.0.len();
    assert_eq!(
        steps(&draft.0),
        [
            field(1, Raw::Varint(150)),
            field(2, Raw::Varint(u64::MAX)),
            field(3, Raw::Fixed64(7)),
            field(4, Raw::Fixed32(8)),
            field(5, Raw::Bytes(span(30, 32))),
            field(6, Raw::Group(span(33, 40))),
            field(NUMBER_LIMIT, Raw::Bytes(span(length, length))),
            Step::End
        ]
    );
}

#[test]
fn malformed() {
    for (bytes, why) in [
        (&[0x00, 0x01][..], "field number 0"),
        (&[0x0e, 0x01], "wire type 6"),
        (&[0x0f, 0x01], "wire type 7"),
        (&[0x0c], "the end of a group that was not begun"),
        (&[0x0b, 0x14], "the end of another group"),
        (&[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], "more than 64 bits"),
        (&[0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], "eleven bytes"),
        (&[0x80, 0x80, 0x80, 0x80, 0x10, 0x00], "a tag of more than 32 bits"),
        (&[0x0a, 0x80, 0x80, 0x80, 0x80, 0x08], "longer than 2 GiB"),
    ] {
        assert_eq!(last(bytes), Step::Malformed, "{why}");
        assert!(!is_message(bytes, span(0, bytes.len()), true, &mut Work(100)), "{why}");
    }
}

#[test]
fn every_prefix_is_cut_or_ends_with_a_field() {
    let inner = Draft::default().bytes(1, "abc").group(2, &Draft::default().fixed32(1, 1)).varint(3, 300);
    let whole = Draft::default().varint(1, 1000).message(2, inner.clone()).group(3, &inner).fixed64(4, 1);
    for end in 0..=whole.0.len() {
        let front = &whole.0[..end];
        assert!(!matches!(last(front), Step::Malformed | Step::Tired), "{end}");
        assert!(is_message(front, span(0, end), true, &mut Work(100)), "{end}");
    }
    assert_eq!(last(&whole.0[..5]), Step::Partial { number: 2, span: span(5, 5) });
    assert_eq!(last(&whole.0[..4]), Step::Cut, "a length that is not there");
}

#[test]
fn groups_are_no_deeper_than_told() {
    let nested = |depth| [vec![0x0b; depth], vec![0x0c; depth]].concat();
    assert_eq!(steps(&nested(32)).len(), 2);
    assert_eq!(last(&nested(33)), Step::Malformed);
}

#[test]
fn work_ends() {
    let many = [0x08, 0x01].repeat(100);
    assert!(is_message(&many, span(0, 200), false, &mut Work(100)));
    assert!(!is_message(&many, span(0, 200), false, &mut Work(99)));
    let group = [&[0x0b][..], &many, &[0x0c]].concat();
    assert!(is_message(&group, span(0, 202), false, &mut Work(102)));
    assert!(!is_message(&group, span(0, 202), false, &mut Work(101)), "fields of a group count");
}

proptest! {
    #[test]
    fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let steps = steps(&bytes);
        prop_assert!(steps.len() <= bytes.len() / 2 + 2);
        for step in steps {
            if let Step::Field { raw: Raw::Bytes(span) | Raw::Group(span), .. } | Step::Partial { span, .. } = step {
                prop_assert!(span.start <= span.end && span.end <= bytes.len());
            }
        }
    }
}
