//! Answers: result sets, errors, local files, big packets.

use weir_plugin_mysql::MySql;
use weir_plugin_sdk::prelude::*;
use weir_plugin_sdk::testing::{Harness, every_split};

use crate::wire::*;

/// An EOF with the flag that another result follows.
const MORE: &[u8] = &[0xfe, 0, 0, 0x0a, 0];

/// A result set of two columns and three rows.
fn result_set(first: u8, eof: bool, end: &[u8]) -> Vec<u8> {
    let mut all = vec![vec![2], definition("a"), definition("b")];
    if eof {
        all.push(EOF.to_vec());
    }
    all.extend([b"\x01x\xfb".to_vec(), b"\0\0".to_vec(), b"\xfb\xfb".to_vec(), end.to_vec()]);
    packets(first, all)
}

fn split(harness_capabilities: u32, talk: &[(Direction, Vec<u8>)]) -> Vec<Exchange> {
    let all = harness_capabilities | PROTOCOL_41 | SECURE | 1;
    let login = [(SERVER, greeting(all)), (CLIENT, hello(all, "app")), (SERVER, packet(2, OK))];
    let script: Vec<_> = login.iter().chain(talk).map(|(d, b)| (*d, b.as_slice())).collect();
    let mut told = exchanges(&every_split::<MySql>(&script));
    told.remove(0);
    told
}

#[test]
fn rows_with_and_without_eof() {
    for (capabilities, eof, end) in [(0, true, EOF), (DEPRECATE_EOF, false, OK_END)] {
        let set = result_set(1, eof, end);
        let length = set.len() as u64;
        let told = split(capabilities, &[(CLIENT, query("SELECT a, b FROM t")), (SERVER, set)]);
        assert_eq!(told[0].code(), Some("0"));
        assert_eq!(told[0].answer().end - told[0].answer().start, length);
    }
}

#[test]
fn several_results_are_one_answer() {
    let mut answer = result_set(1, true, MORE);
    answer.extend(packets(9, [&[0, 1, 0, 0x0a, 0, 0, 0]]));
    answer.extend(result_set(10, true, EOF));
    let told = split(0, &[(CLIENT, query("SELECT 1; UPDATE a; SELECT 2")), (SERVER, answer)]);
    assert_eq!((told.len(), told[0].code()), (1, Some("0")));
}

#[test]
fn the_first_result_stands_for_all() {
    let mut answer = result_set(1, true, MORE);
    answer.extend(packet(9, error(1146, "Table 'a.b' doesn't exist")));
    let told = split(0, &[(CLIENT, query("SELECT 1; SELECT * FROM b")), (SERVER, answer)]);
    assert_eq!((told[0].code(), told[0].answer().status), (Some("0"), Status::Ok));
    assert_eq!(told[0].answer().attribute("later_error_code"), Some("1146"));
    assert_eq!(told[0].answer().attribute("later_error"), Some("Table 'a.b' doesn't exist"));
}

#[test]
fn an_error_among_rows_is_the_answer() {
    let rows = packets(
        1,
        [
            vec![1],
            definition("a"),
            EOF.to_vec(),
            b"\x01x".to_vec(),
            error(1317, "Query execution was interrupted"),
        ],
    );
    let told = split(0, &[(CLIENT, query("SELECT SLEEP(9)")), (SERVER, rows)]);
    assert_eq!((told[0].code(), told[0].answer().status), (Some("1317"), Status::ServerError));
    assert_eq!(told[0].answer().text(Field::ResponseException), Some("Query execution was interrupted"));
}

#[test]
fn whose_fault_it_is() {
    for (code, status) in [
        (1064, Status::ServerError),
        (1999, Status::ServerError),
        (2013, Status::ClientError),
        (3000, Status::ServerError),
    ] {
        let told = split(0, &[(CLIENT, query("x y")), (SERVER, packet(1, error(code, "why")))]);
        assert_eq!(told[0].answer().status, status, "{code}");
    }
}

#[test]
fn a_result_set_without_definitions() {
    // The byte behind the column count says that none follow; MySQL and MariaDB alike.
    let rows = packets(1, [b"\x02\0".as_slice(), b"\x01x\x01y", OK_END]);
    let told = split(DEPRECATE_EOF | OPTIONAL_METADATA, &[(CLIENT, query("SELECT a, b")), (SERVER, rows)]);
    assert_eq!(told[0].code(), Some("0"));
    let rows = packets(1, [b"\x01\x01".to_vec(), definition("a"), b"\x01x".to_vec(), OK_END.to_vec()]);
    let told = split(DEPRECATE_EOF | OPTIONAL_METADATA, &[(CLIENT, query("SELECT a")), (SERVER, rows)]);
    assert_eq!(told[0].code(), Some("0"));
}

#[test]
fn sequence_ids_wrap() {
    let mut payloads = vec![vec![1], definition("a"), EOF.to_vec()];
    payloads.extend((0..700).map(|n| format!("\x05{n:05}").into_bytes()));
    payloads.push(EOF.to_vec());
    let mut talk = vec![(CLIENT, query("SELECT a FROM t")), (SERVER, packets(1, payloads))];
    talk.extend([(CLIENT, command(0x0e, "")), (SERVER, packet(1, OK))]);
    let told = split(0, &talk);
    assert_eq!((told.len(), told[1].kind(), told[1].code()), (2, "COM_PING", Some("0")));
}

#[test]
fn a_local_file_is_no_command() {
    let mut talk = vec![
        (CLIENT, query("LOAD DATA LOCAL INFILE 'a.csv' INTO TABLE t")),
        (SERVER, packet(1, b"\xfba.csv")),
    ];
    // 300 packets: the sequence ids get to 0, and the content looks like a command.
    let content: Vec<Vec<u8>> = (0..300).map(|_| b"\x03SELECT 1".to_vec()).collect();
    talk.extend([(CLIENT, packets(2, &content)), (CLIENT, packet(46, b"")), (SERVER, packet(47, OK))]);
    talk.extend([(CLIENT, query("SELECT 2")), (SERVER, packet(1, OK))]);
    let told = split(0, &talk);
    let kinds: Vec<_> = told.iter().map(|e| (e.resource().unwrap(), e.code())).collect();
    assert_eq!(kinds, [("LOAD DATA LOCAL INFILE 'a.csv' INTO TABLE t", Some("0")), ("SELECT 2", Some("0"))]);
}

#[test]
fn a_big_statement_is_stepped_over() {
    let length = 0xff_ffff + 1000;
    let mut sql = b"\x03INSERT INTO t VALUES ('".to_vec();
    sql.resize(length, b'x');
    let (first, second) = sql.split_at(0xff_ffff);
    let mut bytes = packet(0, first);
    bytes.extend(packet(1, second));
    let mut harness = logged_in(0);
    let before = harness.messages().len();
    harness.push(CLIENT, &bytes[..70_000]);
    assert_eq!(harness.messages().len(), before + 1, "64 KiB are enough");
    for piece in bytes[70_000..].chunks(1 << 20) {
        harness.push(CLIENT, piece);
    }
    let told = told(harness.server(packet(2, OK)).client(query("SELECT 1")).server(packet(1, OK)));
    assert_eq!((told.len(), told[0].code()), (2, Some("0")));
    let request = &told[0].request;
    assert_eq!(request.end - request.start, bytes.len() as u64);
    assert!(told[0].resource().unwrap().starts_with("INSERT INTO t VALUES ('xxx"));
}

#[test]
fn a_row_of_several_packets() {
    let mut row = b"\xfe\0\0\0\x01\0\0\0\0".to_vec();
    row.resize(0xff_ffff, b'r');
    let answer = packets(
        1,
        [vec![1], definition("a"), EOF.to_vec(), row, vec![0xff; 100], b"\x01x".to_vec(), EOF.to_vec()],
    );
    let mut harness = logged_in(0).client(query("SELECT a FROM t"));
    for piece in answer.chunks(60_000) {
        harness.push(SERVER, piece);
    }
    let told = told(harness.client(query("SELECT 1")).server(packet(1, OK)));
    assert_eq!((told[0].code(), told[1].code()), (Some("0"), Some("0")));
}

#[test]
fn a_statement_of_exactly_one_full_packet() {
    let mut sql = b"\x03SELECT '".to_vec();
    sql.resize(0xff_ffff, b'x');
    let harness = logged_in(0).client(packet(0, &sql)).client(packet(1, b"")).server(packet(2, OK));
    let told = told(harness.client(query("SELECT 1")).server(packet(1, OK)));
    assert_eq!((told.len(), told[0].code()), (2, Some("0")));
    assert_eq!(told[0].request.end - told[0].request.start, sql.len() as u64 + 8);
}

#[test]
fn answers_without_result_sets() {
    let talk = [
        (CLIENT, command(9, "")),
        (SERVER, packet(1, "Uptime: 1  Threads: 2")),
        (CLIENT, command(0x0d, "")),
        (SERVER, packet(1, EOF)),
        (CLIENT, command(4, "t\0%")),
        (SERVER, packets(1, [definition("a"), definition("b"), EOF.to_vec()])),
        (CLIENT, command(4, "gone\0")),
        (SERVER, packet(1, error(1146, "Table 'a.gone' doesn't exist"))),
        (CLIENT, command(2, "shop")),
        (SERVER, packet(1, OK)),
        (CLIENT, command(1, "")),
    ];
    let told = split(0, &talk);
    let kinds: Vec<_> = told.iter().map(Exchange::kind).collect();
    assert_eq!(
        kinds,
        ["COM_STATISTICS", "COM_DEBUG", "COM_FIELD_LIST", "COM_FIELD_LIST", "COM_INIT_DB", "COM_QUIT"]
    );
    assert_eq!(told[0].answer().text(Field::ResponseResult), Some("Uptime: 1  Threads: 2"));
    assert_eq!((told[2].resource(), told[2].code()), (Some("t"), Some("0")));
    assert_eq!((told[3].resource(), told[3].code()), (Some("gone"), Some("1146")));
    assert_eq!(told[4].resource(), Some("shop"));
    assert_eq!(told[5].request.kind, Kind::OneWay);
}

#[test]
fn progress_is_no_error() {
    let report = b"\xff\xff\xff\x01\x02\x88\x13\0\x0ccopy to tmp ";
    let talk = [
        (CLIENT, query("ALTER TABLE t FORCE")),
        (SERVER, packet(1, report)),
        (SERVER, packet(2, report)),
        (SERVER, packet(3, OK)),
    ];
    assert_eq!(split(0, &talk)[0].code(), Some("0"));
}

#[test]
fn a_trace_context_in_a_comment_or_an_attribute() {
    let parent = "00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01";
    let comment = query(&format!("SELECT 1 /*traceparent='{parent}'*/"));
    let mut attribute = b"\x01\x01\0\x01\xfe\0\x0btraceparent\x37".to_vec();
    attribute.extend(parent.as_bytes());
    attribute.extend(b"SELECT 1");
    for request in [comment, command(3, attribute)] {
        let told = split(QUERY_ATTRIBUTES, &[(CLIENT, request), (SERVER, packet(1, OK))]);
        assert!(told[0].resource().unwrap().starts_with("SELECT 1"));
        assert_eq!(told[0].request.text(Field::TraceId), Some("5bd66ef5095369c7b0d1f8f4bd33716a"));
        assert_eq!(told[0].request.text(Field::SpanId), Some("c532cb4098ac3dd2"));
    }
}

#[test]
fn a_binlog_is_left_alone() {
    let dump = command(0x12, [4, 0, 0, 0, 0, 0, 1, 0, 0, 0, b'f']);
    let harness = logged_in(0).client(dump).server(packets(1, [[0; 40], [0; 40]])).server(packet(3, OK));
    assert_eq!(harness.end(), Some(weir_plugin_sdk::testing::End::Finished));
    let told = told(harness);
    assert_eq!((told[0].kind(), told[0].code()), ("COM_BINLOG_DUMP", Some("0")));
}

#[test]
fn an_unknown_command_is_stepped_over() {
    let harness =
        logged_in(0).client(command(0x63, "what")).server(packet(1, error(1047, "Unknown command")));
    let harness = harness.client(query("SELECT 1")).server(packet(1, OK)).close();
    let told = harness.joined();
    let query = told.iter().find(|m| m.text(Field::RequestResource) == Some("SELECT 1"));
    assert!(query.is_some(), "{told:?}");
}

#[test]
fn pipelined_commands() {
    let mut harness = logged_in(0).client([query("SELECT 1"), query("bad"), command(0x0e, "")].concat());
    harness.push(SERVER, &[result_set(1, true, EOF), packet(1, error(1064, "no")), packet(1, OK)].concat());
    let told = told(harness);
    let codes: Vec<_> = told.iter().map(Exchange::code).collect();
    assert_eq!(codes, [Some("0"), Some("1064"), Some("0")]);
}

#[test]
fn the_capture_need_not_hold_both_directions() {
    let mut harness = Harness::<MySql>::tcp();
    for _ in 0..5000 {
        harness.push(CLIENT, &query("SELECT 1"));
    }
    assert!(harness.messages().len() >= 4999);
}
