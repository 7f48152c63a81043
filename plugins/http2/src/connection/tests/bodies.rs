//! Heads and bodies for hooks.

use super::wire::{call, opening};
use super::*;
use weir_plugin_sdk::testing::{Harness, Message, every_split_of, mutations_of};

fn wanted() -> Harness<Http2> {
    Harness::<Http2>::tcp().with_heads().with_bodies(100)
}

fn every(script: &Script) -> Vec<Message> {
    let script: Vec<(Direction, &[u8])> =
        script.iter().map(|(way, bytes)| (*way, bytes.as_slice())).collect();
    every_split_of(wanted, &script)
}

fn message(packed: bool, text: &[u8]) -> Vec<u8> {
    [&[u8::from(packed)], &(text.len() as u32).to_be_bytes()[..], text].concat()
}

fn payloads(message: &Message) -> Vec<String> {
    message.payloads().iter().map(|bytes| String::from_utf8(bytes.clone()).unwrap()).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("\r\n", "|")
}

#[test]
fn heads_and_trailers() {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let mut script = opening();
    let cookie =
        [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a"), ("cookie", "k=v")];
    script.push((CLIENT, client.headers(1, &cookie, true)));
    script.push((SERVER, server.headers(1, &[(":status", "200")], false)));
    script.push((SERVER, server.headers(1, &[("sum", "1")], true)));
    let told = every(&script);
    assert_eq!(text(&told[0].head()), ":method: GET|:scheme: http|:path: /|:authority: a|cookie: k=v|");
    assert_eq!(text(&told[1].head()), ":status: 200|sum: 1|");
    assert_eq!(told[1].pieces.len(), 1, "{:?}", told[1].pieces);
}

#[test]
fn http_bodies_side_by_side() {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let mut script = opening();
    for stream in [1, 3] {
        let head = [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "a")];
        script.push((CLIENT, client.headers(stream, &head, false)));
    }
    script.push((
        CLIENT,
        [data(1, b"first ", false), data(3, &[b'x'; 250], false), data(1, b"body", true)].concat(),
    ));
    script.push((CLIENT, [data(3, b"not wanted", false), data(3, b"", true)].concat()));
    let packed = server.headers(1, &[(":status", "200"), ("content-encoding", "gzip")], false);
    let padded = frame(frame::DATA, 0x9, 1, b"\x04answer\0\0\0\0");
    script.push((SERVER, [packed, padded].concat()));
    let told = every(&script);
    assert_eq!(payloads(&told[0]), ["first body"]);
    assert_eq!(payloads(&told[1]), ["x".repeat(100)]);
    assert_eq!(payloads(&told[2]), ["answer"]);
    let encodings: Vec<String> = told[2].pieces.iter().map(|piece| format!("{:?}", piece.encoding)).collect();
    assert!(encodings.contains(&"Gzip".to_owned()), "{encodings:?}");
}

/// Messages over the borders of frames, several in one, an empty one, a long one.
#[test]
fn grpc_messages() {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let mut script = opening();
    script.push((CLIENT, call(&mut client, 1, "/g.Game/Talk", false)));
    let all =
        [message(false, b"one"), message(false, b""), message(false, &[b'l'; 300]), message(false, b"four")]
            .concat();
    for (n, part) in all.chunks(11).enumerate() {
        script.push((CLIENT, data(1, part, (n + 1) * 11 >= all.len())));
    }
    script.push((SERVER, server.headers(1, &[(":status", "200"), GRPC, ("grpc-encoding", "gzip")], false)));
    script.push((SERVER, data(1, &[message(true, b"zip"), message(false, b"plain")].concat(), false)));
    script.push((SERVER, server.headers(1, &[("grpc-status", "0")], true)));
    let told = every(&script);
    assert_eq!(payloads(&told[0]), ["one", "", &"l".repeat(100), "four"]);
    assert_eq!(payloads(&told[1]), ["zip", "plain"]);
    let encodings: Vec<String> = told[1]
        .pieces
        .iter()
        .filter(|piece| !piece.bytes.is_empty() && piece.last)
        .map(|piece| format!("{:?}", piece.encoding))
        .collect();
    assert_eq!(encodings, ["Gzip", "Identity"]);
}

/// Nobody wants bodies: none enters.
#[test]
fn no_hook_no_cost() {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let mut harness = Harness::<Http2>::tcp();
    for (way, bytes) in opening() {
        harness.push(way, &bytes);
    }
    harness.push(CLIENT, &get(&mut client, 1, "/"));
    harness.push(SERVER, &ok(&mut server, 1, b"body"));
    assert!(harness.messages().iter().all(|message| message.pieces.is_empty()));
}

/// A loss inside of a body: what came before is told, nothing behind it is taken for the same payload.
#[test]
fn a_loss_in_a_body() {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let mut harness = wanted();
    for (way, bytes) in opening() {
        harness.push(way, &bytes);
    }
    harness.push(CLIENT, &get(&mut client, 1, "/"));
    harness.push(SERVER, &server.headers(1, &[(":status", "200")], false));
    let body = data(1, b"0123456789", false);
    harness.push(SERVER, &body[..12]);
    harness = harness.gap(SERVER, 3);
    harness.push(SERVER, &body[15..]);
    harness.push(SERVER, &data(1, b"more", true));
    let told = harness.close().joined();
    assert_eq!(lines(&told), ["1? GET a.test /", "1! 200 ok"]);
    assert_eq!(payloads(&told[1]), ["012"]);
}

#[test]
fn damaged() {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let mut script = opening();
    for stream in [1, 3, 5] {
        script.push((
            CLIENT,
            [
                call(&mut client, stream, "/g.Game/Play", false),
                data(stream, &message(false, b"question"), true),
            ]
            .concat(),
        ));
        let head = server.headers(stream, &[(":status", "200"), GRPC], false);
        script.push((SERVER, [head, data(stream, &message(true, b"answer"), false)].concat()));
        script.push((SERVER, server.headers(stream, &[("grpc-status", "0")], true)));
    }
    let script: Vec<(Direction, &[u8])> =
        script.iter().map(|(way, bytes)| (*way, bytes.as_slice())).collect();
    mutations_of(|harness: Harness<Http2>| harness.with_heads().with_bodies(64), &script, 2000);
}
