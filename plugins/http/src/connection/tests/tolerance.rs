//! Heads that servers accept although they are not perfect, and bytes that are no heads.

use super::*;

#[test]
fn bare_line_feeds() {
    let script =
        [(CLIENT, "GET /a HTTP/1.1\nHost: a\n\n"), (SERVER, "HTTP/1.1 200 OK\nContent-Length: 2\n\nok")];
    assert_eq!(tell(&script), ["GET a /a 0..25", "200 - 0..37"]);
}

#[test]
fn empty_lines_between_messages() {
    let asked = format!("\r\n\n{GET}\r\n\r\n{GET}\r\n");
    let answers = format!("{OK}\r\n{OK}");
    let told = tell(&[(CLIENT, &asked), (SERVER, &answers)]);
    assert_eq!(told, ["GET a /1 3..31", "GET a /1 35..63", "200 - 0..43", "200 - 45..88"]);
}

#[test]
fn folded_fields() {
    let asked = "GET /a HTTP/1.1\r\nX-Forwarded-For:\r\n\t1.1.1.1,\r\n 2.2.2.2\r\nHost: a\r\n Content-Length: 7\r\n\r\n";
    let told = messages(&[(CLIENT, asked)]).remove(0);
    assert_eq!(told.text(Field::HttpProxyClient), Some("1.1.1.1"));
    assert_eq!(told.end, asked.len() as u64, "a folded line is no field of its own");
}

#[test]
fn blanks() {
    let script =
        [(CLIENT, "GET  /a b?c=d e HTTP/1.1 \r\nHost:\t a \r\n\r\n"), (SERVER, "HTTP/1.1 204\r\n\r\n")];
    assert_eq!(tell(&script), ["GET a /a b?c=d e 0..40", "204 - 0..16"]);
}

#[test]
fn a_colon_after_a_blank_is_no_field() {
    let asked = "GET /a HTTP/1.1\r\nHost : b\r\nHost: a\r\nContent-Length : 9\r\nno colon\r\n\r\n";
    assert_eq!(tell(&[(CLIENT, asked)]), [format!("GET a /a 0..{}", asked.len())]);
}

#[test]
fn many_fields_are_no_limit() {
    let fields: String = (0..3000).map(|n| format!("f{n}: {n}\r\n")).collect();
    let asked = format!("GET /a HTTP/1.1\r\n{fields}Host: a\r\n\r\n");
    let harness = Harness::<Http>::tcp().client(&asked);
    assert_eq!(told(&harness), [format!("GET a /a 0..{}", asked.len())]);
}

#[test]
fn a_head_without_end_is_given_up() {
    let asked = format!("GET /{} HTTP/1.1\r\nHost: a\r\n", "x".repeat(70_000));
    for piece in [1_000, 70_030] {
        let mut harness = Harness::<Http>::tcp();
        for bytes in asked.as_bytes().chunks(piece) {
            harness.push(CLIENT, bytes);
        }
        assert!(harness.violations() > 0 && harness.messages().is_empty());
        harness.push(CLIENT, GET.as_bytes());
        assert_eq!(told(&harness).len(), 1, "the next message is found again");
    }
}

#[test]
fn other_protocols_are_violations() {
    for bytes in [
        "GET /\r\n",
        "GET / HTTP/0.9\r\n\r\n",
        "OPTIONS rtsp://a RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        "INVITE sip:a@b SIP/2.0\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0",
        " GET / HTTP/1.1\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
    ] {
        let harness = Harness::<Http>::tcp().client(bytes);
        assert_eq!((harness.violations(), harness.messages().len()), (1, 0), "{bytes:?}");
    }
    for bytes in [
        "ICY 200 OK\r\n\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        GET,
    ] {
        let harness = Harness::<Http>::tcp().server(bytes);
        assert_eq!((harness.violations(), harness.messages().len()), (1, 0), "{bytes:?}");
    }
}
