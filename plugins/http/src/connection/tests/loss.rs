//! Captures that join in the middle or lose packets: what is whole is told, nothing is invented.

use super::*;

const BIG: &str = "HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n";

/// What is told of the second [`GET`].
const GET_AGAIN: &str = "GET a /1 28..56";

#[test]
fn joined_inside_a_body() {
    let harness =
        Harness::<Http>::tcp_joined().server(format!("text {OK}")).server("more text").client(GET).server(OK);
    assert_eq!(told(&harness), ["GET a /1 0..28", "200 - 57..100"]);
}

#[test]
fn text_in_a_body_is_not_taken_for_a_message() {
    for text in [
        "GET / HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nand more text",
        "GET / HTTP/1.1\r\nHost: a\r\nno field\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok and more text",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "get / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET some words HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        let harness = Harness::<Http>::tcp_joined().client(text).close();
        assert!(harness.messages().is_empty(), "{text:?}: {:?}", told(&harness));
    }
    for text in [
        "HTTP/1.1 200 OK\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more",
        "HTTP/1.1 200 OK\r\nno field\r\n\r\n",
        "HTTP/1.1 is a protocol\r\n\r\n",
        "HTTP/1.1 200 OK",
    ] {
        let harness = Harness::<Http>::tcp_joined().server(text).close();
        assert!(harness.messages().is_empty(), "{text:?}: {:?}", told(&harness));
    }
}

#[test]
fn joined_at_a_message() {
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok";
    let harness = Harness::<Http>::tcp_joined().client(format!("{post}{GET}")).server(OK).server(OK);
    assert_eq!(told(&harness).len(), 4);
    assert_eq!(harness.violations(), 0);
}

#[test]
fn a_gap_in_a_stepped_over_body_is_nothing() {
    let harness = Harness::<Http>::tcp()
        .client(GET)
        .server(format!("{BIG}{}", "x".repeat(2000)))
        .gap(SERVER, 6000)
        .server("y".repeat(2000))
        .client(HEAD)
        .server(BIG)
        .client(GET)
        .server(OK);
    let end = BIG.len() + 10_000;
    assert_eq!(told(&harness)[1], format!("200 - 0..{end}"));
    assert_eq!(told(&harness)[5], format!("200 - {}..{}", end + BIG.len(), end + BIG.len() + OK.len()));
    assert_eq!(harness.violations(), 0);
}

/// A request is lost, so a response comes that seems to belong to the next request.
#[test]
fn a_lost_request_does_not_hide_a_body() {
    let harness = Harness::<Http>::tcp()
        .client(GET)
        .server(OK)
        .gap(CLIENT, 28)
        .client(HEAD)
        .server(OK) // of the lost request
        .server(BIG) // of HEAD
        .server(OK)
        .close();
    assert_eq!(
        told(&harness),
        [
            "GET a /1 0..28",
            "200 - 0..43",
            "HEAD a /2 56..85",
            "200 - 43..86",
            &format!("200 - 86..{}", 86 + BIG.len()),
            &format!("200 - {}..{}", 86 + BIG.len(), 86 + BIG.len() + OK.len()),
        ]
    );
}

/// Only one request waits: for a client that does not pipeline that is the one that is answered.
#[test]
fn after_a_loss_head_is_still_likely() {
    let harness = Harness::<Http>::tcp()
        .client(GET)
        .gap(SERVER, 43)
        .client(HEAD)
        .server(BIG)
        .gap(SERVER, 43)
        .server(OK);
    let end = 43 + BIG.len();
    assert_eq!(
        told(&harness)[2..],
        [format!("200 - 43..{end}"), format!("200 - {}..{}", end + 43, end + 43 + OK.len())]
    );
}

#[test]
fn an_unknown_method_and_a_body_in_later_segments() {
    let harness = Harness::<Http>::tcp_joined()
        .server(BIG)
        .server("x".repeat(6000))
        .server("y".repeat(4000))
        .server(OK);
    let end = BIG.len() + 10_000;
    assert_eq!(told(&harness), [format!("200 - 0..{end}"), format!("200 - {end}..{}", end + OK.len())]);
    assert_eq!(harness.violations(), 0);
}

#[test]
fn an_unknown_method_and_chunks_in_later_segments() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let harness = Harness::<Http>::tcp_joined().server(head).server("5\r\nhello\r\n0\r\n\r\n").server(OK);
    let end = head.len() + 15;
    assert_eq!(told(&harness), [format!("200 - 0..{end}"), format!("200 - {end}..{}", end + OK.len())]);
    // The next response, and nothing at all.
    let harness =
        Harness::<Http>::tcp_joined().server(head).server("HTT").server(&OK[3..]).server(head).close();
    let (end, next) = (head.len(), head.len() + OK.len());
    assert_eq!(
        told(&harness),
        [format!("200 - 0..{end}"), format!("200 - {end}..{next}"), format!("200 - {next}..{}", next + end)]
    );
}

#[test]
fn an_unknown_method_and_no_length() {
    let head = "HTTP/1.1 200 OK\r\n\r\n";
    let harness = Harness::<Http>::tcp_joined().server(head).server("body").server("body").server(OK);
    assert_eq!(told(&harness), ["200 - 0..27", "200 - 27..70"], "the next head ends it");
}

#[test]
fn methods_are_known_again_when_both_sides_alternate() {
    let harness =
        Harness::<Http>::tcp_joined().client(GET).server(OK).client(GET).server("HTTP/1.0 200 OK\r\n\r\n");
    let harness = harness.server(OK).close();
    assert_eq!(told(&harness)[3], "200 - 43+", "certainly until close, so nothing behind it is looked at");
    assert_eq!(told(&harness).len(), 4);
}

#[test]
fn a_gap_among_chunks_lets_the_body_go_on() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
    let lossy =
        || Harness::<Http>::tcp().client(GET).server(head).gap(SERVER, 100).server("data of some chunk");
    let at = head.len() + 118;
    let ended = lossy().server("more\r\n0\r\n\r\n").server(OK);
    assert_eq!(
        told(&ended)[1..],
        [format!("200 - 0..{}", at + 11), format!("200 - {}..{}", at + 11, at + 11 + OK.len())]
    );
    let followed = lossy().client(GET).server(OK);
    let next = [format!("200 - 0..{at}"), GET_AGAIN.to_owned(), format!("200 - {at}..{}", at + OK.len())];
    assert_eq!(told(&followed)[1..], next, "it is the answer to the next question");
    let open = lossy().close();
    assert_eq!(told(&open)[1..], ["200 - 0+"]);
}

#[test]
fn heads_that_are_cut_off_still_tell() {
    let harness = Harness::<Http>::tcp()
        .client(&GET[..26])
        .gap(CLIENT, 50)
        .server(&BIG[..30])
        .gap(SERVER, 1000)
        .client("PUT /2 HTTP/1.1\r\nHost: b\r\nX-Req")
        .gap(CLIENT, 9)
        .server("HTTP/1.1 404 Not Found\r\nServ")
        .gap(SERVER, 10)
        .client("GET /cut-in-the-target")
        .gap(CLIENT, 10);
    assert_eq!(
        told(&harness),
        ["GET a /1 0..76", "200 - 0..1030", "PUT b /2 76..116", "404 Not Found 1030..1068"],
        "a target that is cut off is not a target"
    );
}

#[test]
fn cut_text_in_a_body_is_not_taken_for_a_message() {
    let harness = Harness::<Http>::tcp_joined().client("GET some text HTTP/1.1\r\nX").gap(CLIENT, 10);
    assert!(harness.messages().is_empty());
    let harness = Harness::<Http>::tcp_joined().client("GET /a HTTP/1.1\r\nno field\r\nX").gap(CLIENT, 10);
    assert!(harness.messages().is_empty());
}

#[test]
fn a_gap_behind_a_doubtful_head() {
    let harness = Harness::<Http>::tcp_joined().server(BIG).gap(SERVER, 10_000).server(OK);
    let end = BIG.len() + 10_000;
    assert_eq!(told(&harness), [format!("200 - 0..{end}"), format!("200 - {end}..{}", end + OK.len())]);
}

#[test]
fn a_stranger_in_between_is_left_out() {
    let harness = Harness::<Http>::tcp()
        .client(GET)
        .client("garbage\r\n")
        .client(GET)
        .server(OK)
        .server("?")
        .server(OK);
    assert_eq!(told(&harness), ["GET a /1 0..28", "GET a /1 37..65", "200 - 0..43", "200 - 44..87"]);
    assert_eq!(harness.violations(), 2);
}

/// A short snapshot cuts every segment of a long body: the host leaves a connection after a few violations, and there must be
/// none.
#[test]
fn a_long_body_in_cut_segments() {
    let mut harness = Harness::<Http>::tcp().client(GET).server(&BIG[..30]).gap(SERVER, 1_400);
    for _ in 0..100 {
        harness = harness.server("x".repeat(30)).gap(SERVER, 1_400);
    }
    let harness = harness.client(GET).server(OK);
    assert_eq!((told(&harness).len(), harness.violations()), (4, 0));
}

/// Of a call only its beginning is captured, and the rest of a body may look like messages.
#[test]
fn a_body_that_is_captured_in_part_may_look_like_messages() {
    let texts = OK.repeat(40);
    for (head, length) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", 100_000),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n", 100_002),
    ] {
        let rest = length - texts.len() as u64 * 2;
        let harness = Harness::<Http>::tcp()
            .client(GET)
            .server(format!("{head}{texts}"))
            .gap(SERVER, rest - 10_000)
            .server(&texts)
            .gap(SERVER, 10_000);
        let harness = if length > 100_000 { harness.server("0\r\n\r\n") } else { harness };
        let told = told(&harness.client(GET).server(OK).close());
        assert_eq!(told.len(), 4, "{told:?}");
    }
    // Several chunks, of which the heads are missing.
    let harness = Harness::<Http>::tcp()
        .client(GET)
        .server(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n{texts}"))
        .gap(SERVER, 10_000)
        .server(&texts)
        .gap(SERVER, 10_000)
        .server(&texts)
        .server("\r\n0\r\n\r\n")
        .client(GET)
        .server(OK);
    let told = told(&harness.close());
    assert_eq!(told.len(), 4, "{told:?}");
}
