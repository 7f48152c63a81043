//! Prepared statements.

use weir_plugin_mysql::MySql;
use weir_plugin_sdk::prelude::*;
use weir_plugin_sdk::testing::every_split;

use crate::wire::*;

fn prepare_ok(id: u32, columns: u16, parameters: u16) -> Vec<u8> {
    let mut payload = vec![0];
    payload.extend(id.to_le_bytes());
    payload.extend(columns.to_le_bytes());
    payload.extend(parameters.to_le_bytes());
    payload.extend([0, 0, 0]);
    payload
}

fn on(byte: u8, id: u32, rest: &[u8]) -> Vec<u8> {
    command(byte, [&id.to_le_bytes(), rest].concat())
}

fn execute(id: u32, flags: u8) -> Vec<u8> {
    on(0x17, id, &[flags, 1, 0, 0, 0])
}

fn prepared(id: u32, eof: bool) -> Vec<u8> {
    let mut all = vec![prepare_ok(id, 2, 1), definition("?")];
    if eof {
        all.push(EOF.to_vec());
    }
    all.extend([definition("a"), definition("b")]);
    if eof {
        all.push(EOF.to_vec());
    }
    packets(1, all)
}

fn rows(first: u8, eof: bool) -> Vec<u8> {
    let mut all = vec![vec![1], definition("a")];
    if eof {
        all.push(EOF.to_vec());
    }
    all.push(b"\0\0\x07".to_vec());
    all.push(if eof { EOF } else { OK_END }.to_vec());
    packets(first, all)
}

fn split(capabilities: u32, talk: &[(Direction, Vec<u8>)]) -> Vec<Exchange> {
    let all = capabilities | PROTOCOL_41 | SECURE | 1;
    let login = [(SERVER, greeting(all)), (CLIENT, hello(all, "app")), (SERVER, packet(2, OK))];
    let script: Vec<_> = login.iter().chain(talk).map(|(d, b)| (*d, b.as_slice())).collect();
    let mut told = exchanges(&every_split::<MySql>(&script));
    told.remove(0);
    told
}

#[test]
fn a_life() {
    for (capabilities, eof) in [(0, true), (DEPRECATE_EOF, false)] {
        let talk = [
            (CLIENT, command(0x16, "SELECT a, b FROM t WHERE c = ?")),
            (SERVER, prepared(9, eof)),
            (CLIENT, execute(9, 0)),
            (SERVER, rows(1, eof)),
            (CLIENT, on(0x18, 9, b"\0\0long data")),
            (CLIENT, on(0x1a, 9, b"")),
            (SERVER, packet(1, OK)),
            (CLIENT, on(0x19, 9, b"")),
            (CLIENT, query("SELECT 1")),
            (SERVER, rows(1, eof)),
        ];
        let told = split(capabilities, &talk);
        let kinds: Vec<_> = told.iter().map(|e| &e.kind()[4..]).collect();
        let wanted =
            ["STMT_PREPARE", "STMT_EXECUTE", "STMT_SEND_LONG_DATA", "STMT_RESET", "STMT_CLOSE", "QUERY"];
        assert_eq!(kinds, wanted);
        for exchange in &told[..5] {
            assert_eq!(exchange.id(), Some("9"));
            assert_eq!(exchange.resource(), Some("SELECT a, b FROM t WHERE c = ?"));
        }
        let one_way: Vec<_> = told.iter().map(|e| e.request.kind == Kind::OneWay).collect();
        assert_eq!(one_way, [false, false, true, false, true, false]);
        assert!(told.iter().all(|e| e.request.kind == Kind::OneWay || e.code() == Some("0")));
    }
}

#[test]
fn a_cursor_keeps_the_rows_back() {
    // SERVER_STATUS_CURSOR_EXISTS, then SERVER_STATUS_LAST_ROW_SENT.
    let (open, last): (&[u8], &[u8]) = (&[0xfe, 0, 0, 0x42, 0], &[0xfe, 0, 0, 0x82, 0]);
    let fetch = || on(0x1c, 9, &[2, 0, 0, 0]);
    let talk = [
        (CLIENT, command(0x16, "SELECT a, b FROM t WHERE c = ?")),
        (SERVER, prepared(9, true)),
        (CLIENT, execute(9, 1)),
        (SERVER, packets(1, [&[1][..], &definition("a"), open])),
        (CLIENT, fetch()),
        (SERVER, packets(1, [b"\0\0\x01".as_slice(), b"\0\0\x02", open])),
        (CLIENT, fetch()),
        (SERVER, packets(1, [last])),
        (CLIENT, fetch()),
        (SERVER, packet(1, error(1326, "Cursor is not open"))),
    ];
    let codes: Vec<_> = split(0, &talk).iter().map(|e| e.code().unwrap().to_owned()).collect();
    assert_eq!(codes, ["0", "0", "0", "0", "1326"]);
}

#[test]
fn executed_before_it_is_prepared() {
    const LAST: u32 = u32::MAX;
    let talk = [
        (CLIENT, [command(0x16, "SELECT a FROM t WHERE b = ?"), execute(LAST, 0)].concat()),
        (SERVER, [prepared(40, true), rows(1, true)].concat()),
        (CLIENT, execute(LAST, 0)),
        (SERVER, rows(1, true)),
        (CLIENT, [command(0x16, "BAD"), execute(LAST, 0)].concat()),
        (SERVER, [packet(1, error(1064, "no")), packet(1, error(1243, "unknown"))].concat()),
    ];
    let told = split(0, &talk);
    let facts: Vec<_> = told.iter().map(|e| (e.id(), e.resource().unwrap(), e.code().unwrap())).collect();
    let sql = "SELECT a FROM t WHERE b = ?";
    assert_eq!(
        facts,
        [
            (Some("40"), sql, "0"),
            (Some("40"), sql, "0"),
            (Some("40"), sql, "0"),
            (None, "BAD", "1064"),
            (None, "BAD", "1243")
        ]
    );
}

#[test]
fn bulk_execution() {
    let talk = [
        (CLIENT, command(0x16, "INSERT INTO t VALUES (?)")),
        (SERVER, packets(1, [prepare_ok(3, 0, 1), definition("?"), EOF.to_vec()])),
        (CLIENT, on(0xfa, 3, b"\x80\0\xfd\0\0\x03one\0\x03two")),
        (SERVER, packet(1, OK)),
    ];
    let told = split(0, &talk);
    assert_eq!(
        (told[1].kind(), told[1].id(), told[1].code()),
        ("COM_STMT_BULK_EXECUTE", Some("3"), Some("0"))
    );
    assert_eq!(told[1].resource(), Some("INSERT INTO t VALUES (?)"));
}

#[test]
fn many_statements() {
    let mut harness = logged_in(0);
    for id in 1..=3000 {
        harness.push(CLIENT, &command(0x16, format!("SELECT {id}")));
        harness.push(SERVER, &packet(1, prepare_ok(id, 0, 0)));
    }
    for id in [1, 2900, 3000] {
        harness.push(CLIENT, &execute(id, 0));
        harness.push(SERVER, &packet(1, OK));
    }
    let told = told(harness);
    let executed: Vec<_> = told[3000..].iter().map(|e| (e.id().unwrap(), e.resource())).collect();
    assert_eq!(executed, [("1", None), ("2900", Some("SELECT 2900")), ("3000", Some("SELECT 3000"))]);
}
