//! Bytes that are missing: what is told is true, and frames are found again.

use super::wire::opening;
use super::*;

/// Three exchanges, one after the other.
fn script() -> Script {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let mut script = opening();
    for stream in [1, 3, 5, 7] {
        script.push((CLIENT, get(&mut client, stream, &format!("/{stream}"))));
        script.push((SERVER, ok(&mut server, stream, &[b'b'; 300])));
    }
    script
}

/// Every segment is lost once: the others are told, right where they are told.
#[test]
fn any_segment() {
    let script = script();
    let whole = play(&script);
    for lost in 0..script.len() {
        let mut harness = Harness::<Http2>::tcp();
        for (n, (way, bytes)) in script.iter().enumerate() {
            if n == lost {
                harness = harness.gap(*way, bytes.len() as u64);
            } else {
                harness.push(*way, bytes);
            }
        }
        let told = lines(&harness.close().joined());
        let known = |line: &String| {
            whole.contains(line)
                || whole.iter().any(|w| w.replace(" a.test", "") == *line)
                || line.ends_with("! 200")
        };
        assert!(told.iter().all(known), "{lost}: {told:?}");
        assert!(told.len() + 2 >= whole.len(), "{lost}: {told:?}");
    }
}

/// A short snap length cuts frames off: what is there of them is told, and the place of the next one is known.
#[test]
fn cut_packets() {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let mut script = opening();
    for stream in [1, 3, 5, 7] {
        let path = format!("/{stream}{}", "x".repeat(100));
        script.push((CLIENT, get(&mut client, stream, &path)));
        script.push((SERVER, server.headers(stream, &[(":status", "200")], false)));
        script.push((SERVER, data(stream, &[b'b'; 300], true)));
    }
    for snap in 39..130 {
        let mut harness = Harness::<Http2>::tcp();
        for (way, bytes) in &script {
            let here = bytes.len().min(snap);
            harness.push(*way, &bytes[..here]);
            if here < bytes.len() {
                harness = harness.gap(*way, (bytes.len() - here) as u64);
            }
        }
        assert_eq!(harness.violations(), 0, "{snap}");
        let told = lines(&harness.close().joined());
        assert_eq!(told.iter().filter(|line| line.ends_with("! 200 ok")).count(), 4, "{snap}: {told:?}");
        assert_eq!(told.iter().filter(|line| line.contains("? GET")).count(), 4, "{snap}: {told:?}");
    }
}

#[test]
fn inside_of_a_large_body() {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let mut script = opening();
    script.push((CLIENT, get(&mut client, 1, "/large")));
    script.push((SERVER, server.headers(1, &[(":status", "200")], false)));
    let body = data(1, &vec![0; 16_000], true);
    let mut harness =
        script.iter().fold(Harness::<Http2>::tcp(), |harness, (way, bytes)| harness.send(*way, bytes));
    harness.push(SERVER, &body[..1000]);
    harness = harness.gap(SERVER, 14_000);
    harness.push(SERVER, &body[15_000..]);
    harness.push(CLIENT, &get(&mut client, 3, "/next"));
    harness.push(SERVER, &ok(&mut server, 3, b"n"));
    assert_eq!(
        lines(&harness.joined()),
        ["1? GET a.test /large", "1! 200 ok", "3? GET a.test /next", "3! 200 ok"]
    );
}

/// Whatever segment a capture begins with: what it tells is a part of what the whole one told.
#[test]
fn joined_anywhere() {
    let script = script();
    let whole = play(&script);
    for from in 0..script.len() {
        let harness = script[from..]
            .iter()
            .fold(Harness::<Http2>::tcp_joined(), |harness, (way, bytes)| harness.send(*way, bytes));
        assert_eq!(harness.violations(), 0);
        let told = lines(&harness.close().joined());
        for line in &told {
            let known = whole.iter().any(|w| w == line || w.replace(" a.test", "") == *line);
            assert!(known, "from {from}: {line}");
        }
        assert!(told.len() + from >= whole.len(), "from {from}: {told:?}");
    }
}

/// A response whose end was lost is given up once its stream was silent for long, not before.
#[test]
fn a_lost_end() {
    const SECOND: u64 = 1_000_000_000;
    let mut server = Encoder::default();
    let mut harness = Harness::<Http2>::tcp();
    harness.push(SERVER, &[settings(), server.headers(1, &[(":status", "200")], false)].concat());
    harness = harness.gap(SERVER, 500);
    let ended =
        |harness: &Harness<Http2>| harness.messages().iter().filter(|m| line(m) == "1! (end)").count();
    for seconds in [0, 1, 58] {
        harness = harness.wait(seconds * SECOND);
        harness.push(SERVER, &server.headers(201 + 2 * seconds as u32, &[(":status", "200")], true));
        assert_eq!(ended(&harness), 0, "after {seconds} more seconds");
    }
    harness = harness.wait(2 * SECOND);
    harness.push(SERVER, &server.headers(401, &[(":status", "200")], true));
    assert_eq!(ended(&harness), 1);
}

/// Bodies are lost, and frames of the connection: no header block was among them, so the header table still holds.
#[test]
fn what_is_certain_stays_known() {
    let (mut client, mut server) = (Encoder::default(), Encoder::default());
    let mut harness =
        opening().iter().fold(Harness::<Http2>::tcp(), |harness, (way, bytes)| harness.send(*way, bytes));
    let fields = [("grpc-status", "5"), ("grpc-message", "no")];
    for stream in [1, 3, 5] {
        // Pings.
        harness = harness.gap(CLIENT, 34);
        harness.push(CLIENT, &super::wire::call(&mut client, stream, "/g.Game/Play", true));
        harness.push(SERVER, &server.headers(stream, &[(":status", "200"), GRPC], false));
        // Parts of a body.
        harness = harness.gap(SERVER, 200);
        harness.push(SERVER, &frame(frame::WINDOW_UPDATE, 0, 0, b"\0\0\0\x09"));
        harness.push(SERVER, &server.headers(stream, &fields, true));
    }
    let call = |n: u32| format!("{n}? gRPC POST a.test /g.Game/Play");
    let answer = |n: u32| format!("{n}! gRPC 5 no client");
    assert_eq!(lines(&harness.joined()), [call(1), answer(1), call(3), answer(3), call(5), answer(5)]);
}

/// The same, but a whole request was lost: what it put into the table is unknown, and what was there has moved.
#[test]
fn what_is_not_certain_is_unknown() {
    let mut client = Encoder::default();
    let mut harness =
        opening().iter().fold(Harness::<Http2>::tcp(), |harness, (way, bytes)| harness.send(*way, bytes));
    harness.push(CLIENT, &get(&mut client, 1, "/a"));
    let lost = get(&mut client, 3, "/b");
    harness = harness.gap(CLIENT, lost.len() as u64);
    harness.push(CLIENT, &get(&mut client, 5, "/a"));
    assert_eq!(lines(harness.messages()), ["1? GET a.test /a", "5? GET"]);
}

#[test]
fn damaged() {
    let script = script();
    let script: Vec<(Direction, &[u8])> =
        script.iter().map(|(way, bytes)| (*way, bytes.as_slice())).collect();
    weir_plugin_sdk::testing::mutations::<Http2>(&script, 3000);
}

/// Of a call only its beginning is captured, and the rest of a body may look like frames.
#[test]
fn a_body_that_is_captured_in_part_may_look_like_frames() {
    let (mut client, mut server, mut other) = (Encoder::default(), Encoder::default(), Encoder::default());
    let mut script = opening();
    script.push((CLIENT, get(&mut client, 1, "/large")));
    script.push((SERVER, server.headers(1, &[(":status", "200")], false)));
    let decoy = [other.headers(3, &[(":status", "404")], true), settings()].concat();
    let body = decoy.repeat(16_000 / decoy.len());
    let frames = [data(1, &body, false), data(1, &body, false), data(1, &[], true)].concat();
    let (middle, end) = (9 + 100 * decoy.len(), frames.len() - 9);
    let mut harness =
        script.iter().fold(Harness::<Http2>::tcp(), |harness, (way, bytes)| harness.send(*way, bytes));
    harness.push(SERVER, &frames[..1024]);
    harness = harness.gap(SERVER, (middle - 1024) as u64);
    harness.push(SERVER, &frames[middle..middle + 1024]);
    // The rest of the frame, the next one and its head.
    harness = harness.gap(SERVER, (end - middle - 1024) as u64);
    harness.push(SERVER, &frames[end..]);
    harness.push(CLIENT, &get(&mut client, 3, "/next"));
    harness.push(SERVER, &ok(&mut server, 3, b"n"));
    let told = lines(&harness.close().joined());
    let wanted = ["1? GET a.test /large", "1! 200 ok (open)", "3? GET a.test /next", "3! 200 ok"];
    assert_eq!(told, wanted);
}
