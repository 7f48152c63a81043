//! Takes: bytes that begin a response, or might. Gives: the response.

use weir_plugin_sdk::message::MessageBuilder;
use weir_plugin_sdk::prelude::*;

use super::bodies::FOREVER;
use super::{Http, Phase, skip_empty_lines};
use crate::chunked::Next;
use crate::framing::Body;
use crate::head::Read;
use crate::outstanding::Asked;
use crate::response::ResponseHead;
use crate::start_line::{Opening, response_may_begin, response_opening};
use crate::strict::fields_are_clean;

const SIDE: Direction = Direction::ServerToClient;

/// What a response has behind its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behind {
    Certain(Body),
    /// This body, or none: the request may have been HEAD.
    Doubt(Body),
    /// The next bytes will tell, and one or two of them are here.
    Wait,
}

impl Http {
    #[inline(never)]
    pub(super) fn response(&mut self, input: &Input<'_>, output: &mut Output<'_>) -> Step {
        if self.lane(SIDE).still_partial(input) {
            return self.wait(input);
        }
        if let Some(step) = skip_empty_lines(input.bytes) {
            return step;
        }
        let mut head = ResponseHead::default();
        let read = head.read(input.bytes, &self.wanted);
        let code = head.line.code;
        if read == Read::Whole
            && code >= 200
            && self.outstanding.next() == Some(Asked::Other)
            && let Body::Length(body) = head.framing.of_response(code)
            && self.is_plain(SIDE)
        {
            let length = head.length as u64 + body;
            self.tell(&head, Some(Asked::Other), &mut output.message(Kind::Response, length));
            return Step::Consumed(length);
        }
        self.other_response(read, &head, input, output)
    }

    /// Apart, so that the common path stays small.
    #[inline(never)]
    fn other_response(
        &mut self,
        read: Read,
        head: &ResponseHead<'_>,
        input: &Input<'_>,
        output: &mut Output<'_>,
    ) -> Step {
        let in_step = self.lane(SIDE).in_step;
        match read {
            Read::Whole if in_step || beyond_doubt(head, input.bytes) => {
                self.whole_response(head, input, output)
            }
            Read::Cut if in_step => self.wait(input),
            Read::Partial if in_step && response_may_begin(input.bytes) => self.wait(input),
            Read::Cut | Read::Partial if response_opening(input.bytes) != Opening::No => self.wait(input),
            _ => self.lost(input),
        }
    }

    fn whole_response(
        &mut self,
        head: &ResponseHead<'_>,
        input: &Input<'_>,
        output: &mut Output<'_>,
    ) -> Step {
        if head.is_interim() {
            // Not the answer: nothing of it is told, the request goes on waiting.
            self.lane(SIDE).in_step = true;
            return Step::Consumed(head.length as u64);
        }
        let asked = self.outstanding.next();
        let body = head.framing.of_response(head.line.code);
        if let Some(step) = leaves_http(head, asked, body) {
            let mut message = output.message(Kind::Response, head.length as u64);
            self.tell_head(input.bytes, head.length, &mut message);
            self.tell(head, asked, &mut message);
            return step;
        }
        let behind = input.bytes.get(head.length..).unwrap_or_default();
        self.want_body(input, head.length, body);
        let body = match decide(asked, self.outstanding.likely(), body, behind) {
            Behind::Certain(body) => body,
            Behind::Doubt(body) => {
                let end_of_head = input.position.saturating_add(head.length as u64);
                let lane = self.lane(SIDE);
                lane.phase = Phase::Doubt { body, end_of_head };
                lane.in_step = true;
                let mut message = output.begin(Kind::Response);
                self.tell_head(input.bytes, head.length, &mut message);
                self.tell(head, asked, &mut message);
                return Step::Consumed(head.length as u64);
            }
            Behind::Wait => return Step::NeedMore,
        };
        let (message, step) = self.place(head.length, body, asked.is_some(), input, output);
        if let Some(mut message) = message {
            self.tell(head, asked, &mut message);
        }
        step
    }

    /// Says where the message ends and what comes next; no message when the head can not have been one.
    #[inline]
    fn place<'o>(
        &mut self,
        head: usize,
        body: Body,
        certain: bool,
        input: &Input<'_>,
        output: &'o mut Output<'_>,
    ) -> (Option<MessageBuilder<'o>>, Step) {
        let lane = self.lane(SIDE);
        match body {
            Body::Chunked => self.begin_chunks(input, head, output),
            Body::Length(body) => {
                if !lane.in_step && !follows(input.bytes, head as u64 + body) {
                    return (None, self.lost(input));
                }
                lane.in_step = true;
                let (message, step) = self.begin_bytes(input, head, body, output);
                (Some(message), step)
            }
            Body::Unknown => {
                lane.in_step = false;
                let mut message = output.message(Kind::Response, head as u64);
                self.tell_head(input.bytes, head, &mut message);
                (Some(message), Step::Consumed(head as u64))
            }
            Body::UntilClose => {
                let step = if certain && lane.wanted == 0 {
                    Step::Consumed(FOREVER)
                } else {
                    lane.phase = if certain { Phase::UntilClose } else { Phase::Adrift { chunked: false } };
                    Step::Consumed(head as u64)
                };
                let mut message = output.begin(Kind::Response);
                self.tell_head(input.bytes, head, &mut message);
                (Some(message), step)
            }
        }
    }

    /// The bytes behind a head of which nobody knew whether it has a body.
    pub(super) fn doubt(&mut self, body: Body, input: &Input<'_>, output: &mut Output<'_>) -> Step {
        let Some(next_head) = is_status(input.bytes) else { return Step::NeedMore };
        let lane = self.lane(SIDE);
        lane.phase = Phase::Head;
        if next_head {
            output.end(Kind::Response, 0);
            return self.response(input, output);
        }
        match body {
            Body::Chunked => self.chunks(Next::Size, input, output),
            Body::Length(bytes) => self.bytes(input.position.saturating_add(bytes), input, output),
            Body::Unknown | Body::UntilClose => {
                lane.phase = Phase::Adrift { chunked: false };
                self.adrift(false, input, output)
            }
        }
    }

    /// A head that a gap cuts off: the status line and the lines that are there still tell.
    pub(super) fn cut_response(&mut self, gap: &Gap<'_>, output: &mut Output<'_>) {
        let mut head = ResponseHead::default();
        let Read::Cut = head.read(gap.unread, &self.wanted) else { return };
        let in_step = self.lanes[SIDE.index()].in_step;
        let strict = response_opening(gap.unread) == Opening::Yes && fields_are_clean(gap.unread);
        if head.is_interim() || !(in_step || strict) {
            return;
        }
        let length = (gap.unread.len() as u64).saturating_add(gap.bytes);
        let mut message = output.message(Kind::Response, length);
        self.tell_head(gap.unread, 0, &mut message);
        self.tell(&head, None, &mut message);
    }

    /// A whole response begins here, even if anything could stand here. `None`: it may, with more bytes.
    pub(super) fn response_begins(&self, bytes: &[u8]) -> Option<bool> {
        if response_opening(bytes) == Opening::No {
            return Some(false);
        }
        let mut head = ResponseHead::default();
        match head.read(bytes, &self.wanted) {
            Read::Bad => Some(false),
            Read::Whole => Some(beyond_doubt(&head, bytes)),
            Read::Cut | Read::Partial => None,
        }
    }

    /// The version is told by the request, where it is known.
    #[inline(always)]
    fn tell(&mut self, head: &ResponseHead<'_>, asked: Option<Asked>, message: &mut MessageBuilder<'_>) {
        head.tell(&self.wanted.trace_headers, asked.is_none(), message);
        self.outstanding.answered();
    }
}

/// Behind a 101 (RFC 9110 section 15.2.2) or a success of CONNECT (RFC 9110 section 9.3.6) something else is spoken.
#[inline]
fn leaves_http(head: &ResponseHead<'_>, asked: Option<Asked>, body: Body) -> Option<Step> {
    let code = head.line.code;
    let tunnel = match asked {
        Some(Asked::Connect) => (200..300).contains(&code),
        Some(_) => false,
        None => code == 200 && body == Body::UntilClose && head.says_tunnel(),
    };
    if code == 101 && head.opens_websocket() {
        Some(Step::Finished)
    } else if code == 101 || tunnel {
        Some(Step::Upgraded(head.length as u64))
    } else {
        None
    }
}

/// Whether the body that the head announces is there (RFC 9112 section 6.3, rule 1). A response to HEAD that is followed by
/// something else than a response has one all the same: servers do that.
#[inline]
fn decide(asked: Option<Asked>, likely: Option<Asked>, body: Body, behind: &[u8]) -> Behind {
    let none = Body::Length(0);
    match (asked, body) {
        (Some(Asked::Other | Asked::Connect), _) | (_, Body::Length(0)) => Behind::Certain(body),
        (Some(Asked::Head), Body::Length(_)) if is_status(behind) == Some(false) => Behind::Certain(body),
        (Some(Asked::Head), _) => Behind::Certain(none),
        (None, Body::Unknown) => Behind::Certain(body),
        (None, _) => match is_status(behind) {
            Some(true) => Behind::Certain(none),
            Some(false) => Behind::Certain(body),
            None if behind.is_empty() && likely == Some(Asked::Head) => Behind::Certain(none),
            None if behind.is_empty() => Behind::Doubt(body),
            None => Behind::Wait,
        },
    }
}

/// A status line begins here; `None`: too few bytes.
fn is_status(bytes: &[u8]) -> Option<bool> {
    const HTTP_1: &[u8] = b"HTTP/1.";
    let front = bytes.get(..HTTP_1.len()).unwrap_or(bytes);
    if front.len() < HTTP_1.len() && HTTP_1.starts_with(front) { None } else { Some(front == HTTP_1) }
}

/// Its form is strict.
fn beyond_doubt(head: &ResponseHead<'_>, bytes: &[u8]) -> bool {
    let all = bytes.get(..head.length).unwrap_or_default();
    response_opening(bytes) == Opening::Yes && fields_are_clean(all)
}

/// What stands behind `length` bytes may begin the next response. Text inside a body fails here.
fn follows(bytes: &[u8], length: u64) -> bool {
    let behind = usize::try_from(length).ok().and_then(|length| bytes.get(length..)).unwrap_or_default();
    matches!(behind, [] | [b'\r' | b'\n', ..]) || response_opening(behind) != Opening::No
}
