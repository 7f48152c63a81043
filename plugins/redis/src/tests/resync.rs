//! Gaps, connections joined in the middle, cut packets: what is whole is told, nothing is invented.

use super::*;

/// Bytes of a value that look like replies, and like commands, wherever a multiple of 4 or of 14 bytes is missing.
const REPLIES: &str = ":1\r\n:1\r\n:1\r\n:1\r\n";
const COMMANDS: &str = "*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n";

/// What is told of each of these first bytes of calls, and how many bytes more each carried.
fn told_of_calls(calls: &[(Direction, &str, u64)]) -> Vec<String> {
    let give = |harness: Harness<Redis>, (direction, bytes, more): &(Direction, &str, u64)| {
        let harness = harness.send(*direction, bytes);
        if *more > 0 { harness.gap(*direction, *more) } else { harness }
    };
    let harness = calls.iter().fold(Harness::tcp(), give);
    assert!(harness.joined().iter().all(|m| m.part == Part::Whole));
    assert_eq!(harness.violations(), 0, "a loss is nobody's violation");
    lines(&harness.joined())
}

#[test]
fn a_value_that_was_stepped_over_may_be_lost() {
    let head = format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$9000\r\n{}", "v".repeat(5000));
    let harness = Harness::<Redis>::tcp().client(&head).gap(CLIENT, 4002).client(command("GET k"));
    assert_eq!(lines(harness.messages()).split_off(1), ["? GET k"]);
    assert_eq!(harness.violations(), 0);
}

#[test]
fn cut_heads_still_tell() {
    // As a capture of 60 bytes a packet would show them.
    let harness = Harness::<Redis>::tcp()
        .client("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100\r\nvvvvvvvvvv")
        .gap(CLIENT, 92)
        .server("+OK\r\n")
        .client("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")
        .server("$100\r\nvvvv")
        .gap(SERVER, 98)
        .client("*1\r\n$4\r\nPING\r\n")
        .server("+PONG\r\n");
    let wanted = ["? SET k vvvvvvvvvv", "! ok OK", "? GET k", "! ok vvvv", "? PING", "! ok PONG"];
    assert_eq!(lines(&harness.joined()), wanted);
    let ends: Vec<u64> = harness.joined().iter().map(|m| m.end).collect();
    assert_eq!(ends[..4], [128, 5, 148, 113]);
}

#[test]
fn a_command_that_was_cut_before_its_key_is_lost() {
    let harness = Harness::<Redis>::tcp().client("*3\r\n$3\r\nSET\r\n").gap(CLIENT, 20).server("+OK\r\n");
    assert_eq!(lines(harness.client(command("GET k")).messages()), ["! ok OK", "? GET k"]);
}

#[test]
fn behind_a_gap_only_what_is_surely_a_command() {
    let decoys = [
        "SET of rules\r\n",
        "hello world\r\n",
        "*3\r\n$3\r\nnot\r\n:1\r\n",
        "*1\r\n$4\r\n????\r\n",
        "*1\r\n$4\r\nPING\r\ntext",
    ];
    for decoy in decoys {
        // Where it is no turn of the client, and where it is.
        let harness = harness(&[(CLIENT, &command("GET a"))]).gap(CLIENT, 100).client(decoy).server(":1\r\n");
        let harness = harness.client(command("GET b")).gap(CLIENT, 100).server(":2\r\n").client(decoy);
        let harness = (0..8).fold(harness, |harness, _| harness.server(":3\r\n").client(command("GET c")));
        let told: Vec<_> = lines(harness.messages()).into_iter().filter(|l| l.starts_with('?')).collect();
        assert_eq!(told, ["? GET a", "? GET b", "? GET c"], "{decoy:?}");
        // One side alone.
        let many = command("GET a").repeat(20);
        let harness =
            Harness::<Redis>::tcp().client(many).gap(CLIENT, 100).client(decoy).client(command("GET b"));
        assert_eq!(lines(harness.messages()).split_off(19), ["? GET a", "? GET b"], "{decoy:?}");
    }
}

#[test]
fn behind_a_gap_only_what_is_surely_a_reply() {
    let decoys = [
        "- a list\r\n- of things\r\n",
        "+1 for that\r\nyes\r\n",
        "$12.50\r\n",
        "-----BEGIN\r\n",
        ":-)\r\n",
        "*bold*\r\n",
        "vvvv",
    ];
    for decoy in decoys {
        let harness = harness(&[(SERVER, ":1\r\n")]).gap(SERVER, 100).server(decoy).server(":2\r\n");
        assert_eq!(lines(harness.messages()), ["! ok 1", "! ok 2"], "{decoy:?}");
    }
}

#[test]
fn a_gap_ends_what_was_begun() {
    let harness = harness(&[(SERVER, "*3\r\n:1\r\n")]).gap(SERVER, 10).server(":5\r\n");
    assert_eq!(lines(&harness.joined()), ["! ok", "! ok 5"]);
    assert!(harness.joined().iter().all(|m| m.part == Part::Whole));
    let value = "v".repeat(9000);
    let begun = format!("*4\r\n$4\r\nMSET\r\n$1\r\nk\r\n$9000\r\n{value}\r\n");
    let harness =
        super::harness(&[(CLIENT, &begun)]).gap(CLIENT, 10).server("+OK\r\n").client(command("GET k"));
    assert_eq!(lines(&harness.joined()).split_off(1), ["! ok OK", "? GET k"]);
    assert!(harness.joined().iter().all(|m| m.part == Part::Whole));
}

#[test]
fn a_gap_forgets_what_was_expected() {
    let harness = harness(&[(CLIENT, &command("CLIENT REPLY OFF"))])
        .gap(CLIENT, 10)
        .server(":0\r\n")
        .client(command("GET k"))
        .gap(SERVER, 10)
        .server("|1\r\n+a\r\n")
        .gap(SERVER, 5)
        .client(command("GET l"))
        .server("+v\r\n:1\r\n");
    assert_eq!(lines(&harness.joined()).split_off(1), ["! ok 0", "? GET k", "? GET l", "! ok v", "! ok 1"]);
}

#[test]
fn joined_in_the_middle_of_a_value() {
    let harness = Harness::<Redis>::tcp_joined()
        .server("tail of a value\r\n")
        .client(command("GET k"))
        .server("$1\r\nv\r\n")
        .client("PING\r\n");
    assert_eq!(lines(harness.messages()), ["? GET k", "! ok v", "? PING"]);
}

/// The first call: `*2 [$200000 ..] [$200000 ..]`, of which the head of the second one is missing.
const LIST: [(Direction, &str, u64); 3] = [
    (CLIENT, "*3\r\n$4\r\nMGET\r\n$1\r\na\r\n$1\r\nb\r\n", 0),
    (SERVER, "*2\r\n$200000\r\n:1\r\n", 65_000),
    // The rest of the first value, the second one's head and some of it.
    (SERVER, REPLIES, 200_000),
];

#[test]
fn a_value_of_known_length_is_passed_whatever_it_looks_like() {
    let calls = [
        (CLIENT, "*2\r\n$3\r\nGET\r\n$1\r\na\r\n", 0),
        (SERVER, "$200000\r\n:1\r\n", 65_000),
        (SERVER, REPLIES, 65_000),
        // Behind it the 200 000 are full.
        (SERVER, REPLIES, 69_964),
        (SERVER, "\r\n", 0),
        (CLIENT, "*1\r\n$4\r\nPING\r\n", 0),
        (SERVER, "+PONG\r\n", 0),
    ];
    let told = told_of_calls(&calls);
    assert_eq!(told, ["? GET a", "! ok :1\r\n", "? PING", "! ok PONG"]);
}

#[test]
fn words_behind_a_value_that_was_captured_in_part_belong_to_its_command() {
    let calls = [
        (CLIENT, "*5\r\n$3\r\nSET\r\n$1\r\na\r\n$200000\r\n*1\r\n", 65_000),
        (CLIENT, COMMANDS, 134_968),
        (CLIENT, "\r\n$2\r\nEX\r\n$3\r\n100\r\n*1\r\n$4\r\nPING\r\n", 0),
        (SERVER, "+OK\r\n+PONG\r\n", 0),
    ];
    assert_eq!(told_of_calls(&calls), ["? SET a *1\r\n", "? PING", "! ok OK", "! ok PONG"]);
}

#[test]
fn nothing_is_told_of_a_list_until_the_next_question_has_its_reply() {
    let rest = [
        (SERVER, REPLIES, 60_000),
        (SERVER, ":1\r\n$-1\r\n", 0),
        (CLIENT, "*1\r\n$4\r\nPING\r\n", 0),
        (SERVER, "+PONG\r\n", 0),
    ];
    let told = told_of_calls(&[&LIST[..], &rest].concat());
    assert_eq!(told, ["? MGET a b", "! ok", "? PING", "! ok PONG"]);
}

#[test]
fn a_client_that_does_not_wait_proves_no_beginning() {
    let ping = (CLIENT, "*1\r\n$4\r\nPING\r\n", 0);
    // Two questions, of which one is answered before the next comes.
    let before = [ping, ping, (SERVER, "+PONG\r\n", 0), ping, (SERVER, "+PONG\r\n+PONG\r\n", 0)];
    let within = [ping, (SERVER, REPLIES, 60_000)].repeat(7);
    let told = told_of_calls(&[&before[..], &LIST, &within].concat());
    assert_eq!(told.iter().filter(|line| line.starts_with('!')).count(), 4, "{told:?}");
    // What does not look like a reply says so too.
    let within = [&[ping, (SERVER, "vvvv", 60_000)], &within[..]].concat();
    let told = told_of_calls(&[&LIST[..], &within].concat());
    assert_eq!(told.iter().filter(|line| line.starts_with('!')).count(), 1, "{told:?}");
    let again = [ping, (SERVER, "+PONG\r\n", 0)].repeat(9);
    let told = told_of_calls(&[&LIST[..], &within[..2], &again].concat());
    assert_eq!(told[told.len() - 2..], ["? PING", "! ok PONG"], "it goes on after all");
}

#[test]
fn nothing_is_told_of_commands_until_the_server_has_spoken() {
    let calls = [
        (CLIENT, "*5\r\n$4\r\nMSET\r\n$1\r\na\r\n$200000\r\nvv", 200_100),
        (CLIENT, COMMANDS, 65_000),
        (CLIENT, COMMANDS, 0),
        (SERVER, "+OK\r\n", 0),
        (CLIENT, "*1\r\n$4\r\nPING\r\n", 0),
        (SERVER, "+PONG\r\n", 0),
    ];
    assert_eq!(told_of_calls(&calls), ["? MSET a vv", "! ok OK", "? PING", "! ok PONG"]);
}

#[test]
fn what_is_published_is_told_with_its_beginning() {
    let channel = "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n";
    let published = "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n";
    let calls = [
        (CLIENT, "*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\nc\r\n", 0),
        (SERVER, channel, 0),
        (SERVER, "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$200000\r\n:1\r\n", 65_000),
        (SERVER, REPLIES, 134_982),
        (SERVER, published, 0),
        // Several were written at once, and all but the first one are missing.
        (SERVER, published, 500),
        (SERVER, REPLIES, 0),
        (SERVER, published, 0),
    ];
    let hi = "# message: c hi";
    assert_eq!(told_of_calls(&calls)[..3], ["? SUBSCRIBE c", "! ok", "# message: c :1\r\n"]);
    assert_eq!(told_of_calls(&calls)[3..], [hi, hi, hi]);
}
