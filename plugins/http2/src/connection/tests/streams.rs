//! Streams side by side, and every way in which one ends.

use super::wire::opening;
use super::*;

#[test]
fn side_by_side() {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let mut script = opening();
    script.push((
        CLIENT,
        [get(&mut client, 1, "/a"), get(&mut client, 3, "/b"), get(&mut client, 5, "/c")].concat(),
    ));
    script.push((SERVER, server.headers(3, &[(":status", "200")], false)));
    script
        .push((SERVER, [server.headers(1, &[(":status", "404")], false), data(3, b"....", false)].concat()));
    script.push((SERVER, [ok(&mut server, 5, b"c"), data(1, b"none", true), data(3, b"..", true)].concat()));
    assert_eq!(
        told(&script),
        [
            "1? GET a.test /a",
            "3? GET a.test /b",
            "5? GET a.test /c",
            "3! 200 ok",
            "1! 404 Not Found client",
            "5! 200 ok",
        ]
    );
}

/// The bytes of a message are those of its own frames.
#[test]
fn lengths() {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let mut script = opening();
    let request = get(&mut client, 1, "/a");
    script.push((CLIENT, [request.clone(), get(&mut client, 3, "/b")].concat()));
    let head = server.headers(1, &[(":status", "200")], false);
    script.push((
        SERVER,
        [head.clone(), ok(&mut server, 3, &[b'x'; 100]), data(1, b"0123456789", true)].concat(),
    ));
    let harness =
        script.iter().fold(Harness::<Http2>::tcp(), |harness, (way, bytes)| harness.send(*way, bytes));
    let messages = harness.messages();
    let request_told = messages.iter().find(|m| line(m).starts_with("1?")).unwrap();
    assert_eq!(request_told.end - request_told.start, request.len() as u64);
    let end = messages.iter().find(|m| line(m).starts_with("1!") && m.part == Part::End).unwrap();
    assert_eq!(end.end - end.start, (head.len() + 9 + 10) as u64);
    assert_eq!(
        end.end,
        script.iter().filter(|(way, _)| *way == SERVER).map(|(_, b)| b.len() as u64).sum::<u64>()
    );
}

/// Also those of the last frame of a request that is answered before it ends.
#[test]
fn length_of_a_request_without_end() {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let mut script = opening();
    let head = client.headers(
        1,
        &[(":method", "POST"), (":scheme", "http"), (":path", "/u"), (":authority", "a")],
        false,
    );
    let body = data(1, &[b'x'; 1000], false);
    script.push((CLIENT, [head.clone(), body.clone(), body.clone()].concat()));
    script.push((SERVER, ok(&mut server, 1, b"c")));
    let harness =
        script.iter().fold(Harness::<Http2>::tcp(), |harness, (way, bytes)| harness.send(*way, bytes));
    let is_end = |m: &&Message| m.direction == CLIENT && m.part == Part::End;
    let end = harness.messages().iter().find(is_end).unwrap();
    let sent = script.iter().filter(|(way, _)| *way == CLIENT).map(|(_, b)| b.len() as u64).sum::<u64>();
    assert_eq!((end.end - end.start, end.end), ((head.len() + 2 * body.len()) as u64, sent));
}

#[test]
fn padding_priority_and_continuation() {
    let mut client = Encoder::default();
    let block =
        client.block(&[(":method", "GET"), (":scheme", "http"), (":path", "/padded"), (":authority", "a")]);
    let padded = [b"\x07".as_slice(), b"\x80\0\0\x01\xff", &block, &[0; 7]].concat();
    let block =
        client.block(&[(":method", "GET"), (":scheme", "http"), (":path", "/long"), (":authority", "a")]);
    let (first, rest) = block.split_at(3);
    let (second, third) = rest.split_at(2);
    let mut script = opening();
    script.push((CLIENT, frame(frame::HEADERS, 0x2d, 1, &padded)));
    script.push((CLIENT, frame(frame::HEADERS, 0x01, 3, first)));
    script.push((CLIENT, frame(frame::CONTINUATION, 0, 3, second)));
    script.push((CLIENT, frame(frame::CONTINUATION, 4, 3, third)));
    script.push((CLIENT, frame(frame::PRIORITY, 0, 5, b"\0\0\0\x01\x10")));
    script.push((CLIENT, get(&mut client, 5, "/next")));
    assert_eq!(told(&script), ["1? GET a /padded", "3? GET a /long", "5? GET a.test /next"]);
}

#[test]
fn interim_responses_and_trailers() {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let mut script = opening();
    let head = [(":method", "POST"), (":scheme", "http"), (":path", "/u"), (":authority", "a")];
    script.push((CLIENT, client.headers(1, &head, false)));
    script.push((SERVER, server.headers(1, &[(":status", "100")], false)));
    script.push((SERVER, server.headers(1, &[(":status", "103"), ("link", "</s.css>")], false)));
    script.push((CLIENT, [data(1, b"body", false), client.headers(1, &[("sum", "1")], true)].concat()));
    script.push((SERVER, server.headers(1, &[(":status", "201")], false)));
    script.push((SERVER, [data(1, b"ok", false), server.headers(1, &[("sum", "2")], true)].concat()));
    assert_eq!(told(&script), ["1? POST a /u", "1! 201 ok"]);
}

#[test]
fn a_response_that_does_not_wait_for_the_request() {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let mut script = opening();
    let head = [(":method", "POST"), (":scheme", "http"), (":path", "/u"), (":authority", "a")];
    script.push((CLIENT, client.headers(1, &head, false)));
    script.push((CLIENT, data(1, &[b'x'; 500], false)));
    script.push((SERVER, ok(&mut server, 1, b"enough")));
    script.push((SERVER, frame(frame::RST_STREAM, 0, 1, &[0; 4])));
    script.push((CLIENT, [data(1, b"late", true), get(&mut client, 3, "/n")].concat()));
    assert_eq!(play(&script), ["1? POST a /u", "1! 200 ok", "3? GET a.test /n"]);
}

#[test]
fn resets() {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let mut script = opening();
    let requests = [1, 3, 5].map(|stream| get(&mut client, stream, "/r"));
    script.push((CLIENT, requests.concat()));
    // Cancelled before an answer, refused by the server, and broken inside of a response.
    script.push((CLIENT, frame(frame::RST_STREAM, 0, 1, &[0, 0, 0, 8])));
    script.push((SERVER, frame(frame::RST_STREAM, 0, 3, &[0, 0, 0, 7])));
    script.push((SERVER, server.headers(5, &[(":status", "200")], false)));
    script.push((SERVER, frame(frame::RST_STREAM, 0, 5, &[0, 0, 0, 2])));
    // What was on its way is nobody's answer.
    script.push((SERVER, ok(&mut server, 1, b"late")));
    let harness =
        script.iter().fold(Harness::<Http2>::tcp(), |harness, (way, bytes)| harness.send(*way, bytes));
    assert_eq!(
        lines(harness.messages()),
        [
            "1? GET a.test /r",
            "3? GET a.test /r",
            "5? GET a.test /r",
            "1# CANCEL (end)",
            "3# REFUSED_STREAM server (end)",
            "5! 200 ok (open)",
            "5! INTERNAL_ERROR server (end)",
        ]
    );
}

#[test]
fn goaway() {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let mut script = opening();
    script.push((CLIENT, [get(&mut client, 1, "/a"), get(&mut client, 3, "/b")].concat()));
    let bye =
        |last: u32, code: u32| frame(frame::GOAWAY, 0, 0, &[last.to_be_bytes(), code.to_be_bytes()].concat());
    script.push((SERVER, [bye(0x7fff_ffff, 0), bye(1, 11), ok(&mut server, 1, b"a")].concat()));
    let harness =
        script.iter().fold(Harness::<Http2>::tcp(), |harness, (way, bytes)| harness.send(*way, bytes));
    assert_eq!(
        lines(&harness.messages()[2..]),
        ["3# ENHANCE_YOUR_CALM server (end)", "1! 200 ok (open)", "1! ok (end)"]
            .map(|l| l.replace("1! ok (end)", "1! (end)"))
    );
}

#[test]
fn pushes() {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let mut script = opening();
    script.push((CLIENT, get(&mut client, 1, "/page")));
    let promised =
        [(":method", "GET"), (":scheme", "http"), (":path", "/style.css"), (":authority", "a.test")];
    let promise = [b"\0\0\0\x02".as_slice(), &server.block(&promised)].concat();
    script.push((SERVER, frame(frame::PUSH_PROMISE, 4, 1, &promise)));
    script.push((SERVER, [ok(&mut server, 2, b"css"), ok(&mut server, 1, b"page")].concat()));
    assert_eq!(told(&script), ["1? GET a.test /page", "2# GET a.test /style.css 200 ok", "1! 200 ok"]);
}

/// Streams that nobody answers: the oldest ones go, and nothing grows.
#[test]
fn a_flood_of_streams() {
    let mut client = Encoder::default();
    let mut harness = Harness::<Http2>::tcp();
    for (way, bytes) in opening() {
        harness.push(way, &bytes);
    }
    for n in 0..5000 {
        harness.push(CLIENT, &get(&mut client, 2 * n + 1, "/"));
    }
    assert_eq!(harness.violations(), 0);
    assert_eq!(harness.messages().len(), 5000);
}

#[test]
fn a_header_block_without_end() {
    let mut harness = Harness::<Http2>::tcp();
    for (way, bytes) in opening() {
        harness.push(way, &bytes);
    }
    harness.push(CLIENT, &frame(frame::HEADERS, 1, 1, &[0x82; 10_000]));
    for _ in 0..100 {
        harness.push(CLIENT, &frame(frame::CONTINUATION, 0, 1, &[0x82; 10_000]));
    }
    harness.push(CLIENT, &frame(frame::HEADERS, 4, 3, &[0x82; 100_000]));
    harness.push(CLIENT, &get(&mut Encoder::default(), 5, "/still"));
    assert_eq!(lines(harness.messages()), ["5? GET a.test /still"]);
}

#[test]
fn what_is_no_frame() {
    let mut harness = Harness::<Http2>::tcp();
    for (way, bytes) in opening() {
        harness.push(way, &bytes);
    }
    harness.push(CLIENT, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(harness.violations(), 1);
    harness.push(CLIENT, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    harness.push(CLIENT, &get(&mut Encoder::default(), 1, "/again"));
    assert_eq!(harness.violations(), 1, "out of step nothing is a violation");
    assert_eq!(lines(harness.messages()), ["1? GET a.test /again"]);
}

/// Frames of types that nobody knows, and a server that is not seen.
#[test]
fn extensions_and_one_side() {
    let mut client = Encoder::default();
    let mut script = opening();
    script.push((
        CLIENT,
        [frame(0x10, 0, 0, b"u=1"), get(&mut client, 1, "/a"), frame(0xb, 0xff, 9, b"grease")].concat(),
    ));
    script.push((CLIENT, get(&mut client, 3, "/b")));
    assert_eq!(told(&script), ["1? GET a.test /a", "3? GET a.test /b"]);
    let mut server = Encoder::default();
    let alone: Script =
        vec![(SERVER, [settings(), ok(&mut server, 1, b"a"), ok(&mut server, 3, b"b")].concat())];
    assert_eq!(told(&alone), ["1! 200 ok", "3! 200 ok"]);
}

/// The README says what a connection takes.
#[test]
fn sizes() {
    let (connection, stream) = (std::mem::size_of::<Http2>(), std::mem::size_of::<crate::streams::Stream>());
    assert!(connection <= 600 && stream <= 160, "{connection} and {stream} bytes");
}
