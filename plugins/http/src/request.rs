//! Takes: the bytes of a request's head. Gives: its facts, and the fields of the request log.

use weir_plugin_sdk::message::MessageBuilder;
use weir_plugin_sdk::prelude::*;
use weir_plugin_sdk::trace_context::{TraceContext, TraceHeaders};

use crate::framing::Framing;
use crate::head::Read;
use crate::lines::{Lines, value_of};
use crate::names::Names;
use crate::start_line::{RequestLine, request_line};
use crate::wanted::Wanted;

/// The fields that are read here, besides those with ids.
pub(crate) const NAMES: Names =
    Names::of(&[b"host", b"content-length", b"transfer-encoding", b"x-forwarded-for", b"x-real-ip"]);

/// A request's head.
#[derive(Debug, Default)]
pub(crate) struct RequestHead<'a> {
    pub(crate) line: RequestLine<'a>,
    /// Bytes, start line and empty line included; 0 when it is cut off.
    pub(crate) length: usize,
    pub(crate) framing: Framing,
    pub(crate) host: Option<&'a [u8]>,
    forwarded_for: Option<&'a [u8]>,
    real_ip: Option<&'a [u8]>,
    trace: TraceContext<'a>,
}

impl<'a> RequestHead<'a> {
    /// One pass over the lines; first letter and length of a name decide whether it is looked at.
    #[inline]
    pub(crate) fn read(&mut self, bytes: &'a [u8], wanted: &Wanted) -> Read {
        let mut lines = Lines::new(bytes);
        let Some(line) = lines.first() else { return Read::Partial };
        let Some(line) = request_line(line) else { return Read::Bad };
        self.line = line;
        let field = |line| self.field(line, &wanted.trace_headers);
        let Some(length) = lines.fields(&wanted.of_request, field) else { return Read::Cut };
        self.length = length;
        Read::Whole
    }

    #[inline]
    fn field(&mut self, line: &'a [u8], trace_headers: &TraceHeaders) {
        let first = line.first().map_or(0, |letter| letter | 0x20);
        match first {
            b'h' => {
                if let (None, Some(value)) = (self.host, value_of(line, b"host")) {
                    self.host = Some(value);
                }
            }
            b'c' => {
                if let Some(value) = value_of(line, b"content-length") {
                    self.framing.content_length(value);
                }
            }
            b't' => {
                if let Some(value) = value_of(line, b"transfer-encoding") {
                    self.framing.transfer_encoding(value);
                }
            }
            b'x' => self.proxy(line),
            _ => {}
        }
        if trace_headers.first_letters() >> (first & 31) & 1 != 0 {
            self.trace.line(trace_headers, line);
        }
    }

    #[inline(never)]
    fn proxy(&mut self, line: &'a [u8]) {
        if self.forwarded_for.is_none() {
            self.forwarded_for = value_of(line, b"x-forwarded-for");
        }
        if self.real_ip.is_none() {
            self.real_ip = value_of(line, b"x-real-ip");
        }
    }

    /// Fills the message.
    #[inline]
    pub(crate) fn tell(&self, trace_headers: &TraceHeaders, message: &mut MessageBuilder<'_>) {
        message.text(Field::RequestType, self.line.method);
        if let Some(domain) = self.domain() {
            message.text(Field::RequestDomain, domain);
        }
        message.text(Field::RequestResource, self.line.target).text(Field::Version, self.line.version);
        if self.forwarded_for.is_some() || self.real_ip.is_some() {
            self.tell_proxy_client(message);
        }
        self.trace.tell(trace_headers, message);
    }

    /// The `Host` field as sent; without one what the target says (RFC 9112 section 3.2.2 and 3.2.3).
    fn domain(&self) -> Option<&'a [u8]> {
        let named = |name: &&[u8]| !name.is_empty();
        self.host.filter(named).or_else(|| authority(&self.line).filter(named))
    }

    #[inline(never)]
    fn tell_proxy_client(&self, message: &mut MessageBuilder<'_>) {
        if let Some(client) = self.proxy_client() {
            message.text(Field::HttpProxyClient, client);
        }
    }

    /// The first address of `X-Forwarded-For`, which the proxy next to the client wrote; else `X-Real-IP`.
    fn proxy_client(&self) -> Option<&'a [u8]> {
        let first =
            self.forwarded_for.and_then(|list| list.split(|b| *b == b',').next()).map(<[u8]>::trim_ascii);
        first.filter(|client| !client.is_empty()).or(self.real_ip.filter(|client| !client.is_empty()))
    }
}

/// Host and port of a target in absolute or authority form, without user information.
#[inline(never)]
fn authority<'a>(line: &RequestLine<'a>) -> Option<&'a [u8]> {
    if line.method == b"CONNECT" {
        return Some(line.target);
    }
    let scheme = line.target.windows(3).take(SCHEME_LIMIT).position(|three| three == b"://")?;
    let (name, rest) = line.target.split_at_checked(scheme)?;
    if name.is_empty() || !name.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    let rest = rest.get(3..)?;
    let end = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let authority = rest.get(..end)?;
    let user = authority.iter().rposition(|b| *b == b'@').map_or(0, |at| at + 1);
    authority.get(user..)
}

/// `https` has five letters; the longest registered scheme that HTTP proxies see is shorter than this.
const SCHEME_LIMIT: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(line: &str) -> Option<String> {
        let line = request_line(line.as_bytes()).unwrap();
        authority(&line).map(|name| String::from_utf8(name.to_vec()).unwrap())
    }

    #[test]
    fn authorities() {
        for (line, name) in [
            ("GET http://a.test/x HTTP/1.1", Some("a.test")),
            ("GET http://a.test HTTP/1.1", Some("a.test")),
            ("GET https://a.test:8443?q=http://b HTTP/1.1", Some("a.test:8443")),
            ("GET http://user:pass@a.test/@x HTTP/1.1", Some("a.test")),
            ("GET http://[::1]:80/x HTTP/1.1", Some("[::1]:80")),
            ("CONNECT a.test:443 HTTP/1.1", Some("a.test:443")),
            ("GET /?to=http://b.test/ HTTP/1.1", None),
            ("GET /://b.test/ HTTP/1.1", None),
            ("GET ://b.test/ HTTP/1.1", None),
            ("OPTIONS * HTTP/1.1", None),
        ] {
            assert_eq!(domain(line).as_deref(), name, "{line}");
        }
    }
}
