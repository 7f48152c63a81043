//! DNS over TCP: lengths, order, zones, gaps.

use weir_plugin_sdk::testing::{every_prefix, every_split};

use super::*;

fn told(script: &[(Direction, Vec<u8>)]) -> Vec<Message> {
    let script: Vec<(Direction, &[u8])> = script.iter().map(|(d, bytes)| (*d, bytes.as_slice())).collect();
    every_prefix::<Dns>(&script);
    every_split::<Dns>(&script)
}

fn soa(serial: u8) -> Vec<u8> {
    [&[0, 0], [0; 3].as_slice(), &[serial], &[0; 16]].concat()
}

#[test]
fn answers_in_any_order() {
    let [a, b] = ["a.test", "b.test"].map(|name| Draft::query(1, name, 1).framed());
    let [x, y] =
        ["b.test", "a.test"].map(|name| Draft::new(1, RESPONSE, name, 1).answer(1, &[1, 2, 3, 4]).framed());
    let messages = told(&[(CLIENT, [a, b].concat()), (SERVER, [x, y].concat())]);
    let correlations: Vec<_> = messages.iter().map(|m| m.correlation).collect();
    assert_eq!((correlations[0], correlations[1]), (correlations[3], correlations[2]));
    assert_eq!(lines(&messages)[2], "! 0 1.2.3.4");
    assert_eq!((messages[1].start, messages[1].end), (26, 52));
}

#[test]
fn a_zone_is_one_response() {
    let query = Draft::query(9, "zone.test", 252).framed();
    let first =
        Draft::new(9, RESPONSE, "zone.test", 252).answer(6, &soa(1)).answer(1, &[1, 2, 3, 4]).framed();
    let mut middle = Draft::bare(9, RESPONSE);
    middle.0.extend([0; 1]); // the name that records point to
    let middle = Draft::new(9, RESPONSE, "zone.test", 252).answer(1, &[1, 2, 3, 5]).framed();
    let last = Draft::new(9, RESPONSE, "zone.test", 252).answer(1, &[1, 2, 3, 6]).answer(6, &soa(1)).framed();
    let more = Draft::query(10, "zone.test", 6).framed();
    let end = (first.len() + middle.len() + last.len()) as u64;
    let messages = told(&[(CLIENT, query), (SERVER, [first, middle, last].concat()), (CLIENT, more)]);
    assert_eq!(lines(&messages), ["? AXFR zone.test 9", "! 0", "? SOA zone.test 10"]);
    assert_eq!((messages[1].part, messages[1].end), (Part::Whole, end));
}

#[test]
fn a_zone_in_one_message_and_a_refused_one() {
    let whole = Draft::new(9, RESPONSE, "z", 252).answer(6, &soa(1)).answer(6, &soa(1)).framed();
    let refused = Draft::new(9, 0x8185, "z", 252).framed();
    let messages = told(&[(SERVER, [whole, refused].concat())]);
    assert_eq!(lines(&messages), ["! AXFR z 9 0", "! AXFR z 9 5 REFUSED"]);
    assert!(messages.iter().all(|m| m.part == Part::Whole));
}

#[test]
fn wrong_lengths_are_a_violation() {
    for bytes in [b"\0\x0bxxxxxxxxxxxx".as_slice(), b"\0\x10GET / HTTP/1.1\r\n", b"\0\0"] {
        let harness = Harness::<Dns>::tcp().client(bytes);
        assert_eq!((harness.violations(), harness.messages().len()), (1, 0), "{bytes:?}");
    }
}

#[test]
fn behind_a_gap_a_message_has_to_look_like_one() {
    let query = Draft::query(1, "a.test", 1).framed();
    for decoy in [b"\0\x20some text that is long enough to be one".as_slice(), &query[5..], &[0; 40]] {
        let harness = Harness::<Dns>::tcp().client(&query).gap(CLIENT, 100).client(decoy).client(&query);
        assert_eq!(lines(harness.messages()), ["? A a.test 1"; 2], "{decoy:?}");
    }
}

#[test]
fn a_cut_answer_still_tells() {
    let answer =
        Draft::new(1, RESPONSE, "a.test", 1).answer(1, &[1, 2, 3, 4]).answer(1, &[5, 6, 7, 8]).framed();
    let next = Draft::new(2, RESPONSE, "b.test", 1).framed();
    let cut = answer.len() - 10;
    let harness = Harness::<Dns>::tcp().server(&answer[..cut]).gap(SERVER, 10).server(&next);
    assert_eq!(lines(harness.messages()), ["! A a.test 1 0 1.2.3.4", "! A b.test 2 0"]);
    assert_eq!((harness.messages()[0].end, harness.violations()), (answer.len() as u64, 0));
    // In two cuts, the second of them in the middle of nowhere.
    let harness =
        Harness::<Dns>::tcp().server(&answer[..cut]).gap(SERVER, 5).server(&answer[cut + 5..]).server(&next);
    assert_eq!(lines(harness.messages()), ["! A a.test 1 0 1.2.3.4", "! A b.test 2 0"]);
}

#[test]
fn a_gap_ends_a_zone() {
    let first = Draft::new(9, RESPONSE, "z", 252).answer(6, &soa(1)).framed();
    let harness = Harness::<Dns>::tcp().server(&first).gap(SERVER, 1000);
    assert_eq!(harness.joined()[0].part, Part::Whole);
}

#[test]
fn joined_in_the_middle() {
    let answer = Draft::new(1, RESPONSE, "a.test", 1).answer(1, &[1, 2, 3, 4]).framed();
    let harness = Harness::<Dns>::tcp_joined().server(&answer[20..]).server(&answer);
    assert_eq!(lines(harness.messages()), ["! A a.test 1 0 1.2.3.4"]);
}

/// Of a call only its beginning is captured, and the rest of a message may look like one.
#[test]
fn a_message_that_is_captured_in_part_may_look_like_messages() {
    let decoy = Draft::new(7, RESPONSE, "decoy.test", 1).answer(1, &[1, 2, 3, 4]).framed();
    let answer = Draft::new(1, RESPONSE, "a.test", 16).answer(16, &decoy.repeat(100)).framed();
    let begin = answer.windows(decoy.len()).position(|bytes| bytes == decoy).unwrap();
    let middle = begin + 20 * decoy.len();
    let query = Draft::query(1, "a.test", 16).framed();
    let harness = Harness::<Dns>::tcp()
        .client(&query)
        .server(&answer[..200])
        .gap(SERVER, (middle - 200) as u64)
        .server(&answer[middle..middle + 200])
        .gap(SERVER, (answer.len() - middle - 200) as u64)
        .client(&query)
        .server(Draft::new(1, RESPONSE, "a.test", 1).framed());
    let told = lines(harness.messages());
    assert!(!told.iter().any(|line| line.contains("decoy")), "{told:?}");
    assert_eq!(told.len(), 4, "{told:?}");
}
