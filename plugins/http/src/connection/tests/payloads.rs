//! Heads and bodies for hooks: what they hold, and that nothing else changes by them.

use weir_plugin_sdk::message::Encoding;
use weir_plugin_sdk::testing::{Piece, PieceKind, Random, every_prefix_of, every_split_of, mutations_of};

use super::fixtures::{conversations, segments};
use super::*;

const LIMITS: [u32; 5] = [1, 7, 100, 4000, 1 << 20];

type Script<'a> = [(Direction, &'a [u8])];

fn with_payloads(limit: u32) -> Harness<Http> {
    Harness::tcp().with_heads().with_bodies(limit)
}

fn told_with(script: &[(Direction, &str)], limit: u32) -> Vec<Message> {
    let script: Vec<(Direction, &[u8])> = script.iter().map(|(way, text)| (*way, text.as_bytes())).collect();
    every_prefix_of(|| with_payloads(limit), &script);
    mutations_of(|harness: Harness<Http>| harness.with_heads().with_bodies(limit), &script, 50);
    every_split_of(|| with_payloads(limit), &script)
}

fn without_pieces(messages: Vec<Message>) -> Vec<Message> {
    messages.into_iter().map(|message| Message { pieces: Vec::new(), ..message }).collect()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// The body of a message by another reader than the parser: from its range in the whole stream.
fn body_of(message: &Message, stream: &[u8]) -> Vec<u8> {
    let end = (message.end as usize).min(stream.len());
    let whole = if message.part == Part::Whole {
        &stream[message.start as usize..end]
    } else {
        &stream[message.start as usize..]
    };
    let head = whole.windows(4).position(|four| four == b"\r\n\r\n").map_or(whole.len(), |at| at + 4);
    let (head, mut body) = whole.split_at(head);
    if !String::from_utf8_lossy(head).to_lowercase().contains("transfer-encoding: chunked") {
        return body.to_vec();
    }
    let mut data = Vec::new();
    while let Some(line) = body.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&body[..line]).unwrap().split(';').next().unwrap();
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        if size == 0 {
            break;
        }
        data.extend_from_slice(&body[line + 2..(line + 2 + size).min(body.len())]);
        body = body.get(line + size + 4..).unwrap_or_default();
    }
    data
}

#[test]
fn real_conversations_say_the_same_with_and_without() {
    let mut bodies = 0;
    for (name, stream, _) in conversations() {
        let script = segments(&stream);
        let plain = every_split::<Http>(&script);
        for limit in LIMITS {
            let told = every_split_of(|| with_payloads(limit), &script);
            assert_eq!(without_pieces(told.clone()), plain, "{name}, {limit}");
            for message in &told {
                let sent = script.iter().filter(|(way, _)| *way == message.direction);
                let sent: Vec<u8> = sent.flat_map(|(_, bytes)| bytes.iter().copied()).collect();
                let mut body = body_of(message, &sent);
                body.truncate(limit as usize);
                assert_eq!(message.body(), body, "{name}, {limit}: {message:?}");
                bodies += usize::from(!body.is_empty());
                let head = text(message.head());
                assert!(head.ends_with("\r\n") && !head.contains("\r\n\r\n"), "{name}: {head}");
            }
        }
        let heads = every_split_of(|| Harness::<Http>::tcp().with_heads(), &script);
        assert!(
            heads.iter().all(|message| !message.head().is_empty() && message.body().is_empty()),
            "{name}"
        );
        assert_eq!(without_pieces(heads), plain, "{name}: heads alone");
    }
    assert!(bodies > 100, "{bodies} bodies");
}

/// The same damage with and without hooks: what is told differs in nothing but the pieces.
#[test]
fn damage_changes_the_same() {
    for (name, stream, _) in conversations() {
        let script = segments(&stream);
        for seed in 1..=150 {
            let run = |harness: Harness<Http>| {
                let mut random = Random(seed);
                damaged(&script, harness, &mut random).joined()
            };
            let open = || if seed % 3 == 0 { Harness::tcp_joined() } else { Harness::tcp() };
            let plain = run(open());
            for limit in [7, 1 << 20] {
                let told = without_pieces(run(open().with_heads().with_bodies(limit)));
                for (told, plain) in told.iter().zip(&plain) {
                    assert_eq!(told, plain, "{name}, seed {seed}, {limit}");
                }
                assert_eq!(told.len(), plain.len(), "{name}, seed {seed}, {limit}");
            }
        }
    }
}

fn damaged(script: &Script<'_>, mut harness: Harness<Http>, random: &mut Random) -> Harness<Http> {
    for (way, bytes) in script {
        let mut rest = *bytes;
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(1 + random.below(rest.len()));
            rest = behind;
            match random.below(20) {
                0 => harness = harness.gap(*way, piece.len() as u64),
                1 => {
                    let mut piece = piece.to_vec();
                    random.damage(&mut piece);
                    harness.push(*way, &piece);
                }
                _ => harness.push(*way, piece),
            }
        }
    }
    harness.close()
}

#[test]
fn heads_are_what_was_sent() {
    let told = told_with(&[(CLIENT, GET), (SERVER, OK)], 100);
    assert_eq!(text(told[0].head()), "Host: a\r\n");
    assert_eq!(text(told[1].head()), "Content-Length: 5\r\n");
    assert_eq!((told[0].payloads(), told[1].payloads()), (vec![], vec![b"hello".to_vec()]));
    let told = told_with(&[(CLIENT, "GET / HTTP/1.0\r\n\r\n")], 100);
    assert!(told[0].pieces.is_empty(), "no field, no head");
}

#[test]
fn a_body_up_to_the_limit_and_no_further() {
    let post = "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789";
    for (limit, body) in [(1, "0"), (9, "012345678"), (10, "0123456789"), (11, "0123456789")] {
        let told = told_with(&[(CLIENT, &format!("{post}{GET}"))], limit);
        assert_eq!(text(told[0].body()), body);
        assert_eq!((told[0].end, told[1].start), (post.len() as u64, post.len() as u64));
        assert!(told[1].body().is_empty(), "each message has a limit of its own");
        assert_eq!(told_with(&[(CLIENT, &post.repeat(2))], limit).len(), 2);
    }
}

#[test]
fn what_is_behind_the_limit_does_not_enter() {
    let head = "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";
    let harness = Harness::<Http>::tcp().with_bodies(4).client(head).client("ab").client("cdefgh");
    let parts: Vec<_> = harness.messages().iter().map(|message| message.part).collect();
    assert_eq!(parts, [Part::Begin, Part::More, Part::End], "the end is told when the limit is reached");
    assert_eq!(harness.messages()[2].end, head.len() as u64 + 1_000_000);
    assert_eq!(text(harness.joined()[0].body()), "abcd");
}

#[test]
fn a_whole_message_in_one_segment_is_told_whole() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    let harness = with_payloads(100).client(GET).server(chunked).client(GET).server(OK);
    assert!(harness.messages().iter().all(|message| message.part == Part::Whole));
    assert_eq!(harness.messages()[1].payloads().concat(), b"abcde", "two pieces of one payload");
    assert_eq!(harness.messages()[1].pieces.len(), 3, "a head and two pieces");
}

#[test]
fn chunks_without_their_framing_and_trailers() {
    let body = "5;x=y\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nDigest: x\r\nX-End: y\r\n\r\n";
    let answer =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    for (limit, expected) in
        [(3, "hel"), (5, "hello"), (6, "hello "), (11, "hello world"), (99, "hello world")]
    {
        let told = told_with(&[(CLIENT, GET), (SERVER, &answer), (CLIENT, GET), (SERVER, OK)], limit);
        let kinds: Vec<_> = told[1].pieces.iter().map(|piece| piece.kind).collect();
        assert_eq!(kinds, [PieceKind::Head, PieceKind::Body, PieceKind::Head]);
        let Piece { encoding, last, bytes, .. } = &told[1].pieces[1];
        assert_eq!((*encoding, *last, bytes.as_slice()), (Encoding::Gzip, true, expected.as_bytes()));
        assert_eq!(told[1].pieces[2].bytes, b"Digest: x\r\nX-End: y\r\n");
        assert_eq!(told[3].start, answer.len() as u64);
    }
}

#[test]
fn what_the_host_can_not_unpack_is_stepped_over() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip, br\r\nContent-Length: 5\r\n\r\nhello";
    let told = told_with(&[(CLIENT, GET), (SERVER, answer), (CLIENT, GET), (SERVER, OK)], 100);
    assert!(told[1].body().is_empty());
    assert_eq!(text(told[3].body()), "hello");
}

#[test]
fn a_body_until_close() {
    let answer = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{OK}");
    for limit in [5, 1000] {
        let told = told_with(&[(CLIENT, GET), (SERVER, &answer), (SERVER, OK)], limit);
        let all = format!("{OK}{OK}");
        assert_eq!(text(told[1].body()), all[..all.len().min(limit as usize)]);
        assert_eq!(told[1].part, Part::Begin, "the host ends it");
    }
    let harness = with_payloads(1000).client(GET).server(&answer).gap(SERVER, 9).server(OK).close();
    assert_eq!(text(harness.joined()[1].body()), OK, "cut where bytes are missing");
}

#[test]
fn no_body_where_there_is_none() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    let told = told_with(&[(CLIENT, HEAD), (SERVER, head), (CLIENT, GET), (SERVER, OK)], 100);
    assert!(told[1].body().is_empty());
    assert_eq!(text(told[3].body()), "hello");
}

#[test]
fn a_loss_inside_of_a_body_cuts_it_and_nothing_else() {
    let long = |framing: &str, body: &str| format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n{body}");
    let chunked = format!("14\r\n{}\r\n0\r\n\r\n", "abcdefghijklmnopqrst");
    for answer in
        [long("Content-Length: 20", "abcdefghijklmnopqrst"), long("Transfer-Encoding: chunked", &chunked)]
    {
        let from = answer.find("efgh").unwrap();
        for bytes in 1..=16 {
            let run = |harness: Harness<Http>| {
                let harness = harness.client(GET).server(&answer[..from]).gap(SERVER, bytes as u64);
                harness.server(&answer[from + bytes..]).client(GET).server(OK).close().joined()
            };
            let told = run(with_payloads(100));
            assert_eq!(text(told[1].body()), "abcd", "{bytes} bytes are missing");
            assert_eq!(text(told[3].body()), "hello");
            assert_eq!(
                without_pieces(told),
                without_pieces(run(Harness::tcp())),
                "{bytes} bytes are missing"
            );
        }
    }
}

#[test]
fn a_connection_that_ends_inside_of_a_body() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nabc";
    let told = with_payloads(100).client(GET).server(answer).close().joined();
    assert_eq!(lines(&told)[1], "200 - 0..540", "as it would have been without a hook");
    assert_eq!(text(told[1].body()), "abc");
}

#[test]
fn a_head_that_is_cut_off_gives_its_whole_lines() {
    let harness = with_payloads(9).client("GET /1 HTTP/1.1\r\nHost: a\r\nX-Long: aa").gap(CLIENT, 100);
    assert_eq!(text(harness.messages()[0].head()), "Host: a\r\n");
}
