//! What strangers can make the instance answer and hold.

use weir_plugin_mysql::MySql;
use weir_plugin_sdk::prelude::*;
use weir_plugin_sdk::testing::Harness;

use crate::compressed::deflated;
use crate::wire::*;

/// Limits of the host for one answer.
const MESSAGES: usize = 65_536;
const OWNED_BYTES: usize = 4 << 20;

#[test]
fn many_executions_of_a_long_statement() {
    let sql = format!("SELECT '{}'", "x".repeat(4000));
    let mut harness =
        logged_in(0).client(command(0x16, &sql)).server(packet(1, [0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    let before = harness.messages().len();
    let execute = command(0x17, [7, 0, 0, 0, 0, 1, 0, 0, 0]);
    harness.push(CLIENT, &execute.repeat(9000));
    let told = &harness.messages()[before..];
    assert_eq!(told.len(), 9000);
    let texts: usize = told.iter().filter_map(|m| m.text(Field::RequestResource)).map(str::len).sum();
    assert!(texts < OWNED_BYTES / 2, "{texts}");
    assert!(texts > 100_000);
    assert_eq!(told[8999].text(Field::RequestId), Some("7"));
    // The next input is answered in full again.
    harness.push(CLIENT, &execute);
    assert_eq!(harness.messages().last().unwrap().text(Field::RequestResource), Some(sql.as_str()));
}

#[test]
fn a_bomb_of_commands() {
    let bomb = deflated(0, &command(0x0e, "").repeat(3_000_000));
    let mut harness = logged_in(COMPRESS);
    let before = harness.messages().len();
    harness.push(CLIENT, &bomb);
    let told = harness.messages().len() - before;
    assert!(told < MESSAGES / 4, "{told}");
    harness.push(CLIENT, &deflated(0, &query(&format!("SELECT '{}'", "z".repeat(100)))));
    let last = harness.messages().last().unwrap();
    assert_eq!(last.text(Field::RequestType), Some("COM_QUERY"), "the next frame is read again");
}

#[test]
fn a_bomb_of_long_statements() {
    let bomb = deflated(0, &query(&format!("SELECT '{}'", "x".repeat(60_000))).repeat(200));
    let mut harness = logged_in(COMPRESS);
    let before = harness.messages().len();
    harness.push(CLIENT, &bomb);
    let texts = harness.messages()[before..].iter().filter_map(|m| m.text(Field::RequestResource));
    let texts: usize = texts.map(str::len).sum();
    assert!((4096..OWNED_BYTES / 4).contains(&texts), "{texts}");
}

#[test]
fn many_connections_that_wait() {
    // Statements and waiting commands of one instance stay below 16 MiB; what does not fit is answered without them.
    let connection = || {
        let mut harness = Harness::<MySql>::tcp_joined();
        for n in 0..600 {
            harness.push(CLIENT, &command(0x16, format!("SELECT {n} /* {} */", "x".repeat(2000))));
        }
        assert_eq!(harness.messages().len(), 600);
        harness
    };
    let mut all: Vec<_> = (0..40).map(|_| connection()).collect();
    let last = all.last_mut().unwrap();
    last.push(SERVER, &packet(1, [0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    last.push(CLIENT, &command(0x17, [9, 0, 0, 0, 0, 1, 0, 0, 0]));
    let executed = last.messages().last().unwrap();
    assert_eq!((executed.text(Field::RequestId), executed.text(Field::RequestResource)), (Some("9"), None));
    drop(all);
    let mut fresh = logged_in(0)
        .client(command(0x16, "SELECT 1"))
        .server(packet(1, [0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    fresh.push(CLIENT, &command(0x17, [9, 0, 0, 0, 0, 1, 0, 0, 0]));
    assert_eq!(fresh.messages().last().unwrap().text(Field::RequestResource), Some("SELECT 1"));
}
