//! Conversations with real servers; see `fixtures/README.md`.

use weir_plugin_sdk::testing::{every_prefix, every_split, mutations};

use super::*;

const FIXTURES: [&str; 2] =
    [include_str!("../../fixtures/dns_port53.txt"), include_str!("../../fixtures/dns_cname_dnsmasq.txt")];

/// A connection: over TCP, and its segments or datagrams.
type Conversation = (bool, Vec<(Direction, Vec<u8>)>);

pub(super) fn conversations() -> Vec<Conversation> {
    let mut all: Vec<Conversation> = Vec::new();
    for line in FIXTURES.iter().flat_map(|text| text.lines()) {
        let (mark, hex) = line.split_once(' ').expect("two words");
        if mark == "#" {
            all.push((hex == "tcp", Vec::new()));
            continue;
        }
        let digit = |n: usize| u8::from_str_radix(&hex[n..n + 2], 16).expect("hexadecimal");
        let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(digit).collect();
        let (_, script) = all.last_mut().expect("a connection first");
        script.push((if mark == ">" { CLIENT } else { SERVER }, bytes));
    }
    all
}

fn told((over_tcp, script): &Conversation) -> Vec<Message> {
    if *over_tcp {
        let script: Vec<(Direction, &[u8])> =
            script.iter().map(|(d, bytes)| (*d, bytes.as_slice())).collect();
        every_prefix::<Dns>(&script);
        return every_split::<Dns>(&script);
    }
    let mut harness = Harness::<Dns>::udp();
    for (direction, bytes) in script {
        harness.push(*direction, bytes);
    }
    assert_eq!(harness.violations(), 0);
    harness.joined()
}

#[test]
fn every_query_has_its_answer() {
    let conversations = conversations();
    assert_eq!(conversations.iter().filter(|c| c.0).count(), 2, "two of them go over TCP");
    let (mut queries, mut answered) = (0, 0);
    for conversation in &conversations {
        let messages = told(conversation);
        let queried: Vec<_> =
            messages.iter().filter(|m| m.kind == Kind::Request).map(|m| m.correlation).collect();
        queries += queried.len();
        for response in messages.iter().filter(|m| m.kind == Kind::Response) {
            assert_eq!(queried.iter().filter(|c| **c == response.correlation).count(), 1);
            answered += 1;
        }
    }
    // 50 and 17 by the client's log; three of them have no answer.
    assert_eq!((queries, answered), (67, 64));
}

#[test]
fn the_texts_are_those_of_the_truth() {
    let all: Vec<String> = conversations().iter().flat_map(|c| lines(&told(c))).collect();
    for wanted in [
        "? A WwW.CORP.DEV.TEST 60294",
        "! 0 10.2.3.6;10.2.3.5",
        "! 0 fd00::34",
        "! 0 \"v=h5 token=corp.dev.test\"",
        "! 0 www.corp.dev.test.",
        "! 0 10 60 5060 www.corp.dev.test.;20 10 5061 a1.corp.dev.test.",
        "! 0 ns.corp.dev.test. root.corp.dev.test. 1 2 3 4 5",
        "! 0 10 mail.corp.dev.test.",
        "? PTR 4.3.2.10.in-addr.arpa 54186",
        "? ANY www.corp.dev.test 11762",
        "! 0 c1.corp.dev.test.;c2.corp.dev.test.;c3.corp.dev.test.;end.corp.dev.test.;10.9.8.7",
        "! 3 NXDOMAIN",
        "! 5 REFUSED",
        "! 0",
    ] {
        assert!(all.iter().any(|line| line == wanted), "{wanted:?} is missing");
    }
    assert!(all.iter().any(|line| line.starts_with("! 0 \"record-2-xxx") && line.len() > 3000));
}

#[test]
fn nothing_breaks_on_damage() {
    for (over_tcp, script) in &conversations() {
        if *over_tcp {
            let script: Vec<(Direction, &[u8])> =
                script.iter().map(|(d, bytes)| (*d, bytes.as_slice())).collect();
            mutations::<Dns>(&script, 500);
        }
        let mut random = weir_plugin_sdk::testing::Random(7);
        for (direction, bytes) in script {
            for _ in 0..200 {
                let mut bytes = bytes.clone();
                (0..=random.below(4)).for_each(|_| random.damage(&mut bytes));
                if !bytes.is_empty() {
                    let harness = Harness::<Dns>::udp().send(*direction, &bytes);
                    assert!(harness.messages().len() <= 1);
                }
            }
            for end in 1..bytes.len() {
                let _ = Harness::<Dns>::udp().send(*direction, &bytes[..end]);
            }
        }
    }
}
