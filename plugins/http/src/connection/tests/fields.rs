//! What goes into the request log.

use super::*;

fn request(text: &str) -> Message {
    messages(&[(CLIENT, text)]).remove(0)
}

fn response(text: &str) -> Message {
    messages(&[(CLIENT, GET), (SERVER, text)]).remove(1)
}

#[test]
fn of_a_request() {
    let told = request(
        "GET /a%20b?c=d HTTP/1.1\r\nHOST: Shop.Test:81 \r\nX-Forwarded-For: 10.1.2.3, 10.0.0.1\r\nX-Real-IP: 9.9.9.9\r\n\
         traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nX-Request-Id: r-1\r\n\
         uber-trace-id: abc:12:0:1\r\n\r\n",
    );
    assert_eq!(
        told.fields,
        [
            (Field::RequestType, "GET".to_owned()),
            (Field::RequestDomain, "Shop.Test:81".to_owned()),
            (Field::RequestResource, "/a%20b?c=d".to_owned()),
            (Field::Version, "1.1".to_owned()),
            (Field::HttpProxyClient, "10.1.2.3".to_owned()),
            (Field::XRequestId, "r-1".to_owned()),
            (Field::TraceId, "4bf92f3577b34da6a3ce929d0e0e4736".to_owned()),
            (Field::SpanId, "00f067aa0ba902b7".to_owned()),
        ]
    );
    assert_eq!(told.attributes, [("uber-trace-id".to_owned(), "abc".to_owned())]);
    assert_eq!(told.status, Status::None);
}

#[test]
fn of_a_response() {
    let told = response("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Request-ID: r-2\r\n\r\n");
    assert_eq!(told.status, Status::Ok);
    assert_eq!(told.fields, [(Field::ResponseCode, "200".to_owned()), (Field::XRequestId, "r-2".to_owned())]);
}

#[test]
fn codes() {
    for (line, exception, status) in [
        ("200 OK", None, Status::Ok),
        ("302", None, Status::Ok),
        ("404 Not Found", Some("Not Found"), Status::ClientError),
        ("404 Gone fishing", Some("Not Found"), Status::ClientError),
        ("404", Some("Not Found"), Status::ClientError),
        ("499 Client Closed Request", Some("Client Closed Request"), Status::ClientError),
        ("503 Service Temporarily Unavailable", Some("Service Unavailable"), Status::ServerError),
        ("599 ", None, Status::ServerError),
        ("999 Request denied", Some("Request denied"), Status::ServerError),
    ] {
        let told = response(&format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n"));
        assert_eq!(told.text(Field::ResponseCode), Some(&line[..3]));
        assert_eq!(told.text(Field::ResponseException), exception, "{line}");
        assert_eq!(told.status, status, "{line}");
    }
}

#[test]
fn domains() {
    for (head, domain) in [
        ("GET http://b.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n", Some("a.test")),
        ("GET http://b.test:81/x HTTP/1.0\r\n\r\n", Some("b.test:81")),
        ("GET http://b.test/x HTTP/1.1\r\nHost:\r\n\r\n", Some("b.test")),
        ("CONNECT b.test:443 HTTP/1.1\r\n\r\n", Some("b.test:443")),
        ("GET / HTTP/1.0\r\n\r\n", None),
        ("GET / HTTP/1.1\r\nX-Host: a\r\nHostile: b\r\nHost: c\r\nHost: d\r\n\r\n", Some("c")),
    ] {
        assert_eq!(request(head).text(Field::RequestDomain), domain, "{head}");
    }
}

#[test]
fn the_client_before_the_proxies() {
    for (fields, client) in [
        ("X-Forwarded-For: 1.1.1.1\r\n", Some("1.1.1.1")),
        ("x-forwarded-for: 1.1.1.1 ,2.2.2.2\r\nX-Forwarded-For: 3.3.3.3\r\n", Some("1.1.1.1")),
        ("X-Real-IP: 2001:db8::1\r\n", Some("2001:db8::1")),
        ("X-Forwarded-For: , 1.1.1.1\r\nX-Real-IP: 2.2.2.2\r\n", Some("2.2.2.2")),
        ("X-Forwarded-For:\r\n", None),
        ("X-Forwarded-Host: b\r\n", None),
    ] {
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        assert_eq!(request(&head).text(Field::HttpProxyClient), client, "{fields}");
    }
}

#[test]
fn versions() {
    assert_eq!(request("GET / HTTP/1.0\r\n\r\n").text(Field::Version), Some("1.0"));
    // Nobody asked: the response has to say it.
    let alone = messages(&[(SERVER, OK)]).remove(0);
    assert_eq!(alone.text(Field::Version), Some("1.1"));
}

#[test]
fn methods_outside_of_the_registry() {
    for method in ["FOO", "get", "RPC_IN_DATA", "M-SEARCH", "X!#"] {
        let head = format!("{method} * HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(request(&head).text(Field::RequestType), Some(method));
    }
}
