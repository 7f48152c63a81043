//! Captures with holes: what is told is true, and what is whole is told.

use weir_plugin_mysql::MySql;
use weir_plugin_sdk::prelude::*;
use weir_plugin_sdk::testing::{Harness, Message};

use crate::fixture::{Conversation, conversations};
use crate::wire::*;

/// The messages of a conversation of which the segments in `lost` are missing, or all before `from`.
fn told(conversation: &Conversation, lost: &[usize], from: usize) -> Vec<Message> {
    let mut harness = if from == 0 { Harness::<MySql>::tcp() } else { Harness::tcp_joined() };
    for (index, (direction, bytes)) in conversation.segments.iter().enumerate().skip(from) {
        if lost.contains(&index) {
            harness = harness.gap(*direction, bytes.len() as u64);
        } else {
            harness.push(*direction, bytes);
        }
    }
    harness.close().joined()
}

/// Bytes of each direction in the first segments.
fn bytes_before(conversation: &Conversation, from: usize) -> [u64; 2] {
    let mut bytes = [0; 2];
    for (direction, segment) in &conversation.segments[..from] {
        bytes[direction.index()] += segment.len() as u64;
    }
    bytes
}

/// What `message` says is said of the same bytes by a message of the whole conversation.
fn is_true(message: &Message, whole: &[Message], before: [u64; 2]) -> bool {
    let shift = before[message.direction.index()];
    whole.iter().any(|real| {
        let fields = message.fields.iter().all(|(field, value)| match (field, real.text(*field)) {
            // The character set is told at login.
            (_, Some(_)) if value.contains('\u{fffd}') => true,
            // The head of a text that was cut is a text.
            (Field::RequestResource | Field::ResponseException, Some(text)) => {
                text.starts_with(value.as_str())
            }
            // Nor is it known that a lost COM_CHANGE_USER ended the statement.
            (Field::RequestResource, None) => real.text(Field::RequestId).is_some(),
            (_, text) => text == Some(value.as_str()),
        });
        real.direction == message.direction
            && (real.kind == message.kind || message.kind == Kind::Response)
            && (real.start == message.start + shift || real.end == message.end + shift)
            && fields
    })
}

/// Loses each segment in turn. Gives the share of messages that are told all the same, of those that lie in what is left.
fn lose_one(name: &str, step: usize) -> f64 {
    let (mut possible, mut found) = (0, 0);
    for conversation in conversations(name) {
        let whole = told(&conversation, &[], 0);
        for index in (0..conversation.segments.len()).step_by(step) {
            let (direction, segment) = &conversation.segments[index];
            let start = bytes_before(&conversation, index)[direction.index()];
            let end = start + segment.len() as u64;
            let left = told(&conversation, &[index], 0);
            for message in &left {
                assert!(is_true(message, &whole, [0; 2]), "{name} without {index}: {message:?}");
            }
            let untouched = |m: &&Message| m.direction != *direction || m.end <= start || m.start >= end;
            for message in whole.iter().filter(untouched) {
                possible += 1;
                let same = |m: &&Message| m.direction == message.direction && m.start == message.start;
                let is_found = left.iter().any(|m| same(&m));
                found += usize::from(is_found);
            }
        }
    }
    found as f64 / possible as f64
}

#[test]
fn one_segment_is_lost() {
    for (name, step) in [("core", 1), ("tricky", 3), ("sysbench_text", 3), ("sysbench_ps", 17), ("cli", 1)] {
        let share = lose_one(name, step);
        assert!(share > 0.999, "{name}: {share}");
    }
}

#[test]
fn one_segment_is_lost_of_a_pipelined_or_compressed_connection() {
    for (name, step) in [("node", 3), ("matrix", 7), ("conn", 1), ("clis", 1)] {
        let share = lose_one(name, step);
        assert!(share > 0.98, "{name}: {share}");
    }
}

#[test]
fn the_capture_begins_anywhere() {
    for name in ["core", "tricky", "cli", "sysbench_text", "node"] {
        let (mut possible, mut found) = (0, 0);
        for conversation in conversations(name) {
            let whole = told(&conversation, &[], 0);
            for from in (1..conversation.segments.len()).step_by(3) {
                let before = bytes_before(&conversation, from);
                let left = told(&conversation, &[], from);
                for message in &left {
                    assert!(is_true(message, &whole, before), "{name} from {from}: {message:?}");
                }
                for message in whole.iter().filter(|m| m.kind == Kind::Request) {
                    let start = before[0];
                    if message.start >= start && message.text(Field::RequestType) != Some("LOGIN") {
                        possible += 1;
                        found += usize::from(
                            left.iter().any(|m| m.kind == Kind::Request && m.start + start == message.start),
                        );
                    }
                }
            }
        }
        let share = found as f64 / possible as f64;
        assert!(share > 0.99, "{name}: {share}");
    }
}

#[test]
fn a_cut_statement_is_told_as_far_as_it_goes() {
    let sql = format!("INSERT INTO t VALUES ('{}')", "x".repeat(5000));
    let bytes = query(&sql);
    let harness = logged_in(0)
        .client(&bytes[..1448])
        .gap(CLIENT, 1448)
        .client(&bytes[2896..])
        .server(packet(1, OK))
        .client(query("SELECT 1"))
        .server(packet(1, OK));
    let told = crate::wire::told(harness);
    assert_eq!((told.len(), told[0].code(), told[1].code()), (2, Some("0"), Some("0")));
    assert_eq!(told[0].resource().map(|r| &r[..100]), Some(&sql[..100]));
    assert_eq!(told[0].request.end - told[0].request.start, bytes.len() as u64);
    assert_eq!(told[1].resource(), Some("SELECT 1"));
}

#[test]
fn rows_are_lost() {
    let mut payloads = vec![vec![1], definition("a"), EOF.to_vec()];
    payloads.extend((0..200).map(|n| format!("\x14{n:020}").into_bytes()));
    payloads.push(EOF.to_vec());
    let answer = packets(1, payloads);
    let harness = logged_in(0)
        .client(query("SELECT a FROM t"))
        .server(&answer[..1000])
        .gap(SERVER, 1003)
        .server(&answer[2003..])
        .client(query("SELECT 1"))
        .server(packet(1, OK));
    let told = crate::wire::told(harness);
    assert_eq!((told[0].code(), told[1].code()), (Some("0"), Some("0")), "its end is found");
    assert_eq!(told[0].answer().end - told[0].answer().start, answer.len() as u64);
}

#[test]
fn the_end_of_an_answer_is_lost() {
    let answer = packets(1, [vec![1], definition("a"), EOF.to_vec(), b"\x01x".to_vec(), EOF.to_vec()]);
    let (head, tail) = answer.split_at(answer.len() - 12);
    let harness = logged_in(0)
        .client(query("SELECT a FROM t"))
        .server(head)
        .client(query("SELECT bad"))
        .gap(SERVER, tail.len() as u64)
        .server(packet(1, error(1054, "Unknown column")));
    let told = crate::wire::told(harness);
    assert_eq!((told[0].code(), told[1].code()), (None, Some("1054")));
    assert_eq!(told[0].answer().status, Status::None);
}

/// Of a call only its beginning is captured, and the rest of a value may look like packets.
#[test]
fn a_value_that_is_captured_in_part_may_look_like_packets() {
    let decoy = packets(7, [b"\x01x".to_vec(), b"\x01y".to_vec(), b"\x01z".to_vec(), error(1054, "Unknown")]);
    let value = decoy.repeat(60_000 / decoy.len());
    let mut row = vec![0xfd];
    row.extend(&(value.len() as u32).to_le_bytes()[..3]);
    row.extend(value);
    let answer = packets(1, [vec![1], definition("a"), EOF.to_vec(), row.clone(), row, EOF.to_vec()]);
    let begin = answer.windows(decoy.len()).position(|bytes| bytes == decoy).unwrap();
    let at = |row: usize, times: usize| {
        begin + row * (decoy.len() * (60_000 / decoy.len()) + 8) + times * decoy.len()
    };
    let end = answer.len() - 9;
    for middle in [at(0, 100), at(1, 100)] {
        let harness = logged_in(0)
            .client(query("SELECT a FROM t"))
            .server(&answer[..1024])
            .gap(SERVER, middle as u64 - 1024)
            .server(&answer[middle..middle + 1024])
            .gap(SERVER, (end - middle - 1024) as u64)
            .server(&answer[end..])
            .client(query("SELECT 1"))
            .server(packet(1, OK));
        let told = crate::wire::told(harness);
        let codes: Vec<_> = told
            .iter()
            .map(|exchange| exchange.response.as_ref().and_then(|r| r.text(Field::ResponseCode)))
            .collect();
        assert!(codes.len() == 2 && !codes.contains(&Some("1054")), "{codes:?}");
    }
}
