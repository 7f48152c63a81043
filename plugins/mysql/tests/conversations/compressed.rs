//! The compressed protocol.

use weir_plugin_mysql::MySql;
use weir_plugin_sdk::prelude::*;
use weir_plugin_sdk::testing::{Harness, every_split, mutations};

use crate::wire::*;

fn frame(sequence: u8, content: &[u8]) -> Vec<u8> {
    let mut frame = (content.len() as u32).to_le_bytes()[..3].to_vec();
    frame.extend([sequence, 0, 0, 0]);
    frame.extend_from_slice(content);
    frame
}

pub(crate) fn deflated(sequence: u8, content: &[u8]) -> Vec<u8> {
    // Not through flate2: what it makes depends on the backend that other crates of the build ask for.
    let packed = miniz_oxide::deflate::compress_to_vec_zlib(content, 6);
    let mut frame = (packed.len() as u32).to_le_bytes()[..3].to_vec();
    frame.push(sequence);
    frame.extend(&(content.len() as u32).to_le_bytes()[..3]);
    frame.extend(packed);
    frame
}

fn rows(count: usize, length: usize) -> Vec<u8> {
    let mut payloads = vec![vec![1], definition("a"), EOF.to_vec()];
    for n in 0..count {
        let mut row = vec![0xfc];
        row.extend((length as u16).to_le_bytes());
        row.extend((0..length).map(|i| (n * 7 + i * i % 251) as u8));
        payloads.push(row);
    }
    payloads.push(EOF.to_vec());
    packets(1, payloads)
}

#[test]
fn packets_and_frames_have_borders_of_their_own() {
    let select = query("SELECT a FROM t");
    let answer = rows(300, 90);
    let mut frames = Vec::new();
    for (n, piece) in answer.chunks(1001).enumerate() {
        frames.extend(if n % 3 == 0 { frame(n as u8 + 1, piece) } else { deflated(n as u8 + 1, piece) });
    }
    let all = COMPRESS | PROTOCOL_41 | SECURE | 1;
    let script: Vec<(Direction, Vec<u8>)> = vec![
        (SERVER, greeting(all)),
        (CLIENT, hello(all, "app")),
        (SERVER, packet(2, OK)),
        (CLIENT, [frame(0, &select[..7]), frame(1, &select[7..])].concat()),
        (SERVER, frames.clone()),
        (CLIENT, deflated(0, &query(&format!("SELECT '{}'", "x".repeat(200))))),
        (SERVER, frame(1, &packet(1, error(1054, "Unknown column")))),
    ];
    let script: Vec<_> = script.iter().map(|(d, b)| (*d, b.as_slice())).collect();
    let told = exchanges(&every_split::<MySql>(&script));
    assert_eq!(told.len(), 3);
    assert_eq!((told[1].resource(), told[1].code()), (Some("SELECT a FROM t"), Some("0")));
    assert_eq!((told[2].code(), told[2].resource().map(str::len)), (Some("1054"), Some(209)));
    let answer = told[1].answer();
    assert_eq!(answer.end - answer.start, frames.len() as u64, "on the wire");
    assert_eq!(told[1].request.end - told[1].request.start, select.len() as u64 + 14);
    mutations::<MySql>(&script, 300);
}

#[test]
fn a_bomb_is_not_inflated() {
    // 16 MB of zeros in 16 KB, again and again.
    let mut content = packet(1, [1]);
    content.extend(packet(2, definition("a")));
    content.resize(0xff_fff0, 0);
    let bomb = deflated(1, &content);
    assert!(bomb.len() < 20_000);
    let mut harness = logged_in(COMPRESS);
    let start = std::time::Instant::now();
    for _ in 0..200 {
        harness.push(CLIENT, &frame(0, &query("SELECT a FROM t")));
        harness.push(SERVER, &bomb);
    }
    // 3.4 GB would take more than ten seconds.
    assert!(start.elapsed().as_secs() < 8, "{:?}", start.elapsed());
    let told = harness.close().joined();
    assert!(told.iter().filter(|m| m.kind == Kind::Request).count() == 201);
}

#[test]
fn rows_that_nobody_looks_at_are_not_inflated() {
    // One row of 8 MB of noise: its header is in the first frame.
    let mut row = vec![0xfd, 0, 0, 0x80];
    let mut state = 1_u32;
    row.extend((0..8 << 20).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    }));
    let answer = packets(1, [vec![1], definition("a"), EOF.to_vec(), row, EOF.to_vec()]);
    let mut harness = logged_in(COMPRESS).client(frame(0, &query("SELECT a FROM t")));
    for (n, piece) in answer.chunks(1 << 20).enumerate() {
        for part in deflated(n as u8, piece).chunks(60_000) {
            harness.push(SERVER, part);
        }
    }
    let told = told(harness);
    assert_eq!(told[0].code(), Some("0"));
}

#[test]
fn a_long_statement_in_frames() {
    let sql = format!("INSERT INTO t VALUES ('{}')", "v".repeat(200_000));
    let mut harness = logged_in(COMPRESS);
    for (n, piece) in query(&sql).chunks(40_000).enumerate() {
        harness.push(CLIENT, &frame(n as u8, piece));
    }
    let told = told(harness.server(frame(5, &packet(1, OK))).client(frame(0, &query("SELECT 1"))));
    assert_eq!(told[0].code(), Some("0"));
    assert_eq!(told[0].resource().map(|r| &r[..30]), Some(&sql[..30]));
    assert_eq!(told[1].resource(), Some("SELECT 1"));
}

#[test]
fn a_frame_is_lost() {
    let select = || frame(0, &query("SELECT a FROM t"));
    let harness = logged_in(COMPRESS)
        .client(select())
        .server(deflated(1, &rows(20, 90)[..900]))
        .gap(SERVER, 700)
        .client(select())
        .server(frame(1, &rows(1, 20)))
        .client(frame(0, &command(0x0e, "")))
        .server(frame(1, &packet(1, OK)));
    let told = told(harness);
    let codes: Vec<_> = told.iter().map(Exchange::code).collect();
    assert_eq!(codes, [None, Some("0"), Some("0")]);
}

#[test]
fn joined_in_the_middle() {
    let harness = Harness::<MySql>::tcp_joined()
        .server(&deflated(3, &rows(20, 90))[40..])
        .client(frame(0, &query("SELECT a FROM t")))
        .server(deflated(1, &rows(20, 90)))
        .client(frame(0, &command(0x0e, "")))
        .server(frame(1, &packet(1, OK)));
    let told = exchanges(&harness.close().joined());
    let codes: Vec<_> = told.iter().map(|e| (e.kind(), e.code())).collect();
    assert_eq!(codes, [("COM_QUERY", Some("0")), ("COM_PING", Some("0"))]);
}
