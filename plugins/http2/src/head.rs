//! Takes: the fields of one header block. Gives: what a request log wants of them.

use weir_plugin_sdk::http::{phrase, status_of};
use weir_plugin_sdk::message::MessageBuilder;
use weir_plugin_sdk::prelude::*;
use weir_plugin_sdk::trace_context::{TraceContext, TraceHeaders};

use crate::grpc;
use crate::hpack::{HeaderList, Line};
use crate::streams::Protocol;

/// The attribute that holds the HTTP code where `response_code` is another one.
const HTTP_CODE: &str = "http_status_code";

/// What stands in a head or in trailers.
#[derive(Debug, Default)]
pub(crate) struct Head<'a> {
    method: Option<&'a [u8]>,
    path: Option<&'a [u8]>,
    authority: Option<&'a [u8]>,
    scheme: bool,
    host: Option<&'a [u8]>,
    forwarded_for: Option<&'a [u8]>,
    real_ip: Option<&'a [u8]>,
    /// `:status`.
    pub(crate) code: Option<u16>,
    content_type: Option<&'a [u8]>,
    pub(crate) content_encoding: Option<&'a [u8]>,
    pub(crate) grpc_encoding: Option<&'a [u8]>,
    pub(crate) grpc_status: Option<u32>,
    grpc_message: Option<&'a [u8]>,
    /// Has a field of Dubbo's Triple.
    is_triple: bool,
    /// Has a field that only gRPC has.
    is_grpc: bool,
    /// Fields are missing, since nobody can know them.
    pub(crate) has_unknown: bool,
    pub(crate) begins_unknown: bool,
    trace: TraceContext<'a>,
}

impl<'a> Head<'a> {
    /// Without `trace_headers` no ids are looked for.
    pub(crate) fn read(list: &'a HeaderList, trace_headers: Option<&TraceHeaders>) -> Self {
        let mut head = Self {
            has_unknown: list.has_unknown(),
            begins_unknown: list.begins_unknown(),
            ..Self::default()
        };
        let letters = trace_headers.map_or(0, TraceHeaders::first_letters);
        for line in list.lines() {
            head.field(line);
            let first = line.name.first().map_or(0, |letter| letter & 31);
            if let (1, Some(headers)) = (letters >> first & 1, trace_headers) {
                head.trace.header(headers, line.name, line.value);
            }
        }
        head
    }

    fn field(&mut self, line: Line<'a>) {
        let value = line.value;
        match line.name {
            b":method" => self.method = Some(value),
            b":path" => self.path = Some(value),
            b":authority" => self.authority = Some(value),
            b":scheme" => self.scheme = true,
            b":status" => self.code = code_of(value),
            b"host" => self.host = Some(value),
            b"content-type" => self.content_type = Some(value),
            b"content-encoding" => self.content_encoding = Some(value),
            b"x-forwarded-for" if self.forwarded_for.is_none() => self.forwarded_for = Some(value),
            b"x-real-ip" if self.real_ip.is_none() => self.real_ip = Some(value),
            name if name.starts_with(b"grpc-") => self.grpc_field(name, value),
            name if name.starts_with(b"tri-") => self.is_triple = true,
            _ => {}
        }
    }

    fn grpc_field(&mut self, name: &[u8], value: &'a [u8]) {
        match name {
            b"grpc-status" => self.grpc_status = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok()),
            b"grpc-message" => self.grpc_message = Some(value),
            b"grpc-encoding" => self.grpc_encoding = Some(value),
            // `grpc-accept-encoding` and `grpc-timeout`; others may be anybody's.
            b"grpc-accept-encoding" | b"grpc-timeout" => {}
            _ => return,
        }
        self.is_grpc = true;
    }

    /// Some pseudo-header field of a request is here; every request has one that is never hidden.
    pub(crate) fn is_request(&self) -> bool {
        self.method.is_some() || self.path.is_some() || self.authority.is_some() || self.scheme
    }

    /// Method and scheme are here, and nothing of a response.
    pub(crate) fn is_request_beyond_doubt(&self) -> bool {
        self.method.is_some() && self.scheme && !self.is_response()
    }

    /// It may be the head of a response: the code is here, or what stands where it belongs is not known.
    pub(crate) fn may_be_response(&self) -> bool {
        self.code.is_some() || self.begins_unknown
    }

    /// Fields that only a server sends.
    pub(crate) fn is_response(&self) -> bool {
        self.code.is_some() || self.grpc_status.is_some()
    }

    /// A response that is not the answer yet (RFC 9110 section 15.2).
    pub(crate) fn is_interim(&self) -> bool {
        self.code.is_some_and(|code| code < 200)
    }

    /// What is spoken on the stream, as far as this head tells.
    pub(crate) fn protocol(&self, before: Protocol) -> Protocol {
        let is_grpc =
            self.is_grpc || self.content_type.is_some_and(|kind| kind.starts_with(b"application/grpc"));
        match before {
            Protocol::Grpc | Protocol::Triple => before,
            _ if is_grpc && self.is_triple => Protocol::Triple,
            _ if is_grpc => Protocol::Grpc,
            Protocol::Unsure if self.content_type.is_none() && self.has_unknown => Protocol::Unsure,
            _ => Protocol::Http2,
        }
    }

    /// Fills the message with what a request says.
    pub(crate) fn tell_request(&self, trace_headers: &TraceHeaders, message: &mut MessageBuilder<'_>) {
        for (field, text) in [
            (Field::RequestType, self.method),
            (Field::RequestDomain, self.authority.or(self.host)),
            (Field::RequestResource, self.path),
            (Field::HttpProxyClient, self.proxy_client()),
        ] {
            if let Some(text) = text {
                message.text(field, text);
            }
        }
        self.trace.tell(trace_headers, message);
    }

    /// The first address of `X-Forwarded-For`, which the proxy next to the client wrote; else `X-Real-IP`.
    fn proxy_client(&self) -> Option<&'a [u8]> {
        let first =
            self.forwarded_for.and_then(|list| list.split(|b| *b == b',').next()).map(<[u8]>::trim_ascii);
        first.filter(|client| !client.is_empty()).or(self.real_ip.filter(|client| !client.is_empty()))
    }

    /// Fills the message with the ids of a response.
    pub(crate) fn tell_ids(&self, trace_headers: &TraceHeaders, message: &mut MessageBuilder<'_>) {
        self.trace.tell(trace_headers, message);
    }

    /// Fills the message with the end of a gRPC call, if it is here.
    pub(crate) fn tell_grpc_status(&self, message: &mut MessageBuilder<'_>) {
        let Some(code) = self.grpc_status else { return };
        message.number(Field::ResponseCode, i64::from(code)).status(grpc::status_of(code));
        let text = self.grpc_message.map(grpc::decoded).filter(|text| !text.is_empty());
        match (text, code) {
            (_, 0) => {}
            (Some(text), _) => {
                message.text(Field::ResponseException, &text);
            }
            // The message may be hidden.
            (None, _) if self.has_unknown => {}
            (None, _) => {
                message.text(Field::ResponseException, grpc::name(code));
            }
        }
    }
}

/// Fills the message with the code of a response. That of gRPC is another one; an HTTP error there means that no gRPC answered.
pub(crate) fn tell_code(code: u16, protocol: Protocol, message: &mut MessageBuilder<'_>) {
    if protocol == Protocol::Http2 {
        message.number(Field::ResponseCode, i64::from(code)).status(status_of(code));
    } else {
        let digits = [code / 100, code / 10 % 10, code % 10].map(|digit| b'0' + digit as u8);
        message.attribute(HTTP_CODE, digits);
        if code < 400 {
            return;
        }
        message.status(status_of(code));
    }
    let phrase = phrase(code, &[]);
    if code >= 400 && !phrase.is_empty() {
        message.text(Field::ResponseException, phrase);
    }
}

/// Three digits (RFC 9110 section 15).
fn code_of(value: &[u8]) -> Option<u16> {
    let &[a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] = value else { return None };
    Some(u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'))
}
