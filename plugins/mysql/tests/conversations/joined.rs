//! What `check` claims, and captures that begin in the middle.

use weir_plugin_mysql::MySql;
use weir_plugin_sdk::parser::Sender;
use weir_plugin_sdk::prelude::*;
use weir_plugin_sdk::testing::Harness;

use crate::fixture::{ALL, conversations};
use crate::wire::*;

fn check(payload: &[u8], from_start: bool) -> Verdict {
    let probe =
        Probe { transport: Transport::Tcp, source_port: 1, destination_port: 2, from_start, sender: None };
    let verdict = MySql::check(payload, &probe);
    // Knowing who sent it may only exclude the other one.
    for sender in [Sender::Client, Sender::Server] {
        let known = MySql::check(payload, &Probe { sender: Some(sender), ..probe });
        let fits = known == verdict || matches!(known, Verdict::No | Verdict::NeedMore);
        assert!(fits || verdict == Verdict::NeedMore, "{known:?} {verdict:?} {payload:x?}");
    }
    verdict
}

fn passes_a_signature(payload: &[u8]) -> bool {
    MySql::manifest().signatures().iter().any(|signature| {
        let at = payload.get(signature.offset as usize..).unwrap_or_default();
        signature.any_of.iter().any(|bytes| at.starts_with(bytes))
    })
}

#[test]
fn greetings() {
    let whole = greeting(PROTOCOL_41);
    assert_eq!(check(&whole, true), Verdict::ServerSpeaks);
    assert!(passes_a_signature(&whole));
    for length in 5..whole.len() {
        assert_eq!(check(&whole[..length], true), Verdict::NeedMore, "{length}");
    }
    assert_eq!(check(&[whole.as_slice(), b"x"].concat(), true), Verdict::No);
    let refusal = [&[0xff, 0x10, 4], b"Too many connections".as_slice()].concat();
    assert_eq!(check(&packet(0, refusal), true), Verdict::ServerSpeaks);
    for name in ALL {
        for conversation in conversations(name) {
            assert_eq!(check(&conversation.segments[0].1, true), Verdict::ServerSpeaks, "{name}");
            let (_, login) = conversation.segments.iter().find(|(d, _)| *d == CLIENT).unwrap();
            assert_eq!(check(login, true), Verdict::ClientSpeaks, "{name}");
            assert!(passes_a_signature(login));
        }
    }
}

#[test]
fn commands_and_answers_in_the_middle() {
    for (payload, verdict) in [
        (query("SELECT 1"), Verdict::ClientSpeaks),
        (query("  /* hint */ (select 1)"), Verdict::ClientSpeaks),
        (command(0x16, "UPDATE a SET b=?"), Verdict::ClientSpeaks),
        (command(0x17, [1, 0, 0, 0, 0, 1, 0, 0, 0]), Verdict::ClientSpeaks),
        (command(0x0e, ""), Verdict::NeedMore),
        ([command(0x0e, ""), command(0x0e, "")].concat(), Verdict::ClientSpeaks),
        ([command(0x0e, ""), query("commit")].concat(), Verdict::ClientSpeaks),
        (query("hello world"), Verdict::NeedMore),
        (command(0x01, ""), Verdict::NeedMore),
        (packet(1, OK), Verdict::ServerSpeaks),
        (packet(1, error(1064, "You have an error")), Verdict::ServerSpeaks),
        (packets(1, [vec![1], definition("a"), EOF.to_vec()]), Verdict::ServerSpeaks),
        (packet(0, b"\x03SELECT \0\x01\x02"), Verdict::No),
        (packet(1, [7, 7, 7]), Verdict::No),
    ] {
        assert_eq!(check(&payload, false), verdict, "{payload:x?}");
        assert!(passes_a_signature(&payload) || verdict == Verdict::No, "{payload:x?}");
    }
    assert_eq!(check(&query("SELECT 1"), true), Verdict::No, "a client does not begin with a command");
}

#[test]
fn other_protocols() {
    let others: &[&[u8]] = &[
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64",
        b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\x04\0\x10\0\0",
        b"\x16\x03\x01\0\xc8\x01\0\0\xc4\x03\x03",
        b"\x17\x03\x03\0\x20aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        b"*1\r\n$4\r\nPING\r\n",
        b"+OK\r\n",
        b"\0\0\0\x08\x04\xd2\x16\x2f",
        b"\0\0\0\x2a\0\x03\0\0user\0postgres\0database\0postgres\0\0",
        b"Q\0\0\0\x0dSELECT 1\0",
        b"R\0\0\0\x08\0\0\0\0",
        b"AMQP\0\0\x09\x01",
        b"\x01\0\0\0\0\0\x0a\0\x0a\0\x0b\0\0\0\0\0\0\xce",
        b"\x10\x16\0\x04MQTT\x04\x02\0\x3c\0\x0aidentifier",
        b"\x20\x02\0\0",
        b"get key\r\n",
        b"VALUE key 0 1\r\na\r\nEND\r\n",
        b"\x80\0\0\x03\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\0key",
        b"\0\0\0\x2d\0\x12\0\x03\0\0\0\x01\0\x08rdkafka1",
        b"\0\0\0\x17\0\x03\0\x0a\0\0\0\x02\0\x03abc\0\xff\xff\xff\xff\0\0\0",
        b"INFO {\"server_id\":\"a\"}\r\n",
        b"\x3a\0\0\0\x01\0\0\0\0\0\0\0\xd4\x07\0\0\0\0\0\0admin.$cmd\0\0\0\0\0\xff\xff\xff\xff\x13\0\0\0\x10ismaster\0\x01\0\0\0\0",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03com\0\0\x01\0\x01",
        b"\0\x1c\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03www\x01a\x02de\0\0\x01\0\x01",
        b"\xda\xbb\xc2\0\0\0\0\0\0\0\0\x01\0\0\0\x10aaaaaaaaaaaaaaaa",
    ];
    for other in others {
        for from_start in [true, false] {
            let verdict = check(other, from_start);
            assert!(!matches!(verdict, Verdict::ClientSpeaks | Verdict::ServerSpeaks), "{other:x?}");
        }
    }
}

#[test]
fn noise() {
    let mut random = weir_plugin_sdk::testing::Random(7);
    for round in 0..300_000 {
        let mut bytes: Vec<u8> = (0..6 + random.below(40)).map(|_| random.next() as u8).collect();
        // Small little-endian lengths, as binary protocols have them.
        if round % 2 == 0 {
            bytes[1..4].fill(0);
            bytes[0] = (bytes.len() - 4 + random.below(3)) as u8;
        }
        if round % 4 == 0 {
            bytes[3] = 1;
        }
        let verdict = check(&bytes, false);
        assert!(!matches!(verdict, Verdict::ClientSpeaks | Verdict::ServerSpeaks), "{bytes:x?}");
    }
}

#[test]
fn mid_result_set() {
    let told = |harness: Harness<MySql>| exchanges(&harness.close().joined());
    // The rest of a result set, then whole exchanges.
    let tail = packets(77, [b"\x03abc".as_slice(), b"\x03abd", EOF]);
    let harness = Harness::tcp_joined()
        .server(&tail[3..])
        .client(query("SELECT a FROM t"))
        .server(packets(1, [vec![1], definition("a"), EOF.to_vec(), b"\x01x".to_vec(), EOF.to_vec()]))
        .client(command(0x16, "SELECT ?"))
        .server(packets(
            1,
            [
                b"\0\x05\0\0\0\x01\0\x01\0\0\0\0".to_vec(),
                definition("?"),
                EOF.to_vec(),
                definition("?"),
                EOF.to_vec(),
            ],
        ))
        .client(command(0x17, [5, 0, 0, 0, 0, 1, 0, 0, 0]))
        .server(packets(1, [vec![1], definition("a"), EOF.to_vec(), b"\0\0\x01".to_vec(), EOF.to_vec()]));
    let exchanges = told(harness);
    let facts: Vec<_> = exchanges.iter().map(|e| (e.kind(), e.id(), e.code())).collect();
    assert_eq!(
        facts,
        [
            ("COM_QUERY", None, Some("0")),
            ("COM_STMT_PREPARE", Some("5"), Some("0")),
            ("COM_STMT_EXECUTE", Some("5"), Some("0"))
        ]
    );
}

#[test]
fn joined_before_the_login() {
    let all = PROTOCOL_41 | SECURE | 1;
    let harness = Harness::<MySql>::tcp_joined()
        .client(hello(all, "app"))
        .server(packet(2, OK))
        .client(query("SELECT 1"))
        .server(packet(1, OK));
    let told = exchanges(&harness.close().joined());
    let facts: Vec<_> = told.iter().map(|e| (e.kind(), e.resource().unwrap(), e.code())).collect();
    assert_eq!(facts, [("LOGIN", "app", Some("0")), ("COM_QUERY", "SELECT 1", Some("0"))]);
}

#[test]
fn an_eof_behind_definitions_is_learned() {
    for (eof, sql) in [(true, "SELECT a"), (false, "SELECT b")] {
        let mut answer = vec![b"\0\x05\0\0\0\x01\0\0\0\0\0\0".to_vec(), definition("a")];
        if eof {
            answer.push(EOF.to_vec());
        }
        let answer = packets(1, answer);
        let length = answer.len() as u64;
        let mut harness = Harness::<MySql>::tcp_joined().client(command(0x16, sql)).server(answer);
        // Pipelined: the next answer must not be taken for that EOF, nor the other way round.
        harness.push(CLIENT, &command(0x1b, [1, 0]));
        harness.push(SERVER, &packet(1, EOF));
        let told = exchanges(&harness.close().joined());
        assert_eq!((told.len(), told[0].code(), told[1].code()), (2, Some("0"), Some("0")));
        assert_eq!(told[0].answer().end, length);
    }
}

/// As it comes from the system calls of a server.
#[test]
fn heads_that_come_alone() {
    let mut harness = Harness::<MySql>::tcp_joined();
    for sql in ["SELECT 1", "SELECT 2", "SELECT 3"] {
        let query = query(sql);
        harness.push(CLIENT, &query[..4]);
        harness.push(CLIENT, &query[4..]);
        harness.push(SERVER, &packet(1, OK));
    }
    let told = exchanges(&harness.close().joined());
    let texts: Vec<_> = told.iter().map(|e| (e.resource().unwrap(), e.code())).collect();
    assert_eq!(texts, [("SELECT 1", Some("0")), ("SELECT 2", Some("0")), ("SELECT 3", Some("0"))]);
    // Four bytes of something else are not in the way of what follows.
    let harness = Harness::<MySql>::tcp_joined()
        .client("\x05\0\0\0")
        .client("row, not a command")
        .client(query("SELECT 4"));
    let told = exchanges(&harness.server(packet(1, OK)).close().joined());
    assert_eq!(told.len(), 1);
}
