//! Connections that stop to be HTTP/1.

use super::*;

#[test]
fn a_websocket_ends_the_parser() {
    let ask = "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n";
    let frames = "\u{1}\u{5}hello";
    let script = [(CLIENT, ask), (SERVER, &format!("{answer}{frames}")), (CLIENT, GET), (SERVER, OK)];
    assert_eq!(tell(&script), [format!("GET a /ws 0..{}", ask.len()), format!("101 - 0..{}", answer.len())]);
    let harness = Harness::<Http>::tcp().client(ask).server(answer);
    assert_eq!(harness.end(), Some(End::Finished));
}

#[test]
fn another_upgrade_is_handed_on() {
    for protocol in ["Upgrade: h2c\r\n", "Upgrade: TLS/1.0, HTTP/1.1\r\n", ""] {
        let answer = format!("HTTP/1.1 101 Switching Protocols\r\n{protocol}\r\n");
        let harness = Harness::<Http>::tcp().client(GET).server(&answer).server(OK);
        assert_eq!(told(&harness), ["GET a /1 0..28".to_owned(), format!("101 - 0..{}", answer.len())]);
        assert_eq!(harness.end(), Some(End::Upgraded));
    }
}

#[test]
fn a_refused_upgrade_changes_nothing() {
    let ask = "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n";
    let refused = format!("HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nok{OK}");
    assert_eq!(tell(&[(CLIENT, ask), (CLIENT, GET), (SERVER, &refused)]).len(), 4);
}

#[test]
fn connect_opens_a_tunnel() {
    let ask = "CONNECT b.test:443 HTTP/1.1\r\nHost: b.test:443\r\n\r\n";
    let opened = "HTTP/1.1 200 Connection established\r\n\r\n";
    let harness = Harness::<Http>::tcp().client(ask).client("\u{16}\u{3}\u{1}").server(opened);
    assert_eq!(
        told(&harness),
        [format!("CONNECT b.test:443 b.test:443 0..{}", ask.len()), format!("200 - 0..{}", opened.len())]
    );
    assert_eq!((harness.end(), harness.violations()), (Some(End::Upgraded), 0));
    let _ = tell(&[(CLIENT, ask), (SERVER, opened), (CLIENT, "tls")]);
}

#[test]
fn a_tunnel_whose_request_was_not_seen() {
    let harness = Harness::<Http>::tcp_joined().server("HTTP/1.0 200 Connection Established\r\n\r\n");
    assert_eq!(harness.end(), Some(End::Upgraded));
    let harness = Harness::<Http>::tcp().client(GET).server("HTTP/1.0 200 Connection Established\r\n\r\n");
    assert_eq!(harness.end(), None, "GET opens no tunnel");
}

#[test]
fn a_refused_connect_stays_http() {
    let ask = "CONNECT b.test:443 HTTP/1.1\r\n\r\n";
    let refused = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno";
    let told = tell(&[(CLIENT, ask), (SERVER, refused), (CLIENT, GET), (SERVER, OK)]);
    assert_eq!(told.len(), 4);
    assert_eq!(told[1], format!("407 Proxy Authentication Required 0..{}", refused.len()));
}

#[test]
fn http2_is_not_read() {
    let harness = Harness::<Http>::tcp().client("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0");
    assert!(harness.messages().is_empty());
    assert_eq!(harness.end(), Some(End::Upgraded));
}
