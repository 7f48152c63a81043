//! Takes: the bytes of a response's head. Gives: its facts, and the fields of the request log.

use weir_plugin_sdk::http::{phrase, status_of};
use weir_plugin_sdk::message::MessageBuilder;
use weir_plugin_sdk::prelude::*;
use weir_plugin_sdk::trace_context::{TraceContext, TraceHeaders};

use crate::framing::Framing;
use crate::head::Read;
use crate::lines::{Lines, value_of};
use crate::names::Names;
use crate::start_line::{StatusLine, status_line};
use crate::wanted::Wanted;

/// The fields that are read here, besides those with ids.
pub(crate) const NAMES: Names = Names::of(&[b"content-length", b"transfer-encoding", b"upgrade"]);

/// A response's head.
#[derive(Debug, Default)]
pub(crate) struct ResponseHead<'a> {
    pub(crate) line: StatusLine<'a>,
    /// Bytes, start line and empty line included; 0 when it is cut off.
    pub(crate) length: usize,
    pub(crate) framing: Framing,
    upgrade: Option<&'a [u8]>,
    trace: TraceContext<'a>,
}

impl<'a> ResponseHead<'a> {
    /// One pass over the lines; first letter and length of a name decide whether it is looked at.
    #[inline]
    pub(crate) fn read(&mut self, bytes: &'a [u8], wanted: &Wanted) -> Read {
        let mut lines = Lines::new(bytes);
        let Some(line) = lines.first() else { return Read::Partial };
        let Some(line) = status_line(line) else { return Read::Bad };
        self.line = line;
        let field = |line| self.field(line, &wanted.trace_headers);
        let Some(length) = lines.fields(&wanted.of_response, field) else { return Read::Cut };
        self.length = length;
        Read::Whole
    }

    #[inline]
    fn field(&mut self, line: &'a [u8], trace_headers: &TraceHeaders) {
        let first = line.first().map_or(0, |letter| letter | 0x20);
        match first {
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
            b'u' => {
                if let Some(value) = value_of(line, b"upgrade") {
                    self.upgrade = Some(value);
                }
            }
            _ => {}
        }
        if trace_headers.first_letters() >> (first & 31) & 1 != 0 {
            self.trace.line(trace_headers, line);
        }
    }

    /// A response that is not the answer yet (RFC 9110 section 15.2); 101 is one.
    #[inline]
    pub(crate) fn is_interim(&self) -> bool {
        matches!(self.line.code, 100 | 102..=199)
    }

    /// The new protocol of a 101 is the WebSocket protocol (RFC 6455 section 4.2.2).
    pub(crate) fn opens_websocket(&self) -> bool {
        self.upgrade.is_some_and(|protocol| protocol.eq_ignore_ascii_case(b"websocket"))
    }

    /// The phrase that proxies send when a tunnel is open; the only sign of one when the request was not seen.
    pub(crate) fn says_tunnel(&self) -> bool {
        self.line.reason.trim_ascii().eq_ignore_ascii_case(b"connection established")
    }

    /// Fills the message. `with_version`: nobody else tells the version.
    #[inline(always)]
    pub(crate) fn tell(
        &self,
        trace_headers: &TraceHeaders,
        with_version: bool,
        message: &mut MessageBuilder<'_>,
    ) {
        let code = self.line.code;
        message.status(status_of(code)).number(Field::ResponseCode, i64::from(code));
        if code >= 400 {
            self.tell_exception(message);
        }
        if with_version {
            message.text(Field::Version, self.line.version);
        }
        self.trace.tell(trace_headers, message);
    }
    #[inline(never)]
    fn tell_exception(&self, message: &mut MessageBuilder<'_>) {
        let phrase = phrase(self.line.code, self.line.reason.trim_ascii());
        if !phrase.is_empty() {
            message.text(Field::ResponseException, phrase);
        }
    }
}
