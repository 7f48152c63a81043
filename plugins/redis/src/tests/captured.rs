//! Conversations with a real server; see `fixtures/README.md`.

use weir_plugin_sdk::testing::{every_prefix, every_split, mutations};

use super::*;

const CORE: &str = include_str!("../../fixtures/core.txt");
const TRICKY: &str = include_str!("../../fixtures/tricky.txt");

/// The connections of a fixture.
pub(super) fn conversations() -> Vec<Script> {
    let mut all: Vec<Script> = Vec::new();
    for line in [CORE, TRICKY].iter().flat_map(|text| text.lines()) {
        match line.split_at(2) {
            ("# ", _) => all.push(Script::new()),
            (mark, text) => {
                let direction = if mark == "> " { CLIENT } else { SERVER };
                all.last_mut().expect("a connection first").push((direction, unescape(text)));
            }
        }
    }
    all
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next().expect("an escape") {
                b'r' => b'\r',
                b'n' => b'\n',
                b'x' => {
                    let digits: String = rest.by_ref().take(2).map(char::from).collect();
                    u8::from_str_radix(&digits, 16).expect("two hex digits")
                }
                other => other,
            },
            other => other,
        });
    }
    bytes
}

#[test]
fn every_command_has_its_reply() {
    let conversations = conversations();
    assert_eq!(conversations.len(), 7);
    let (mut requests, mut responses, mut pushes) = (0, 0, 0);
    for script in &conversations {
        let script = borrowed(script);
        for message in every_split::<Redis>(&script) {
            match message.kind {
                Kind::Request => requests += 1,
                Kind::Response => responses += 1,
                Kind::OneWay => pushes += 1,
            }
        }
        every_prefix::<Redis>(&script);
    }
    // 63 of `redis_core` (truth: client's log) and 63 of `redis_tricky`; five messages were published.
    assert_eq!((requests, responses, pushes), (126, 126, 5));
}

#[test]
fn nothing_breaks_on_damage() {
    for script in &conversations() {
        mutations::<Redis>(&borrowed(script), 400);
    }
}

#[test]
fn the_texts_are_those_of_the_truth() {
    let all: Vec<String> =
        conversations().iter().flat_map(|s| lines(&every_split::<Redis>(&borrowed(s)))).collect();
    for wanted in [
        "? SET cart:11 余额不足，请充值6",
        "? SET cart:32",
        "! error ERR wrong number of arguments for 'set' command",
        "! error EXECABORT Transaction discarded because of previous errors.",
        "? AUTH nopass",
        "? EVAL return {1,2,{3,'x'},redis.error_reply('MYERR custom')} 0",
        "! error MYERR custom",
        "? ECHO *3\r\n$3\r\nSET\r\n",
        "! ok *3\r\n$3\r\nSET\r\n",
        "! ok QUEUED",
        "# message: cart:ch event-4",
        "? UNSUBSCRIBE",
        "? GET cart:p1",
        "? SET cart:split hello",
    ] {
        assert!(all.iter().any(|line| line == wanted), "{wanted:?} is missing");
    }
}
