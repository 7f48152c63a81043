//! Which occurrences count, what is a message, what a cut payload still tells.

use proptest::prelude::*;

use super::*;
use crate::compile::compile;
use crate::draft::Draft;
use crate::kind::{Kind, Text, Writer};
use crate::path;
use crate::schema::Schema;

/// The texts that paths lead to.
fn read_cut(payload: &[u8], cut: bool, paths: &[&str]) -> (Ended, Vec<Option<String>>) {
    let (mut tree, mut leaves) = (Tree::new(), Vec::new());
    for text in paths {
        let compiled = compile(&Schema::default(), None, &path::parse(text).unwrap(), None).unwrap();
        leaves.push((tree.add(&compiled.hops), compiled.hops.last().unwrap().pick.clone()));
    }
    let mut found = Found::default();
    let ended = found.read(&tree, payload, cut);
    let texts = leaves.iter().map(|(node, pick)| {
        let (writer, mut out) = (Writer { kind: Kind::Unknown, names: None, pick, payload }, String::new());
        writer.write(found.values(*node), &mut out).map(|text| match text {
            Text::There(span) => String::from_utf8(span.of(payload).to_vec()).unwrap(),
            Text::Built(span) => String::from_utf8(span.of(out.as_bytes()).to_vec()).unwrap(),
        })
    });
    (ended, texts.collect())
}

fn read(draft: &Draft, path: &str) -> Option<String> {
    let (ended, mut texts) = read_cut(&draft.0, false, &[path]);
    assert_eq!(ended, Ended::Whole);
    texts.remove(0)
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn occurrences() {
    let item = |id: &str| Draft::default().bytes(2, id);
    let draft = Draft::default()
        .bytes(1, "a")
        .message(3, item("x"))
        .bytes(1, "b")
        .message(3, Draft::default().varint(9, 9))
        .message(3, item("y").bytes(2, "z"));
    for (path, value) in [
        ("1", text("a")),
        ("1[first]", text("a")),
        ("1[last]", text("b")),
        ("1[]", text("a,b")),
        ("3.2", text("x")),
        ("3[last].2", text("y")),
        ("3[last].2[last]", text("z")),
        ("3[].2", text("x,y")),
        ("3[].2[]", text("x,y,z")),
        ("3[].9", text("9")),
        // The first item has no 9: another one is not the first.
        ("3.9", None),
        ("3[last].9", None),
        ("2", None),
        ("1.1", None),
    ] {
        assert_eq!(read(&draft, path), value, "{path}");
    }
}

#[test]
fn one_pass_for_all_paths() {
    let draft = Draft::default().message(3, Draft::default().bytes(1, "a").bytes(2, "b")).varint(1235, 7);
    let (_, texts) = read_cut(&draft.0, false, &["3.1", "3.2", "1235", "3.1", "3[].2"]);
    assert_eq!(texts, ["a", "b", "7", "a", "b"].map(text));
}

#[test]
fn maps() {
    let draft = Draft::default()
        .entry(5, "order_id", "A1")
        .entry(5, "tenant", "t1")
        .entry(5, "order_id", "A2")
        .message(6, Draft::default().varint(1, 7).bytes(2, "seven"))
        .message(6, Draft::default().varint(1, 1).bytes(2, "true"))
        .message(5, Draft::default().bytes(2, "no key"));
    for (path, value) in [
        ("5[order_id]", text("A2")),
        ("5[\"tenant\"]", text("t1")),
        ("5[nobody]", None),
        ("5[order]", None),
        ("6[7]", text("seven")),
        ("6[true]", text("true")),
        ("6[8]", None),
    ] {
        assert_eq!(read(&draft, path), value, "{path}");
    }
}

#[test]
fn groups_are_walked_like_messages() {
    let group = Draft::default().bytes(1, "in").group(2, &Draft::default().bytes(1, "deep"));
    let draft = Draft::default().group(4, &group).bytes(1, "out");
    for (path, value) in
        [("4.1", text("in")), ("4.2.1", text("deep")), ("1", text("out")), ("4", None), ("4.2", None)]
    {
        assert_eq!(read(&draft, path), value, "{path}");
    }
}

#[test]
fn text_is_no_message() {
    let draft = Draft::default().bytes(1, "hello world").bytes(2, [0x0a, 0x01, b'x', 0xff]).bytes(3, "");
    for path in ["1.1", "1.13", "2.1", "3.1"] {
        assert_eq!(read(&draft, path), None, "{path}");
    }
    assert_eq!(read(&draft, "2"), None, "what is no text is no value without a type");
    assert_eq!(read(&draft, "3"), None, "an empty text is no value");
}

#[test]
fn a_payload_that_is_no_message_has_no_values() {
    let good = Draft::default().bytes(1, "id");
    for tail in [&[0x07][..], &[0x12, 0x05, b'a'], &[0x08], &[0x0b]] {
        let bad = good.clone().raw(tail);
        assert_eq!(read_cut(&bad.0, false, &["1"]), (Ended::Malformed, vec![None]), "{tail:x?}");
    }
    let json = br#"{"business_id": "A-1"}"#;
    assert_eq!(read_cut(json, false, &["1", "15", "4"]).0, Ended::Malformed);
    assert_eq!(read_cut(json, true, &["1", "15", "4"]).1, [None, None, None]);
}

#[test]
fn what_lies_before_the_cut_counts() {
    let inner = Draft::default().bytes(2, "inner").bytes(4, "x".repeat(100));
    let draft = Draft::default().bytes(1, "first").message(3, inner).bytes(5, "behind");
    let payload = &draft.0[..60];
    let paths = ["1", "1[]", "3.2", "3[].2", "3.4", "5", "1[last]", "3[last].2"];
    let (ended, texts) = read_cut(payload, true, &paths);
    assert_eq!(ended, Ended::Early);
    let [first, inner] = ["first", "inner"].map(text);
    assert_eq!(texts, [first.clone(), first, inner.clone(), inner, None, None, None, None]);
    for end in 0..draft.0.len() {
        let (_, texts) = read_cut(&draft.0[..end], true, &["1", "3.2", "5"]);
        let there = [end >= 7, end >= 16, false];
        for (value, there) in texts.iter().zip(there) {
            assert_eq!(value.is_some(), there, "{end}");
        }
    }
}

#[test]
fn a_payload_of_nothing_but_fields_ends() {
    let many = [0x08, 0x01].repeat(200_000);
    let (ended, texts) = read_cut(&many, false, &["1", "1[]", "2"]);
    assert_eq!(ended, Ended::Early);
    assert_eq!(texts[0], text("1"));
    assert_eq!(texts[1].as_ref().map(String::len), Some(2 * MANY - 1));
    let deep = (0..500).fold(Draft::default().varint(1, 1), |inner, _| Draft::default().message(1, inner));
    let path = vec!["1"; path::PARTS].join(".");
    assert_eq!(read_cut(&deep.0, false, &[&path]).0, Ended::Whole);
}

fn draft() -> impl Strategy<Value = Draft> {
    let leaf = prop_oneof![
        (1_u32..6, any::<u64>()).prop_map(|(n, v)| Draft::default().varint(n, v)),
        (1_u32..6, "[a-z]{0,9}").prop_map(|(n, v)| Draft::default().bytes(n, v)),
        (1_u32..6, any::<u32>()).prop_map(|(n, v)| Draft::default().fixed32(n, v)),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        (proptest::collection::vec((1_u32..6, any::<bool>(), inner), 1..4)).prop_map(|parts| {
            parts.into_iter().fold(Draft::default(), |all, (number, group, part)| {
                if group { all.group(number, &part) } else { all.message(number, part) }
            })
        })
    })
}

const PATHS: [&str; 9] =
    ["1", "2[]", "3.2", "3[].2", "1[last].2.3", "2[a]", "3.3.3.3", "4[].4[].4[]", "5[7]"];

proptest! {
    #[test]
    fn mutated_messages_never_panic(
        draft in draft(), changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 0..6), cut: bool,
    ) {
        let mut bytes = draft.0;
        let length = bytes.len();
        for (at, byte) in changes {
            bytes[at % length] = byte;
        }
        read_cut(&bytes, cut, &PATHS);
    }

    /// With a cut there is never a value that the whole does not have, but for what comes later in it.
    #[test]
    fn a_cut_invents_nothing(draft in draft(), at: usize) {
        let end = at % (draft.0.len() + 1);
        let (ended, whole) = read_cut(&draft.0, false, &["1", "3.2", "2.2.2", "1[last]"]);
        let (_, front) = read_cut(&draft.0[..end], true, &["1", "3.2", "2.2.2", "1[last]"]);
        prop_assert_eq!(ended, Ended::Whole);
        for (whole, front) in whole.iter().zip(&front) {
            prop_assert!(front.is_none() || front == whole, "{front:?} {whole:?}");
        }
    }
}
