//! Takes: what stands behind a head. Gives: where the message ends, and its body in pieces where a hook wants it. What nobody wants is
//! stepped over.

use weir_plugin_sdk::message::MessageBuilder;
use weir_plugin_sdk::prelude::*;

use super::{Http, Phase, kind_of};
use crate::chunked::{self, Next, Part as Found, Progress};
use crate::framing::Body;
use crate::lines::field_lines;
use crate::packing::packing;

/// A step that no connection outlives: the host ends what is open when the connection does.
pub(super) const FOREVER: u64 = u64::MAX / 2;

impl Http {
    /// Remembers how much of the body that follows is wanted.
    #[inline]
    pub(super) fn want_body(&mut self, input: &Input<'_>, head: usize, body: Body) {
        if self.body_limit > 0 {
            self.prepare_body(input, head, body);
        }
    }

    #[inline(never)]
    fn prepare_body(&mut self, input: &Input<'_>, head: usize, body: Body) {
        let has_body = !matches!(body, Body::Length(0) | Body::Unknown);
        let packing = if has_body { packing(input.bytes.get(..head).unwrap_or_default()) } else { None };
        let limit = self.body_limit;
        let lane = self.lane(input.direction);
        lane.wanted = packing.map_or(0, |_| limit);
        lane.packing = packing.unwrap_or_default();
    }

    /// Hands on the field lines of a head of `length` bytes (0: it is cut off).
    #[inline]
    pub(super) fn tell_head(&self, bytes: &[u8], length: usize, message: &mut MessageBuilder<'_>) {
        let lines = if self.heads { field_lines(bytes, length) } else { &[] };
        if !lines.is_empty() {
            message.head(lines);
        }
    }

    /// A message with a body of known length. It is told whole when all that is wanted is here.
    #[inline]
    pub(super) fn begin_bytes<'o>(
        &mut self,
        input: &Input<'_>,
        head: usize,
        body: u64,
        output: &'o mut Output<'_>,
    ) -> (MessageBuilder<'o>, Step) {
        let length = head as u64 + body;
        if !self.heads && self.body_limit == 0 {
            return (output.message(kind_of(input.direction), length), Step::Consumed(length));
        }
        self.begin_wanted(input, head, body, output)
    }

    /// The same where a hook wants heads or bodies; apart, so that the path without hooks stays small.
    #[inline(never)]
    fn begin_wanted<'o>(
        &mut self,
        input: &Input<'_>,
        head: usize,
        body: u64,
        output: &'o mut Output<'_>,
    ) -> (MessageBuilder<'o>, Step) {
        let kind = kind_of(input.direction);
        let length = head as u64 + body;
        let lane = self.lane(input.direction);
        let here = input.bytes.get(head..).unwrap_or_default();
        let wanted = lane.wanted.min(body);
        let packing = lane.packing;
        let (mut message, step) = if wanted <= here.len() as u64 {
            lane.wanted = 0;
            (output.message(kind, length), Step::Consumed(length))
        } else {
            lane.wanted = wanted - here.len() as u64;
            lane.phase = Phase::Bytes { end: input.position.saturating_add(length) };
            (output.begin(kind), Step::Consumed(input.bytes.len() as u64))
        };
        self.tell_head(input.bytes, head, &mut message);
        let taken = here.get(..wanted as usize).unwrap_or(here);
        if wanted > 0 && !taken.is_empty() {
            message.body(taken, packing);
        }
        (message, step)
    }

    /// The next bytes of a body of known length.
    pub(super) fn bytes(&mut self, end: u64, input: &Input<'_>, output: &mut Output<'_>) -> Step {
        let kind = kind_of(input.direction);
        let lane = self.lane(input.direction);
        let left = end.saturating_sub(input.position);
        let wanted = lane.wanted.min(left);
        let taken = input.bytes.get(..wanted as usize).unwrap_or(input.bytes);
        let packing = lane.packing;
        lane.wanted = wanted - taken.len() as u64;
        let step = if lane.wanted == 0 { left } else { input.bytes.len() as u64 };
        let mut message = if lane.wanted == 0 {
            lane.phase = Phase::Head;
            output.end(kind, left)
        } else {
            lane.phase = Phase::Bytes { end };
            output.more(kind)
        };
        if !taken.is_empty() {
            message.body(taken, packing);
        }
        Step::Consumed(step)
    }

    /// What is left of a message that was told to its end.
    pub(super) fn step_over(&mut self, end: u64, input: &Input<'_>) -> Step {
        self.lane(input.direction).phase = Phase::Head;
        Step::Consumed(end.saturating_sub(input.position).max(1))
    }

    /// The next bytes of a body that ends with the connection.
    pub(super) fn until_close(&mut self, input: &Input<'_>, output: &mut Output<'_>) -> Step {
        let lane = self.lane(input.direction);
        let taken = input.bytes.get(..lane.wanted as usize).unwrap_or(input.bytes);
        lane.wanted -= taken.len() as u64;
        let (packing, rest_wanted) = (lane.packing, lane.wanted > 0);
        if !taken.is_empty() {
            output.more(kind_of(input.direction)).body(taken, packing);
        }
        Step::Consumed(if rest_wanted { taken.len() as u64 } else { FOREVER })
    }

    /// A message with a chunked body. It is told at once when its end is here. No message when the place of its head was not
    /// certain and what follows is not chunked.
    pub(super) fn begin_chunks<'o>(
        &mut self,
        input: &Input<'_>,
        head: usize,
        output: &'o mut Output<'_>,
    ) -> (Option<MessageBuilder<'o>>, Step) {
        let body = input.bytes.get(head..).unwrap_or_default();
        let kind = kind_of(input.direction);
        let lane = self.lane(input.direction);
        let (mut next, mut wanted) = (Next::Size, lane.wanted);
        let progress = chunked::walk(&mut next, body, &mut wanted, |_| {});
        if let (Progress::Bad(_), false) = (progress, lane.in_step) {
            return (None, self.lost(input));
        }
        lane.in_step = true;
        let mut message = match progress {
            Progress::Done(bytes) | Progress::Bad(bytes) => output.message(kind, (head + bytes) as u64),
            Progress::Going(_) => output.begin(kind),
        };
        self.tell_head(input.bytes, head, &mut message);
        self.tell_chunks(Next::Size, input.direction, body, &mut message);
        let lane = self.lane(input.direction);
        let step = match progress {
            Progress::Done(bytes) => Step::Consumed((head + bytes) as u64),
            Progress::Going(bytes) => {
                lane.phase = Phase::Chunks(next);
                Step::Consumed(head as u64 + bytes)
            }
            Progress::Bad(_) => self.lost(input),
        };
        (Some(message), step)
    }

    /// The next bytes of a chunked body.
    pub(super) fn chunks(&mut self, next: Next, input: &Input<'_>, output: &mut Output<'_>) -> Step {
        let lane = self.lane(input.direction);
        let (mut behind, mut wanted, mut any) = (next, lane.wanted, false);
        let progress = chunked::walk(&mut behind, input.bytes, &mut wanted, |_| any = true);
        let kind = kind_of(input.direction);
        match progress {
            Progress::Going(bytes) => {
                lane.phase = Phase::Chunks(behind);
                if any && (self.heads || self.body_limit > 0) {
                    self.tell_chunks(next, input.direction, input.bytes, &mut output.more(kind));
                }
                Step::Consumed(bytes)
            }
            Progress::Done(bytes) => {
                lane.phase = Phase::Head;
                self.tell_chunks(next, input.direction, input.bytes, &mut output.end(kind, bytes as u64));
                Step::Consumed(bytes as u64)
            }
            Progress::Bad(bytes) => {
                self.tell_chunks(next, input.direction, input.bytes, &mut output.end(kind, bytes as u64));
                self.lost(input)
            }
        }
    }

    /// Walks once more, now that the message is there, and hands on what is found.
    fn tell_chunks(
        &mut self,
        mut next: Next,
        direction: Direction,
        body: &[u8],
        message: &mut MessageBuilder<'_>,
    ) {
        let heads = self.heads;
        let lane = self.lane(direction);
        if !heads && lane.wanted == 0 {
            return;
        }
        let packing = lane.packing;
        chunked::walk(&mut next, body, &mut lane.wanted, |found| match found {
            Found::Data(bytes) => {
                message.body(bytes, packing);
            }
            Found::Trailer(line) if heads => {
                message.head(line);
            }
            Found::Trailer(_) => {}
        });
    }

    /// A gap that lies in a body, of which without a hook nobody would have heard: the body is cut there, and the message ends where
    /// it would have ended. False for every other gap.
    pub(super) fn lose_body(&mut self, gap: &Gap<'_>, output: &mut Output<'_>) -> bool {
        let kind = kind_of(gap.direction);
        let after = gap.position.saturating_add(gap.bytes);
        let lane = self.lane(gap.direction);
        match lane.phase {
            Phase::Bytes { end } => {
                output.spanning(kind, Part::End, end, end);
                lane.wanted = 0;
                lane.phase = if after < end { Phase::Told { end } } else { Phase::Head };
                after <= end
            }
            Phase::Told { end } => {
                lane.phase = if after < end { Phase::Told { end } } else { Phase::Head };
                after <= end
            }
            Phase::UntilClose => {
                lane.wanted = 0;
                true
            }
            Phase::Chunks(Next::Data { left, line_end }) => {
                let Some(rest) = (left + u64::from(line_end)).checked_sub(gap.bytes) else { return false };
                lane.wanted = 0;
                lane.phase = Phase::Chunks(match (rest, line_end) {
                    (0, 1..) => Next::Size,
                    (0, 0) => Next::DataEnd,
                    (_, 0) => Next::Data { left: rest, line_end },
                    // One of them at least is the line end's.
                    (_, 1..) => Next::Data { left: rest - 1, line_end: 1 },
                });
                true
            }
            _ => false,
        }
    }

    /// What ends ahead of the connection's end is told so, as it would have been without a hook. What else is open ends with the
    /// connection, which the host knows.
    pub(super) fn close_bodies(&mut self, output: &mut Output<'_>) {
        for direction in [Direction::ClientToServer, Direction::ServerToClient] {
            if let Phase::Bytes { end } = self.lane(direction).phase {
                output.toward(direction).spanning(kind_of(direction), Part::End, end, end);
            }
        }
    }
}
