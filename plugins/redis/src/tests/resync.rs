//! Gaps, connections joined in the middle, cut packets: what is whole is told, nothing is invented.

use super::*;

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
    let harness =
        Harness::<Redis>::tcp().client("*3\r\n$3\r\nSET\r\n").gap(CLIENT, 20).client(command("GET k"));
    assert_eq!(lines(harness.messages()), ["? GET k"]);
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
        let harness =
            harness(&[(CLIENT, &command("GET a"))]).gap(CLIENT, 100).client(decoy).client(command("GET b"));
        assert_eq!(lines(harness.messages()), ["? GET a", "? GET b"], "{decoy:?}");
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
    let harness = super::harness(&[(CLIENT, &begun)]).gap(CLIENT, 10).client(command("GET k"));
    assert_eq!(lines(&harness.joined()).split_off(1), ["? GET k"]);
    assert!(harness.joined().iter().all(|m| m.part == Part::Whole));
}

#[test]
fn a_gap_forgets_what_was_expected() {
    let harness = harness(&[(CLIENT, &command("CLIENT REPLY OFF"))])
        .gap(CLIENT, 10)
        .client(command("GET k"))
        .gap(SERVER, 10)
        .server("|1\r\n+a\r\n")
        .gap(SERVER, 5)
        .server("+v\r\n:1\r\n");
    assert_eq!(lines(&harness.joined()).split_off(1), ["? GET k", "! ok v", "! ok 1"]);
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
