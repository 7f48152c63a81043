//! Takes: RST_STREAM and GOAWAY frames. Gives: the ends of messages that will not come to one by themselves.

use weir_plugin_sdk::prelude::*;

use super::Http2;
use super::headers::{end_request, tell_late_code};
use crate::frame::{FrameHeader, HEADER, error_name};
use crate::streams::{Progress, Stream};

const NO_ERROR: u32 = 0;

impl Http2 {
    pub(super) fn reset_frame(
        &mut self,
        header: FrameHeader,
        input: &Input<'_>,
        output: &mut Output<'_>,
    ) -> Step {
        let Some(code) = input.bytes.get(HEADER..).and_then(|payload| payload.first_chunk()) else {
            return Step::NeedAtLeast(header.total() as u32);
        };
        let code = u32::from_be_bytes(*code);
        if let Some(stream) = self.streams.find(header.stream).copied() {
            self.streams.reset(header.stream);
            self.stop(stream, code, Some(input.direction), output);
        }
        Step::Consumed(header.total() as u64)
    }

    /// Requests that the server will not look at any more (RFC 9113 section 6.8).
    pub(super) fn goaway_frame(
        &mut self,
        header: FrameHeader,
        input: &Input<'_>,
        output: &mut Output<'_>,
    ) -> Step {
        let Some(&[a, b, c, d, e, f, g, h]) =
            input.bytes.get(HEADER..).and_then(|payload| payload.first_chunk())
        else {
            return Step::NeedAtLeast(HEADER as u32 + 8);
        };
        if input.direction == Direction::ServerToClient {
            let last = u32::from_be_bytes([a, b, c, d]) & 0x7fff_ffff;
            let code = u32::from_be_bytes([e, f, g, h]);
            let is_refused = |stream: &Stream| {
                let unanswered = stream.progress(Direction::ServerToClient) == Progress::Unseen;
                !stream.is_push && stream.id > last && unanswered
            };
            for stream in self.streams.take(is_refused) {
                self.stop(stream, code, Some(input.direction), output);
            }
        }
        Step::Consumed(header.total() as u64)
    }

    /// Ends what is open of a stream that is no longer followed. `by`: who reset it; nobody, when this parser gave it up.
    pub(super) fn stop(
        &mut self,
        mut stream: Stream,
        code: u32,
        by: Option<Direction>,
        output: &mut Output<'_>,
    ) {
        let done = self.lanes.each_ref().map(|lane| lane.done);
        let (client, server) = (Direction::ClientToServer, Direction::ServerToClient);
        let answered = stream.progress(server) == Progress::Begun;
        let (direction, kind) = match (answered, stream.is_push) {
            (true, _) => {
                end_request(&mut stream, done, output);
                (server, stream.kind(server))
            }
            // No answer will come: the request stands alone.
            (false, false) if stream.progress(client) != Progress::Unseen && by.is_some() => {
                (client, Kind::OneWay)
            }
            _ => return,
        };
        let end = done[direction.index()];
        let start = end.saturating_sub(stream.half(direction).bytes);
        let mut output = output.toward(direction);
        let mut message = output.spanning(kind, Part::End, start, end);
        message.correlation(u64::from(stream.id)).protocol(stream.protocol.index());
        if answered {
            tell_late_code(&mut stream, &mut message);
        }
        if code == NO_ERROR || by.is_none() {
            return;
        }
        message.text(Field::ResponseException, error_name(code));
        if by == Some(server) {
            message.status(Status::ServerError);
        }
    }

    /// Adds a stream; one that has to go for it is ended.
    pub(super) fn insert(&mut self, stream: Stream, output: &mut Output<'_>) {
        if let (_, Some(dropped)) = self.streams.insert(stream) {
            self.stop(dropped, NO_ERROR, None, output);
        }
    }
}
