//! One HTTP/1.1 request and its response as services of a shop would say them.
//!
//! Takes: random numbers. Gives: about 240 bytes of request, then 100 to 600 bytes of response, each in one segment.

use std::io::Write;

use super::random::Random;

/// What a response needs to know of its request.
pub(super) struct Asked {
    status: u16,
    body: Body,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    Sent,
    /// HEAD: a length but no body (RFC 9110, section 9.3.2).
    LengthOnly,
    /// 204 and 304 have none (RFC 9112, section 6.3).
    None,
}

/// A share of all requests, in percent; they add up to 100.
struct Kind {
    share: u64,
    method: &'static str,
    path: &'static str,
    status: u16,
    body: Body,
}

const fn kind(share: u64, method: &'static str, path: &'static str, status: u16, body: Body) -> Kind {
    Kind { share, method, path, status, body }
}

const KINDS: [Kind; 10] = [
    kind(30, "GET", "/api/v1/orders/", 200, Body::Sent),
    kind(24, "GET", "/api/v1/products?page=", 200, Body::Sent),
    kind(10, "GET", "/api/v2/users/profile/", 200, Body::Sent),
    kind(10, "GET", "/static/js/app.", 304, Body::None),
    kind(12, "POST", "/api/v1/carts/items/", 201, Body::Sent),
    kind(4, "PUT", "/api/v1/carts/", 204, Body::None),
    kind(3, "DELETE", "/api/v1/carts/", 204, Body::None),
    kind(4, "GET", "/api/v1/coupons/", 404, Body::Sent),
    kind(2, "GET", "/internal/stock/", 500, Body::Sent),
    kind(1, "HEAD", "/healthz?probe=", 200, Body::LengthOnly),
];

const HOSTS: [&str; 4] = ["orders.shop.local", "catalog.shop.local", "gateway.shop.local:8080", "10.96.0.17"];
const AGENTS: [&str; 3] = ["okhttp/4.12.0", "Go-http-client/1.1", "python-requests/2.32.3"];

/// Writes a request over what `out` held.
pub(super) fn request(random: &mut Random, out: &mut Vec<u8>) -> std::io::Result<Asked> {
    out.clear();
    let kind = pick(random);
    let (trace, span) = (random.next(), random.next());
    let host = HOSTS[(trace % HOSTS.len() as u64) as usize];
    let agent = AGENTS[(span % AGENTS.len() as u64) as usize];
    write!(
        out,
        "{} {}{} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: */*\r\n",
        kind.method,
        kind.path,
        span >> 44
    )?;
    write!(out, "X-Request-ID: {:08x}-{:04x}-{:012x}\r\n", trace >> 32, trace & 0xffff, span >> 16)?;
    write!(out, "traceparent: 00-{trace:016x}{span:016x}-{:016x}-01\r\n", trace ^ span)?;
    if matches!(kind.method, "POST" | "PUT") {
        let json = format!(r#"{{"sku":"A-{}","quantity":{}}}"#, span >> 40, 1 + trace % 9);
        write!(out, "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{json}", json.len())?;
    } else {
        out.extend_from_slice(b"\r\n");
    }
    Ok(Asked { status: kind.status, body: kind.body })
}

/// Writes the response over what `out` held.
pub(super) fn response(asked: &Asked, random: &mut Random, out: &mut Vec<u8>) -> std::io::Result<()> {
    out.clear();
    let reason = match asked.status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        304 => "Not Modified",
        404 => "Not Found",
        _ => "Internal Server Error",
    };
    write!(out, "HTTP/1.1 {} {reason}\r\nServer: nginx/1.26.2\r\n", asked.status)?;
    out.extend_from_slice(b"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n");
    if asked.body == Body::None {
        out.extend_from_slice(b"ETag: \"65a4c2-1f40\"\r\n\r\n");
        return Ok(());
    }
    let length = 130 + random.below(350) as usize;
    write!(out, "Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n")?;
    if asked.body == Body::Sent {
        let end = out.len() + length;
        write!(out, r#"{{"id":{},"items":[{{"sku":"A-1","price":1999,"text":""#, random.next() >> 40)?;
        out.resize(end - 4, b'x');
        out.extend_from_slice(b"\"}]}");
    }
    Ok(())
}

fn pick(random: &mut Random) -> &'static Kind {
    let mut at = random.below(100);
    for kind in &KINDS {
        if at < kind.share {
            return kind;
        }
        at -= kind.share;
    }
    &KINDS[0]
}

#[cfg(test)]
mod tests {
    use super::KINDS;

    #[test]
    fn shares_add_up() {
        assert_eq!(KINDS.iter().map(|kind| kind.share).sum::<u64>(), 100);
    }
}
