//! Takes: DATA frames. Gives: the ends of messages, and pieces of bodies where a hook wants them. All others are stepped over.

use weir_plugin_sdk::prelude::*;

use super::headers::{end_request, name_stream, tell_late_code};
use super::{DataFrame, Http2, Phase};
use crate::frame::{FrameHeader, HEADER};
use crate::grpc;
use crate::streams::{Progress, Protocol};

impl Http2 {
    pub(super) fn data_frame(
        &mut self,
        header: FrameHeader,
        input: &Input<'_>,
        output: &mut Output<'_>,
    ) -> Step {
        let total = header.total() as u64;
        let (direction, limit) = (input.direction, self.body_limit);
        let mut wanted = false;
        if let Some(stream) = self.streams.find(header.stream) {
            stream.doubted = 0;
            let unsure = stream.protocol == Protocol::Unsure && !header.is_padded();
            let half = stream.half(direction);
            if unsure && !half.has_data && header.length as usize >= grpc::PREFIX {
                let Some(payload) = input.bytes.get(HEADER..HEADER + grpc::PREFIX) else {
                    return Step::NeedAtLeast((HEADER + grpc::PREFIX) as u32);
                };
                if grpc::is_message(payload, header.length) {
                    stream.protocol = Protocol::Grpc;
                }
            }
            let half = stream.half(direction);
            half.has_data = true;
            half.bytes += total;
            wanted = limit > 0 && half.progress == Progress::Begun && !half.body.is_broken;
        }
        let end = input.position.saturating_add(total);
        // It may be the last one of a request that is answered before it ends, whose bytes all of this frame's are.
        self.lane(direction).done = end;
        if !wanted {
            if header.ends_stream() {
                self.end(header.stream, direction, end, output);
            }
            return Step::Consumed(total);
        }
        let Some((front, padding)) = padding(header, input.bytes) else {
            return Step::NeedAtLeast(HEADER as u32 + 1);
        };
        let Some(left) = header.length.checked_sub(front + padding) else {
            self.out_of_step(direction, input.time);
            return Step::Violation;
        };
        let frame = DataFrame { stream: header.stream, left, end, ends_stream: header.ends_stream() };
        let front = HEADER as u64 + u64::from(front);
        if left > 0 {
            self.lane(direction).phase = Phase::Data(frame);
            return Step::Consumed(front);
        }
        self.leave(frame, direction, output);
        Step::Consumed(total)
    }

    /// Payload that some hook wants to see.
    pub(super) fn data(&mut self, mut frame: DataFrame, input: &Input<'_>, output: &mut Output<'_>) -> Step {
        let (direction, limit) = (input.direction, self.body_limit);
        let here = input.bytes.len().min(frame.left as usize);
        let mut rest = input.bytes.get(..here).unwrap_or_default();
        frame.left -= here as u32;
        let mut skip = u64::MAX;
        if let Some(stream) = self.streams.find(frame.stream) {
            let (id, kind, protocol) = (u64::from(stream.id), stream.kind(direction), stream.protocol);
            let body = &mut stream.half(direction).body;
            while !rest.is_empty() && !body.is_broken {
                let (used, piece) = match protocol.is_grpc() {
                    true => body.grpc(rest, limit),
                    false => (rest.len(), body.http(rest, limit)),
                };
                rest = rest.get(used..).unwrap_or_default();
                if let Some(piece) = piece {
                    let mut message = output.more(kind);
                    message.correlation(id).protocol(protocol.index());
                    piece.tell(&mut message);
                }
            }
            if !body.is_broken {
                let unwanted = body.unwanted(protocol.is_grpc(), limit).min(frame.left);
                body.skip(if protocol.is_grpc() { unwanted } else { 0 });
                skip = u64::from(unwanted);
            }
        }
        let skip = skip.min(u64::from(frame.left));
        frame.left -= skip as u32;
        if frame.left == 0 {
            self.leave(frame, direction, output);
            return Step::Consumed(frame.end.saturating_sub(input.position));
        }
        self.lane(direction).phase = Phase::Data(frame);
        Step::Consumed(here as u64 + skip)
    }

    /// Nothing more of a DATA frame is wanted.
    fn leave(&mut self, frame: DataFrame, direction: Direction, output: &mut Output<'_>) {
        self.lane(direction).phase = Phase::Frame;
        if frame.ends_stream {
            self.end(frame.stream, direction, frame.end, output);
        }
    }

    /// A message ends at this position.
    pub(super) fn end(&mut self, id: u32, direction: Direction, end: u64, output: &mut Output<'_>) {
        let done = self.lanes.each_ref().map(|lane| lane.done);
        let Some(stream) = self.streams.find(id) else { return };
        let half = stream.half(direction);
        let (before, bytes) = (half.progress, half.bytes);
        half.progress = Progress::Ended;
        let is_response = direction == Direction::ServerToClient;
        if is_response {
            end_request(stream, done, output);
        }
        let start = end.saturating_sub(bytes);
        let mut output = output.toward(direction);
        match before {
            Progress::Begun => {
                let mut message = output.spanning(stream.kind(direction), Part::End, start, end);
                message.correlation(u64::from(id)).protocol(stream.protocol.index());
                if is_response {
                    tell_late_code(stream, &mut message);
                }
            }
            // Its head was lost, but it is an answer.
            Progress::Unseen if is_response => {
                let mut message = output.spanning(Kind::Response, Part::Whole, start, end);
                name_stream(stream, &mut message);
            }
            Progress::Unseen | Progress::Ended => {}
        }
        if is_response {
            self.streams.remove(id);
        }
    }
}

/// Bytes of the padding's length, and of the padding (RFC 9113 section 6.1). `None`: not here yet.
fn padding(header: FrameHeader, bytes: &[u8]) -> Option<(u32, u32)> {
    if !header.is_padded() || header.length == 0 {
        return Some((0, 0));
    }
    bytes.get(HEADER).map(|padding| (1, u32::from(*padding)))
}
