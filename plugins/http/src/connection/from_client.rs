//! Takes: bytes that begin a request, or might. Gives: the request.

use weir_plugin_sdk::prelude::*;

use super::{Http, skip_empty_lines};
use crate::framing::Body;
use crate::head::Read;
use crate::outstanding::Asked;
use crate::request::RequestHead;
use crate::start_line::{HTTP2_PREFACE, Opening, request_may_begin, request_opening};
use crate::strict::fields_are_clean;

const SIDE: Direction = Direction::ClientToServer;

impl Http {
    #[inline(never)]
    pub(super) fn request(&mut self, input: &Input<'_>, output: &mut Output<'_>) -> Step {
        // What a client sends before its tunnel is open belongs to whoever claims the tunnel.
        if self.outstanding.tunnel_may_open() || self.lane(SIDE).still_partial(input) {
            return self.wait(input);
        }
        if let Some(step) = skip_empty_lines(input.bytes) {
            return step;
        }
        let mut head = RequestHead::default();
        let read = head.read(input.bytes, &self.wanted);
        if read == Read::Whole
            && let Body::Length(body) = head.framing.of_request()
            && self.is_plain(SIDE)
        {
            let length = head.length as u64 + body;
            head.tell(&self.wanted.trace_headers, &mut output.message(Kind::Request, length));
            self.asks(Asked::of(head.line.method));
            return Step::Consumed(length);
        }
        self.other_request(read, &head, input, output)
    }

    /// Apart, so that the common path stays small.
    #[inline(never)]
    fn other_request(
        &mut self,
        read: Read,
        head: &RequestHead<'_>,
        input: &Input<'_>,
        output: &mut Output<'_>,
    ) -> Step {
        let in_step = self.lane(SIDE).in_step;
        match read {
            Read::Whole if in_step || beyond_doubt(head, input.bytes) => {
                self.whole_request(head, input, output)
            }
            Read::Cut if in_step => self.wait(input),
            Read::Partial if in_step && request_may_begin(input.bytes) => self.wait(input),
            Read::Cut | Read::Partial if request_opening(input.bytes) != Opening::No => self.wait(input),
            _ if input.bytes.starts_with(HTTP2_PREFACE) => Step::Upgraded(0),
            _ => self.lost(input),
        }
    }

    fn whole_request(&mut self, head: &RequestHead<'_>, input: &Input<'_>, output: &mut Output<'_>) -> Step {
        let in_step = self.lane(SIDE).in_step;
        let body = head.framing.of_request();
        self.want_body(input, head.length, body);
        let (mut message, step) = match body {
            Body::Chunked => match self.begin_chunks(input, head.length, output) {
                (Some(message), step) => (message, step),
                (None, step) => return step,
            },
            Body::Length(body) => {
                if !in_step && !follows(input.bytes, head.length as u64 + body) {
                    return self.lost(input);
                }
                self.lane(SIDE).in_step = true;
                self.begin_bytes(input, head.length, body, output)
            }
            Body::Unknown | Body::UntilClose => {
                self.lane(SIDE).in_step = false;
                let length = head.length as u64;
                let mut message = output.message(Kind::Request, length);
                self.tell_head(input.bytes, head.length, &mut message);
                (message, Step::Consumed(length))
            }
        };
        head.tell(&self.wanted.trace_headers, &mut message);
        self.asks(Asked::of(head.line.method));
        step
    }

    /// A head that a gap cuts off: the lines that are there still tell who asked for what.
    pub(super) fn cut_request(&mut self, gap: &Gap<'_>, output: &mut Output<'_>) {
        let mut head = RequestHead::default();
        let Read::Cut = head.read(gap.unread, &self.wanted) else { return };
        let in_step = self.lanes[SIDE.index()].in_step;
        if !in_step && (request_opening(gap.unread) != Opening::Yes || !fields_are_clean(gap.unread)) {
            return;
        }
        // Where it ends nobody knows; most requests end with their segment.
        let length = (gap.unread.len() as u64).saturating_add(gap.bytes);
        let mut message = output.message(Kind::Request, length);
        self.tell_head(gap.unread, 0, &mut message);
        head.tell(&self.wanted.trace_headers, &mut message);
        self.asks(Asked::of(head.line.method));
    }

    /// A whole request begins here, even if anything could stand here. `None`: it may, with more bytes.
    pub(super) fn request_begins(&self, bytes: &[u8]) -> Option<bool> {
        if request_opening(bytes) == Opening::No {
            return Some(false);
        }
        let mut head = RequestHead::default();
        match head.read(bytes, &self.wanted) {
            Read::Bad => Some(false),
            Read::Whole => Some(beyond_doubt(&head, bytes)),
            Read::Cut | Read::Partial => None,
        }
    }
}

/// Its form is strict, and it names its host, as HTTP/1.1 demands (RFC 9112 section 3.2).
fn beyond_doubt(head: &RequestHead<'_>, bytes: &[u8]) -> bool {
    let all = bytes.get(..head.length).unwrap_or_default();
    let named = head.host.is_some() || head.line.version == b"1.0";
    named && request_opening(bytes) == Opening::Yes && fields_are_clean(all)
}

/// What stands behind `length` bytes may begin the next request. Text inside a body fails here.
fn follows(bytes: &[u8], length: u64) -> bool {
    let behind = usize::try_from(length).ok().and_then(|length| bytes.get(length..)).unwrap_or_default();
    matches!(behind, [] | [b'\r' | b'\n', ..]) || request_opening(behind) != Opening::No
}
