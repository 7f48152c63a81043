//! Conversations that a generator makes up: whatever the values, each command and each reply is told once, with its length.

use proptest::prelude::*;
use weir_plugin_sdk::testing::every_split;

use super::*;

/// A reply of any type, nested at will.
fn reply() -> impl Strategy<Value = Vec<u8>> {
    let text = prop::collection::vec(any::<u8>(), 0..40);
    let leaf = prop_oneof![
        "[+][ -~]{0,20}\r\n".prop_map(String::into_bytes),
        "-[A-Z]{2,9} [ -~]{0,20}\r\n".prop_map(String::into_bytes),
        any::<i64>()
            .prop_filter("more than 19 digits", |n| *n != i64::MIN)
            .prop_map(|n| format!(":{n}\r\n").into()),
        text.prop_map(|t| [format!("${}\r\n", t.len()).as_bytes(), &t, b"\r\n"].concat()),
        prop::sample::select(vec![
            "$-1\r\n",
            "*-1\r\n",
            "_\r\n",
            "#t\r\n",
            ",-1.5e9\r\n",
            "*?\r\n:1\r\n.\r\n"
        ])
        .prop_map(|fixed| fixed.as_bytes().to_vec()),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        (prop::sample::select(vec!['*', '~', '%']), prop::collection::vec(inner, 0..6)).prop_map(
            |(kind, mut items)| {
                if kind == '%' {
                    items.truncate(items.len() / 2 * 2);
                }
                let count = if kind == '%' { items.len() / 2 } else { items.len() };
                [format!("{kind}{count}\r\n").into_bytes(), items.concat()].concat()
            },
        )
    })
}

fn words() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let word = prop::collection::vec(any::<u8>(), 0..30);
    ("[A-Z]{3,8}", prop::collection::vec(word, 0..5)).prop_map(|(name, mut words)| {
        words.insert(0, format!("X{name}").into_bytes());
        words
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn pipelines(commands in prop::collection::vec(words(), 1..6), replies in prop::collection::vec(reply(), 6)) {
        let encode = |words: &Vec<Vec<u8>>| {
            let words = words.iter().map(|w| [format!("${}\r\n", w.len()).as_bytes(), w, b"\r\n"].concat());
            let words: Vec<Vec<u8>> = words.collect();
            [format!("*{}\r\n", words.len()).into_bytes(), words.concat()].concat()
        };
        let sent: Vec<Vec<u8>> = commands.iter().map(encode).collect();
        let answered = &replies[..commands.len()];
        let (client, server) = (sent.concat(), answered.concat());
        let messages = every_split::<Redis>(&[(CLIENT, client.as_slice()), (SERVER, server.as_slice())]);
        let lengths: Vec<u64> = messages.iter().map(|m| m.end - m.start).collect();
        let wanted: Vec<u64> = sent.iter().chain(answered).map(|bytes| bytes.len() as u64).collect();
        prop_assert_eq!(lengths, wanted);
        for (message, words) in messages.iter().zip(&commands) {
            let text = String::from_utf8_lossy(&words.join(&b' ')).into_owned();
            prop_assert_eq!(message.text(Field::RequestResource), Some(text.as_str()));
        }
        for (message, reply) in messages[commands.len()..].iter().zip(answered) {
            prop_assert_eq!(message.status == Status::ServerError, reply[0] == b'-');
        }
    }
}
