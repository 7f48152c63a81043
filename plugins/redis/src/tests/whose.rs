//! Whose bytes are these?

use weir_plugin_sdk::parser::Sender;

use super::*;
use crate::check;

fn verdict(payload: &[u8], from_start: bool, sender: Option<Sender>) -> Verdict {
    let probe =
        Probe { transport: Transport::Tcp, source_port: 5999, destination_port: 40_000, from_start, sender };
    Redis::check(payload, &probe)
}

fn joined(payload: &str) -> Verdict {
    verdict(payload.as_bytes(), false, None)
}

fn signed(payload: &[u8]) -> bool {
    check::signatures().iter().any(|signature| payload.starts_with(signature))
}

#[test]
fn captured_segments_are_claimed_for_the_right_side() {
    for script in captured::conversations() {
        for (direction, bytes) in script {
            let (right, sender) = match direction {
                Direction::ClientToServer => (Verdict::ClientSpeaks, Sender::Client),
                Direction::ServerToClient => (Verdict::ServerSpeaks, Sender::Server),
            };
            let text = String::from_utf8_lossy(&bytes).into_owned();
            for (verdict, how) in
                [(verdict(&bytes, false, Some(sender)), "known"), (verdict(&bytes, false, None), "unknown")]
            {
                assert!(
                    verdict == right
                        || verdict == Verdict::No
                        || verdict == Verdict::NeedMore
                        || text.starts_with("*3\r\n$4\r\nping"),
                    "{text:?} with a sender {how}: {verdict:?}"
                );
            }
            let alone = bytes.len() == 1 || text.starts_with(',') || text.starts_with("_");
            assert!(alone || signed(&bytes), "{text:?} has no signature");
        }
    }
}

#[test]
fn commands() {
    for payload in [
        "*1\r\n$4\r\nPING\r\n",
        "*2\r\n$3\r\nget\r\n$1\r\nk",
        "*2\r\n$9\r\nFT.SEARCH\r\n$3\r\nidx\r\n",
        "DBSIZE\r\n",
        "keys *\r\n",
        "INFO\r\n",
        "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nvvv",
    ] {
        assert_eq!(joined(payload), Verdict::ClientSpeaks, "{payload:?}");
        assert!(signed(payload.as_bytes()), "{payload:?}");
    }
    for payload in ["PING\r\n", "ping\n", "GET cart:1\r\n", "SET k v\r\n"] {
        assert_eq!(joined(payload), Verdict::No, "{payload:?}");
        assert_eq!(verdict(payload.as_bytes(), true, None), Verdict::NeedMore, "{payload:?}");
        assert!(signed(payload.as_bytes()), "{payload:?}");
    }
    let renamed = b"*2\r\n$8\r\nrenamed1\r\n$1\r\nk\r\n";
    assert_eq!(verdict(renamed, true, Some(Sender::Client)), Verdict::ClientSpeaks);
    assert_eq!(verdict(b"*2\r\n$3\r\nGE", true, None), Verdict::NeedMore);
}

#[test]
fn replies() {
    for payload in [
        "+PONG\r\n",
        "+QUEUED\r\n",
        ":1\r\n",
        "$-1\r\n",
        "+OK\r\n$5\r\nhello\r\n",
        "+OK\r\n:1\r\n",
        "*2\r\n$1\r\na\r\n:1\r\n",
        "-WRONGTYPE Operation against a key\r\n",
        "-MOVED 3999 127.0.0.1:6381\r\n",
        "-ERR unknown command 'FOO'\r\n",
        "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n",
        ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n",
        "%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n",
        "+1795256064.123456 [0 127.0.0.1:1] \"SET\"\r\n",
        "*2\r\n$7\r\n{\"a\":1}\r\n$1\r\nb\r\n",
    ] {
        assert_eq!(joined(payload), Verdict::ServerSpeaks, "{payload:?}");
        assert!(signed(payload.as_bytes()), "{payload:?}");
    }
}

#[test]
fn what_either_side_may_send_waits_for_the_other() {
    for payload in [
        "$5\r\nhello\r\n",
        "$1107\r\n{\"a\":",
        "$1\r\n0\r\n*1\r\n$4\r\nPING\r\n",
        "*2\r\n$3\r\nfoo\r\n$1\r\nb\r\n",
    ] {
        assert_eq!(joined(payload), Verdict::No, "{payload:?}");
        let found = verdict(payload.as_bytes(), false, Some(Sender::Server));
        assert_eq!(found, Verdict::ServerSpeaks, "{payload:?}");
        assert_eq!(verdict(b"$5\r\nhello\r\n", true, Some(Sender::Client)), Verdict::No);
    }
}

#[test]
fn other_protocols() {
    for payload in [
        // NATS
        "+OK\r\n",
        "+OK\r\n+OK\r\n",
        "-ERR 'Unknown Protocol Operation'\r\n",
        "PING\r\n",
        "PONG\r\n",
        "INFO {\"server_id\":\"x\"}\r\n",
        "+OK\r\nMSG a 1 2\r\nhi\r\n",
        // mail
        "+OK Logged in.\r\n",
        "-ERR Unknown command.\r\n",
        "QUIT\r\n",
        "AUTH PLAIN\r\n",
        "+OK 2 320\r\n",
        // memcached
        "get k\r\n",
        "set k 0 0 5\r\nhello\r\n",
        "incr k 1\r\n",
        "STORED\r\n",
        "END\r\n",
        "VALUE k 0 5\r\n",
        // HTTP
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\r\n",
        "GET http://a/\r\n",
        "POST / HTTP/1.0\r\n\r\n",
        // others and plain text
        "* OK IMAP4rev1\r\n",
        "220 mail ESMTP\r\n",
        "- item\r\n",
        "--\r\n",
        "$ ls\r\n",
        ":server 001 nick\r\n",
        "#!/bin/sh\n",
        "*1",
        "$5",
        "*1\r\n$4\r\nPINGPONG\r\n",
        "*100\r\n$1000000000\r\n",
        "",
    ] {
        let text_of_memcached = payload.starts_with("get ") || payload.starts_with("set ");
        assert!(!text_of_memcached || verdict(payload.as_bytes(), true, None) == Verdict::No);
        for sender in [None, Some(Sender::Client), Some(Sender::Server)] {
            let verdict = verdict(payload.as_bytes(), false, sender);
            let short = payload.len() < 3 && verdict == Verdict::NeedMore;
            assert!(short || verdict == Verdict::No, "{payload:?}: {verdict:?}");
        }
    }
}

#[test]
fn prefixes_and_damage_do_no_harm() {
    let mut random = weir_plugin_sdk::testing::Random(42);
    for script in captured::conversations() {
        for (_, mut bytes) in script {
            for cut in 0..bytes.len().min(200) {
                let _ = verdict(&bytes[..cut], true, None);
            }
            for _ in 0..50 {
                random.damage(&mut bytes);
                let _ = verdict(&bytes, false, None);
            }
        }
    }
}
