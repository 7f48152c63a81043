//! One test a rule: what a reply or a command becomes.

use super::*;

#[test]
fn replies_of_every_type() {
    for (bytes, line) in [
        ("+OK\r\n", "! ok OK"),
        ("+\r\n", "! ok "),
        ("-ERR no\r\n", "! error ERR no"),
        (":-42\r\n", "! ok -42"),
        ("$5\r\nhello\r\n", "! ok hello"),
        ("$0\r\n\r\n", "! ok"),
        ("$-1\r\n", "! ok"),
        ("*-1\r\n", "! ok"),
        ("*0\r\n", "! ok"),
        ("*2\r\n-ERR inside\r\n*1\r\n:1\r\n", "! ok"),
        ("_\r\n", "! ok"),
        ("#t\r\n", "! ok t"),
        (",1.5\r\n", "! ok 1.5"),
        (",-inf\r\n", "! ok -inf"),
        (
            "(3492890328409238509324850943850943825024385\r\n",
            "! ok 3492890328409238509324850943850943825024385",
        ),
        ("!21\r\nSYNTAX invalid syntax\r\n", "! error SYNTAX invalid syntax"),
        ("=9\r\ntxt:hello\r\n", "! ok hello"),
        ("%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n", "! ok"),
        ("~1\r\n:1\r\n", "! ok"),
        ("|1\r\n+ttl\r\n:3600\r\n:7\r\n", "! ok 7"),
        ("|1\r\n+ttl\r\n:3600\r\n|1\r\n+x\r\n+y\r\n*1\r\n:7\r\n", "! ok"),
        ("$?\r\n;4\r\nHell\r\n;1\r\no\r\n;0\r\n", "! ok"),
        ("*?\r\n:1\r\n$1\r\na\r\n.\r\n", "! ok"),
    ] {
        assert_eq!(reply(bytes), [line], "{bytes:?}");
    }
}

#[test]
fn attributes_belong_to_their_reply() {
    let script = [(SERVER, "|1\r\n+ttl\r\n:3600\r\n:7\r\n:8\r\n")];
    let spans: Vec<(u64, u64)> = harness(&script).joined().iter().map(|m| (m.start, m.end)).collect();
    assert_eq!(spans, [(0, 21), (21, 25)]);
}

#[test]
fn commands_in_arrays_and_lines() {
    let script = [
        (CLIENT, "PING\r\n\r\n  \r\nset k \"a b\"\n"),
        (SERVER, "+PONG\r\n+OK\r\n"),
        (CLIENT, "*0\r\n*-1\r\n*1\r\n$4\r\nPiNg\r\n*2\r\n$3\r\nget\r\n$0\r\n\r\n"),
        (SERVER, "+PONG\r\n$-1\r\n"),
    ];
    assert_eq!(
        told(&script),
        ["? PING", "? set k a b", "! ok PONG", "! ok OK", "? PiNg", "? get ", "! ok PONG", "! ok"]
    );
    let messages = harness(&script).joined();
    let types: Vec<_> = messages.iter().filter_map(|m| m.text(Field::RequestType)).collect();
    assert_eq!(types, ["PING", "SET", "PING", "GET"]);
}

#[test]
fn a_big_value_is_stepped_over() {
    let value = "v".repeat(100_000);
    let all = format!("{}{}", command(&format!("SET k {value}")), command("GET k"));
    let answer = format!("+OK\r\n$100000\r\n{value}\r\n:1\r\n");
    let script = [(CLIENT, all.as_bytes()), (SERVER, answer.as_bytes())];
    let messages = weir_plugin_sdk::testing::every_split::<Redis>(&script);
    assert_eq!(messages.len(), 5);
    let head = messages[0].text(Field::RequestResource).expect("the head");
    assert!(head.starts_with("SET k vvv") && (4096..4200).contains(&head.len()), "{} bytes", head.len());
    assert_eq!(messages[1].text(Field::RequestResource), Some("GET k"));
    let head = messages[3].text(Field::ResponseResult).expect("the head");
    assert!((4096..4200).contains(&head.len()) && head.bytes().all(|b| b == b'v'));
    assert_eq!((messages[3].start, messages[3].end), (5, 5 + 9 + 100_000 + 2));
}

#[test]
fn of_512_mb_only_the_head_is_needed() {
    let head = format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n{}", "v".repeat(5000));
    let harness = harness(&[(CLIENT, &head)]);
    let [message] = harness.messages() else { panic!("{:?}", harness.messages()) };
    assert_eq!((message.part, message.end), (Part::Whole, 32 + 536_870_912 + 2));
}

#[test]
fn a_big_value_in_the_middle_begins_a_message() {
    let value = "v".repeat(50_000);
    let all = format!("{}{}", command(&format!("SET k {value} EX 10")), command("GET k"));
    let messages = weir_plugin_sdk::testing::every_split::<Redis>(&[(CLIENT, all.as_bytes())]);
    let spans: Vec<(u64, u64)> = messages.iter().map(|m| (m.start, m.end)).collect();
    let end = all.len() as u64;
    assert_eq!(spans, [(0, end - 20), (end - 20, end)]);
}

#[test]
fn a_million_arguments_and_a_million_elements() {
    let mut command = String::from("*1000001\r\n$3\r\nDEL\r\n");
    let mut answer = String::from("*1000000\r\n");
    for _ in 0..1_000_000 {
        command.push_str("$1\r\nk\r\n");
        answer.push_str(":1\r\n");
    }
    let mut harness = Harness::<Redis>::tcp();
    for (direction, bytes) in [(CLIENT, &command), (SERVER, &answer)] {
        for piece in bytes.as_bytes().chunks(1448) {
            harness.push(direction, piece);
        }
    }
    let joined = harness.joined();
    assert_eq!(lines(&joined)[1], "! ok");
    let spans: Vec<(u64, u64)> = joined.iter().map(|m| (m.start, m.end)).collect();
    assert_eq!(spans, [(0, command.len() as u64), (0, answer.len() as u64)]);
}

#[test]
fn depth_needs_no_memory() {
    let deep = format!("{}:1\r\n+OK\r\n", "*1\r\n".repeat(50_000));
    let mut harness = Harness::<Redis>::tcp();
    for piece in deep.as_bytes().chunks(1000) {
        harness.push(SERVER, piece);
    }
    assert_eq!(lines(&harness.joined()), ["! ok", "! ok OK"]);
}

#[test]
fn wrong_bytes_are_a_violation_and_tell_nothing() {
    for bytes in [
        "*1\r\n+PING\r\n",
        "*1\r\n$-1\r\n",
        "*1\r\n$536870913\r\n",
        "*2147483648\r\n",
        "*1\r\n$4\r\nPINGxx",
        "*x\r\n",
        "GET / HTTP/1.1\r\n\x01\x02\r\n",
        "\x16\x03\x01\x02\n",
        "*1\r\n$200\r\n",
        "* 1\r\n",
    ] {
        let harness = harness(&[(CLIENT, bytes)]);
        let wrong = harness.violations() > 0;
        assert!(wrong, "{bytes:?} told {:?}", lines(harness.messages()));
    }
    for bytes in [
        "OK\r\n",
        ":x\r\n",
        "#x\r\n",
        "_x\r\n",
        "$x\r\n",
        "$536870913\r\n",
        "*2147483648\r\n",
        "$2\r\nabcd",
        "+a\nb\r\n",
        "*2\r\n:1\r\nx\r\n",
        "|-1\r\n",
        ",abc\r\n",
        ";1\r\n",
        ".\r\n",
    ] {
        let harness = harness(&[(SERVER, bytes)]);
        assert_eq!((harness.violations(), harness.messages().len()), (1, 0), "{bytes:?}");
    }
}

#[test]
fn a_violation_ends_what_was_begun() {
    let harness = harness(&[(SERVER, "*2\r\n:1\r\n"), (SERVER, "x"), (SERVER, "+OK\r\n:1\r\n")]);
    assert_eq!(lines(&harness.joined()), ["! ok", "! ok OK", "! ok 1"]);
    assert!(harness.joined().iter().all(|m| m.part == Part::Whole));
}
