use super::*;

fn all(text: &str) -> (Vec<(String, String)>, End) {
    let mut members = members(text.as_bytes());
    let (mut name_buffer, mut value_buffer) = (Vec::new(), Vec::new());
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let told = members
        .by_ref()
        .map(|(name, value)| {
            let value = match value {
                Value::Text(text) => format!("'{}'", lossy(text.decode(&mut value_buffer))),
                Value::Scalar(raw) | Value::Nested(raw) => lossy(raw),
                Value::Null => "null".to_owned(),
            };
            (lossy(name.decode(&mut name_buffer)), value)
        })
        .collect();
    (told, members.end())
}

fn names(text: &str) -> (Vec<String>, End) {
    let (told, end) = all(text);
    (told.into_iter().map(|(name, _)| name).collect(), end)
}

#[test]
fn each_kind_of_value() {
    let text = "\u{feff} { \"a\" : \"x\" ,\n\"b\":-1.5e+3,\"c\":true,\"d\":null,\"e\":{\"a\":[\"}\"]},\"f\":[[],{}] } \r\n";
    let (told, end) = all(text);
    let told: Vec<_> = told.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        told,
        [
            ("a", "'x'"),
            ("b", "-1.5e+3"),
            ("c", "true"),
            ("d", "null"),
            ("e", "{\"a\":[\"}\"]}"),
            ("f", "[[],{}]")
        ]
    );
    assert_eq!(end, End::Whole);
    assert_eq!(all("{}"), (vec![], End::Whole));
}

#[test]
fn escapes() {
    for (raw, meant) in [
        (r"\u0041\n\t\/\\\u00e9", "A\n\t/\\\u{e9}"),
        (r"\ud83d\ude00!", "\u{1f600}!"),
        (r"\ud83d", "\u{fffd}"),
        (r"\ud83d\u0041", "\u{fffd}A"),
        (r"\ude00\ud83d\ude00", "\u{fffd}\u{1f600}"),
        (r"\uzzzz", "\u{fffd}zzzz"),
        (r"\u12", "\u{fffd}12"),
        (r"\x", "\u{fffd}"),
        ("no escape", "no escape"),
        ("", ""),
    ] {
        let text = Text::new(raw.as_bytes());
        assert_eq!(text.decode(&mut Vec::new()), meant.as_bytes(), "{raw}");
        assert!(text.is(meant.as_bytes()), "{raw}");
        assert!(!text.is(format!("{meant}x").as_bytes()) && !text.is(b"other"), "{raw}");
        let shorter = meant.as_bytes().split_last().map(|(_, front)| front);
        assert!(shorter.is_none_or(|front| !text.is(front)), "{raw}");
    }
}

#[test]
fn an_escaped_name_is_the_name() {
    let ([status], end) = find(br#"{"OPT_STATU\u0053":"E\u0031"}"#, [b"OPT_STATUS"]);
    let Some(Value::Text(status)) = status else { panic!("not found") };
    assert!(status.is(b"E1") && end == End::Whole);
}

#[test]
fn the_last_of_a_name_counts_and_only_the_top() {
    let ([a, b, c], _) = find(br#"{"a":1,"b":{"a":2,"c":3},"a":4,"b":null}"#, [b"a", b"b", b"c"]);
    assert_eq!((a, b, c), (Some(Value::Scalar(b"4")), None, None));
}

#[test]
fn any_cut_is_seen() {
    let text = r#"{"first":"a\"b\u00e9","second":{"x":[1,"]"]},"third":12,"fourth":null }"#;
    let whole = names(text);
    assert_eq!((whole.0.len(), whole.1), (4, End::Whole));
    for length in 0..text.len() {
        let (told, end) = names(&text[..length]);
        assert_eq!(end, End::Cut, "{}", &text[..length]);
        assert!(whole.0.starts_with(&told), "{told:?}");
    }
}

#[test]
fn what_is_no_object() {
    for (text, front) in [
        ("[1]", 0),
        ("\"a\"", 0),
        ("12", 0),
        ("<html>", 0),
        ("{} x", 0),
        ("{a:1}", 0),
        ("{'a':1}", 0),
        ("{,}", 0),
        ("{\"a\"}", 0),
        ("{\"a\":}", 0),
        ("{\"a\":nul}", 0),
        ("{\"a\":yes}", 0),
        ("{\"a\":1 \"b\":2}", 1),
        ("{\"a\":1,}", 1),
        ("{\"a\":1,,\"b\":2}", 1),
        ("{\"a\":1}}", 1),
        ("{\"a\":[}", 0),
        ("{\"a\":{]}", 0),
        ("{\"a\":1;}", 1),
    ] {
        let (told, end) = names(text);
        assert_eq!((told.len(), end), (front, End::Bad), "{text}");
    }
}

#[test]
fn depth_has_a_limit() {
    let nested = |depth: usize| format!("{{\"a\":{}{},\"b\":1}}", "[".repeat(depth), "]".repeat(depth));
    let limit = DEPTH_LIMIT as usize;
    assert_eq!(names(&nested(limit)), (vec!["a".to_owned(), "b".to_owned()], End::Whole));
    assert_eq!(names(&nested(limit + 1)), (vec![], End::Bad));
    assert_eq!(names(&format!("{{\"a\":{}", "[{".repeat(100_000))).1, End::Bad);
}

#[test]
fn damaged_bytes_are_no_panic() {
    let text = br#"{"a":"x\ud83d\ude00","b":{"c":[1,2,{"d":null}]},"e":-1}"#;
    let mut random = crate::testing::Random(7);
    for _ in 0..5000 {
        let mut bytes = text.to_vec();
        for _ in 0..=random.below(4) {
            random.damage(&mut bytes);
        }
        let mut members = members(&bytes);
        let mut buffer = Vec::new();
        for (name, value) in members.by_ref() {
            let _ = name.decode(&mut buffer);
            if let Value::Text(text) = value {
                let meant = text.decode(&mut buffer).to_vec();
                assert!(text.is(&meant));
            }
        }
        assert_ne!(members.end(), End::Open);
    }
}
