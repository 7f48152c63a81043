//! What answers what: the cases where one command does not get exactly one reply.

use super::*;

fn confirmation(verb: &str, channel: &str, count: u32) -> String {
    format!("*3\r\n${}\r\n{verb}\r\n${}\r\n{channel}\r\n:{count}\r\n", verb.len(), channel.len())
}

#[test]
fn one_subscription_to_several_channels_is_one_session() {
    let three: String =
        ["a", "b", "c"].iter().zip(1..).map(|(c, n)| confirmation("subscribe", c, n)).collect();
    let left: String =
        ["b", "a", "c"].iter().zip([2, 1, 0]).map(|(c, n)| confirmation("unsubscribe", c, n)).collect();
    let script = [
        (CLIENT, command("SUBSCRIBE a b c")),
        (SERVER, three.clone()),
        (SERVER, array(&["message", "a", "hi"])),
        (CLIENT, command("UNSUBSCRIBE")),
        (SERVER, left.clone()),
        (CLIENT, command("GET k")),
        (SERVER, array(&["message", "x", "y"])),
    ];
    let script: Vec<(Direction, &str)> = script.iter().map(|(d, t)| (*d, t.as_str())).collect();
    let lines = told(&script);
    let wanted = ["? SUBSCRIBE a b c", "! ok", "# message: a hi", "? UNSUBSCRIBE", "! ok", "? GET k", "! ok"];
    assert_eq!(lines, wanted, "the last array is an ordinary reply: nothing is subscribed any more");
    let messages = harness(&script).joined();
    assert_eq!(messages[1].end - messages[1].start, three.len() as u64);
    assert_eq!(messages[4].end - messages[4].start, left.len() as u64);
}

#[test]
fn leaving_where_nothing_was_joined() {
    let none = "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n";
    let script = [
        (CLIENT, "UNSUBSCRIBE\r\nUNSUBSCRIBE\r\nPING\r\n"),
        (SERVER, none),
        (SERVER, none),
        (SERVER, "+PONG\r\n"),
    ];
    let wanted = ["? UNSUBSCRIBE", "? UNSUBSCRIBE", "? PING", "! ok", "! ok", "! ok PONG"];
    assert_eq!(told(&script), wanted);
}

#[test]
fn channels_and_patterns_are_kept_apart() {
    let all = format!("{}{}", command("SUBSCRIBE a"), command("PSUBSCRIBE p*"));
    let joined = format!("{}{}", confirmation("subscribe", "a", 1), confirmation("psubscribe", "p*", 2));
    let left = format!("{}{}", confirmation("unsubscribe", "a", 1), confirmation("punsubscribe", "p*", 0));
    let out = format!("{}{}", command("UNSUBSCRIBE"), command("PUNSUBSCRIBE"));
    let script = [(CLIENT, all.as_str()), (SERVER, &joined), (CLIENT, &out), (SERVER, &left)];
    let wanted = [
        "? SUBSCRIBE a",
        "? PSUBSCRIBE p*",
        "! ok",
        "! ok",
        "? UNSUBSCRIBE",
        "? PUNSUBSCRIBE",
        "! ok",
        "! ok",
    ];
    assert_eq!(told(&script), wanted);
}

#[test]
fn a_refused_subscription_has_one_reply() {
    let script = [
        (CLIENT, command("SUBSCRIBE a b")),
        (SERVER, "-NOPERM no\r\n".into()),
        (CLIENT, command("SUBSCRIBE c d")),
        (SERVER, confirmation("subscribe", "c", 1) + &confirmation("subscribe", "d", 2)),
    ];
    let script: Vec<(Direction, &str)> = script.iter().map(|(d, t)| (*d, t.as_str())).collect();
    assert_eq!(told(&script), ["? SUBSCRIBE a b", "! error NOPERM no", "? SUBSCRIBE c d", "! ok"]);
}

#[test]
fn resp3_pushes_stand_between_replies() {
    let script = [
        (CLIENT, "*1\r\n$4\r\nPING\r\n*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n*1\r\n$4\r\nPING\r\n"),
        (
            SERVER,
            ">2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nkey\r\n+PONG\r\n>3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n",
        ),
        (SERVER, ">3\r\n+message\r\n$1\r\na\r\n$2\r\nhi\r\n+PONG\r\n>2\r\n$10\r\ninvalidate\r\n_\r\n"),
        (SERVER, ">4\r\n$8\r\npmessage\r\n$2\r\na*\r\n$1\r\na\r\n$2\r\nho\r\n>1\r\n:1\r\n"),
    ];
    let wanted = [
        "? PING",
        "? SUBSCRIBE a",
        "? PING",
        "# invalidate: key",
        "! ok PONG",
        "! ok",
        "# message: a hi",
        "! ok PONG",
        "# invalidate:",
        "# pmessage: a ho",
        "#",
    ];
    assert_eq!(told(&script), wanted);
}

#[test]
fn a_list_that_looks_like_a_push_is_a_reply() {
    let script = [
        (CLIENT, command("LRANGE l 0 -1")),
        (SERVER, array(&["message", "a", "b"])),
        (CLIENT, command("LRANGE l 0 -1")),
        (SERVER, confirmation("subscribe", "a", 1)),
    ];
    let script: Vec<(Direction, &str)> = script.iter().map(|(d, t)| (*d, t.as_str())).collect();
    assert_eq!(told(&script), ["? LRANGE l 0 -1", "! ok", "? LRANGE l 0 -1", "! ok"]);
}

#[test]
fn silenced_replies() {
    let client = "CLIENT REPLY SKIP\r\nGET a\r\nGET b\r\nCLIENT REPLY OFF\r\nGET c\r\nCLIENT REPLY SKIP\r\nGET d\r\nCLIENT REPLY ON\r\nGET e\r\n";
    let wanted = [
        "# CLIENT: CLIENT REPLY SKIP",
        "# GET: GET a",
        "? GET b",
        "# CLIENT: CLIENT REPLY OFF",
        "# GET: GET c",
        "# CLIENT: CLIENT REPLY SKIP",
        "# GET: GET d",
        "? CLIENT REPLY ON",
        "? GET e",
        "! ok b",
        "! ok OK",
        "! ok e",
    ];
    assert_eq!(told(&[(CLIENT, client), (SERVER, "+b\r\n+OK\r\n+e\r\n")]), wanted);
}

#[test]
fn what_monitor_shows_is_not_told() {
    let script = [
        (CLIENT, "MONITOR\r\n"),
        (SERVER, "+OK\r\n+1795256064.123456 [0 127.0.0.1:4711] \"SET\" \"k\" \"v\"\r\n"),
        (CLIENT, "QUIT\r\n"),
        (SERVER, "+1795256065.000001 [0 lua] \"GET\" \"k\"\r\n+OK\r\n"),
    ];
    assert_eq!(told(&script), ["? MONITOR", "! ok OK", "? QUIT", "! ok OK"]);
}

#[test]
fn replication_leaves_the_connection() {
    for (ask, answer, line) in [
        ("PSYNC ? -1\r\n", "+FULLRESYNC 8de 0\r\n$5\r\nREDIS*1\r\n$4\r\nPING\r\n", "! ok FULLRESYNC 8de 0"),
        ("PSYNC 8de 7\r\n", "\n\n+CONTINUE\r\n*1\r\n$4\r\nPING\r\n", "! ok CONTINUE"),
        ("SYNC\r\n", "\n$5\r\nREDIS*1\r\n$4\r\nPING\r\n", "! ok"),
        ("SYNC\r\n", "$EOF:0123456789012345678901234567890123456789\r\nREDIS", "! ok"),
    ] {
        let harness = harness(&[(CLIENT, ask), (SERVER, answer), (CLIENT, &command("REPLCONF ACK 0"))]);
        assert_eq!(lines(&harness.joined()).split_off(1), [line], "{ask:?}");
        assert_eq!(harness.end(), Some(weir_plugin_sdk::testing::End::Finished));
    }
    let refused = harness(&[
        (CLIENT, "PSYNC ? -1\r\n"),
        (SERVER, "-NOMASTERLINK no\r\n"),
        (CLIENT, "PING\r\n"),
        (SERVER, "$1\r\nx\r\n"),
    ]);
    assert_eq!(lines(&refused.joined()).split_off(1), ["! error NOMASTERLINK no", "? PING", "! ok x"]);
    assert_eq!(refused.end(), None);
}

#[test]
fn a_replication_link_that_was_joined_is_left() {
    let link = Harness::<Redis>::tcp_joined().client(command("REPLCONF ACK 100"));
    assert_eq!((link.messages().len(), link.end().is_some()), (0, true));
    let turned =
        Harness::<Redis>::tcp_joined().client(command("SET k v")).server(command("REPLCONF ACK 100"));
    assert!(turned.end().is_some());
}

#[test]
fn reset_forgets_subscriptions() {
    let script = [
        (CLIENT, command("SUBSCRIBE a")),
        (SERVER, confirmation("subscribe", "a", 1)),
        (CLIENT, command("RESET")),
        (SERVER, "+RESET\r\n".into()),
        (CLIENT, command("LRANGE l 0 2")),
        (SERVER, array(&["message", "a", "b"])),
    ];
    let script: Vec<(Direction, &str)> = script.iter().map(|(d, t)| (*d, t.as_str())).collect();
    assert_eq!(told(&script).split_off(3), ["! ok RESET", "? LRANGE l 0 2", "! ok"]);
}
