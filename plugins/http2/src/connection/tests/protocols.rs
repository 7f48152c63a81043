//! What gRPC and Triple say on top, and what is spoken when that is hidden.

use super::wire::{call, opening};
use super::*;

fn message(text: &[u8]) -> Vec<u8> {
    [b"\0".as_slice(), &(text.len() as u32).to_be_bytes(), text].concat()
}

fn answer(server: &mut Encoder, stream: u32, trailers: &[(&str, &str)]) -> Vec<u8> {
    let head = server.headers(stream, &[(":status", "200"), GRPC], false);
    [head, data(stream, &message(b"r"), false), server.headers(stream, trailers, true)].concat()
}

#[test]
fn unary() {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let mut script = opening();
    for stream in [1, 3, 5] {
        script.push((
            CLIENT,
            [call(&mut client, stream, "/g.Game/Play", false), data(stream, &message(b"q"), true)].concat(),
        ));
    }
    script.push((SERVER, answer(&mut server, 1, &[("grpc-status", "0")])));
    script
        .push((SERVER, answer(&mut server, 3, &[("grpc-status", "5"), ("grpc-message", "no%20such 50%25")])));
    // Without a message, and without a head of its own.
    script.push((SERVER, server.headers(5, &[(":status", "200"), GRPC, ("grpc-status", "14")], true)));
    assert_eq!(
        told(&script),
        [
            "1? gRPC POST a.test /g.Game/Play",
            "3? gRPC POST a.test /g.Game/Play",
            "5? gRPC POST a.test /g.Game/Play",
            "1! gRPC 0 ok",
            "3! gRPC 5 no such 50% client",
            "5! gRPC 14 UNAVAILABLE server",
        ]
    );
}

#[test]
fn streams_are_one_session() {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let mut script = opening();
    script.push((CLIENT, call(&mut client, 1, "/g.Game/Talk", false)));
    script.push((SERVER, server.headers(1, &[(":status", "200"), GRPC], false)));
    for n in 0..5 {
        script.push((CLIENT, data(1, &message(&[b'q'; 40]), n == 4)));
        script.push((SERVER, data(1, &message(&[b'r'; 70]), false)));
    }
    script.push((SERVER, server.headers(1, &[("grpc-status", "0")], true)));
    assert_eq!(told(&script), ["1? gRPC POST a.test /g.Game/Talk", "1! gRPC 0 ok"]);
}

#[test]
fn triple_and_an_http_error() {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let mut script = opening();
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/x.Greeter/hi"),
        (":authority", "a"),
        GRPC,
        ("tri-service-version", "1"),
    ];
    script.push((CLIENT, client.headers(1, &fields, true)));
    script.push((SERVER, server.headers(1, &[(":status", "503"), ("content-type", "text/plain")], true)));
    let harness =
        script.iter().fold(Harness::<Http2>::tcp(), |harness, (way, bytes)| harness.send(*way, bytes));
    let messages = harness.messages();
    assert_eq!(lines(messages), ["1? Triple POST a /x.Greeter/hi", "1! Triple Service Unavailable server"]);
    assert_eq!(messages[1].attribute("http_status_code"), Some("503"));
}

/// The second call of a connection whose first one was not seen: most of its fields are hidden.
fn second_call(hide_status: bool) -> Script {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let _ = call(&mut client, 1, "/g.Game/Before", false);
    let _ = answer(&mut server, 1, &[("grpc-status", if hide_status { "5" } else { "0" })]);
    vec![
        (CLIENT, [call(&mut client, 3, "/g.Game/Now", false), data(3, &message(b"q"), true)].concat()),
        (SERVER, answer(&mut server, 3, &[("grpc-status", "5")])),
    ]
}

fn joined(script: &Script) -> Vec<Message> {
    let harness =
        script.iter().fold(Harness::<Http2>::tcp_joined(), |harness, (way, bytes)| harness.send(*way, bytes));
    harness.close().joined()
}

#[test]
fn hidden_content_types() {
    // The framing of the first message tells that it is gRPC; what the status is nobody knows.
    let messages = joined(&second_call(true));
    assert_eq!(lines(&messages), ["3? POST /g.Game/Now", "3! gRPC"]);
    assert_eq!(messages[1].attribute("http_status_code"), Some("200"));
    let messages = joined(&second_call(false));
    assert_eq!(lines(&messages), ["3? POST /g.Game/Now", "3! gRPC 5 NOT_FOUND client"]);
}

/// A connection on which all known streams are calls of gRPC: the one that hides it is one too. Where others speak HTTP, it may be
/// either.
#[test]
fn hidden_content_types_beside_known_ones() {
    for (mixed, want) in [(false, " gRPC"), (true, "")] {
        let mut client = Encoder::default();
        let _ = client.block(&[GRPC]);
        let hidden =
            client.headers(9, &[(":method", "POST"), (":scheme", "http"), (":path", "/h"), GRPC], true);
        let mut harness = Harness::<Http2>::tcp_joined();
        let mut fresh = Encoder::default();
        let known = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", "/k"),
            ("content-type", "application/grpc+proto"),
        ];
        harness.push(CLIENT, &fresh.headers(1, &known, true));
        if mixed {
            harness.push(CLIENT, &get(&mut Encoder::default(), 3, "/page"));
        }
        harness = harness.gap(CLIENT, 10);
        harness.push(CLIENT, &hidden);
        let told = lines(harness.messages());
        assert_eq!(told.last().unwrap(), &format!("9?{want} POST /h"), "{told:?}");
    }
}

#[test]
fn hidden_content_types_of_plain_http() {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let form = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/a"),
        (":authority", "a"),
        ("content-type", "text/plain"),
    ];
    let _ = client.headers(1, &form, false);
    let _ = server.headers(1, &[("x", "y")], false);
    let script = vec![
        (CLIENT, [client.headers(3, &form, false), data(3, b"hello", true)].concat()),
        (SERVER, ok(&mut server, 3, b"world")),
    ];
    assert_eq!(lines(&joined(&script)), ["3? POST", "3! 200 ok"]);
}

#[test]
fn trace_ids_and_proxies() {
    let mut client = Encoder::default();
    let mut script = opening();
    let fields = [
        (":method", "GET"),
        (":scheme", "http"),
        (":path", "/"),
        ("host", "b.test"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("x-request-id", "r1"),
        ("x-forwarded-for", "10.1.1.1, 10.2.2.2"),
    ];
    script.push((CLIENT, client.headers(1, &fields, true)));
    let harness =
        script.iter().fold(Harness::<Http2>::tcp(), |harness, (way, bytes)| harness.send(*way, bytes));
    let request = &harness.messages()[0];
    for (field, text) in [
        (Field::RequestDomain, "b.test"),
        (Field::TraceId, "4bf92f3577b34da6a3ce929d0e0e4736"),
        (Field::SpanId, "00f067aa0ba902b7"),
        (Field::XRequestId, "r1"),
        (Field::HttpProxyClient, "10.1.1.1"),
        (Field::RequestId, "1"),
        (Field::Version, "2"),
    ] {
        assert_eq!(request.text(field), Some(text), "{field:?}");
    }
}
