//! Takes: gaps. Gives: what the bytes before them still tell. The place of the next frame is kept where it is known.

use weir_plugin_sdk::prelude::*;

use super::headers::Place;
use super::{Http2, Lane, Phase};
use crate::frame::{self, FrameHeader, HEADER};
use crate::resync::begins_cut;
use crate::streams::Progress;

/// A message of which the last frames may be lost is ended when its stream was silent for so long, nanoseconds: longer than usual
/// keep-alive pings of streams.
const DOUBT_TIME: u64 = 60_000_000_000;

impl Http2 {
    pub(super) fn lost_bytes(&mut self, gap: &Gap<'_>, output: &mut Output<'_>) {
        let direction = gap.direction;
        let after = gap.position.saturating_add(gap.bytes);
        let lane = self.lane(direction);
        let time = lane.time;
        lane.done = lane.done.max(after);
        let end = match lane.phase {
            Phase::Frame => self.cut_frame(gap, output),
            Phase::Inside(end) => Some(end),
            Phase::Data(frame) => {
                if let Some(stream) = self.streams.find(frame.stream) {
                    stream.half(direction).body.is_broken = true;
                }
                if frame.ends_stream {
                    self.end(frame.stream, direction, frame.end, output);
                }
                Some(frame.end)
            }
            Phase::Anywhere if begins_cut(gap.unread) => self.cut_frame(gap, output),
            Phase::Anywhere => None,
        };
        match end {
            Some(end) if end >= after => self.lane(direction).phase = Phase::Inside(end),
            _ => self.lost_frames(direction, time),
        }
    }

    /// Whole frames are missing. Whether header blocks were among them may show later: until then the header table is suspect.
    fn lost_frames(&mut self, direction: Direction, time: u64) {
        let trailers_may_be_lost = direction == Direction::ClientToServer
            && self
                .streams
                .iter_mut()
                .any(|stream| stream.progress(direction) == Progress::Begun && !stream.protocol.is_grpc());
        let is_suspect = !trailers_may_be_lost && self.lane(direction).block.is_none();
        self.leave_step(direction, time);
        let lane = self.lane(direction);
        if is_suspect {
            lane.is_suspect = true;
        } else {
            lane.lose_table();
        }
    }

    /// Before a header block of a suspect table: whether one was lost. Nothing is taken for granted that RFC 9113 or gRPC leave open.
    pub(super) fn settle_suspicion(&mut self, place: &Place, fragment: &[u8]) {
        if !self.lane(place.direction).is_suspect {
            return;
        }
        let nothing_lost = match place.direction {
            Direction::ClientToServer => self.streams.is_next_request(place.stream),
            Direction::ServerToClient => self.is_only_answer(place, fragment),
        };
        let lane = self.lane(place.direction);
        lane.is_suspect = false;
        if !nothing_lost {
            lane.lose_table();
        }
    }

    /// All requests are known, one call of gRPC is on its way, and this is the next block of its answer: no other one can have
    /// been sent (gRPC has neither interim responses nor pushes).
    fn is_only_answer(&mut self, place: &Place, fragment: &[u8]) -> bool {
        let client = self.lane(Direction::ClientToServer);
        if client.is_suspect || matches!(client.phase, Phase::Anywhere) {
            return false;
        }
        let Some(progress) = self.streams.only_call(place.stream) else { return false };
        // `:status`, indexed or with a name of the static table (RFC 7541 appendix A).
        let is_head = matches!(fragment.first(), Some(0x88..=0x8e | 0x48 | 0x08 | 0x18));
        match progress {
            Progress::Unseen => is_head,
            Progress::Begun => place.ends_stream && !is_head,
            Progress::Ended => false,
        }
    }

    /// The frame that a loss cuts off: where it ends, when its header is here.
    fn cut_frame(&mut self, gap: &Gap<'_>, output: &mut Output<'_>) -> Option<u64> {
        let header = FrameHeader::read(gap.unread).filter(|header| header.is_possible())?;
        let direction = gap.direction;
        let start = gap.position.saturating_sub(gap.unread.len() as u64);
        let end = start.saturating_add(header.total() as u64);
        let payload = gap.unread.get(HEADER..).unwrap_or_default();
        let lane = self.lane(direction);
        let time = lane.time;
        let block = lane.block.take().filter(|block| block.stream == header.stream);
        let mut place = Place {
            direction,
            stream: header.stream,
            promised: None,
            ends_stream: header.ends_stream(),
            start,
            end,
            time,
        };
        match (header.kind, header.fragment(payload)) {
            (frame::HEADERS | frame::PUSH_PROMISE, Some((fragment, promised))) => {
                place.promised = promised;
                if header.kind == frame::HEADERS || promised.is_some() {
                    self.cut_block(place, fragment, output);
                }
            }
            (frame::CONTINUATION, Some((fragment, _))) => {
                if let Some(mut block) = block {
                    block.fragment.extend_from_slice(fragment);
                    place.promised = block.promised;
                    place.ends_stream = block.ends_stream;
                    place.start = block.start;
                    self.cut_block(place, &block.fragment, output);
                }
            }
            (frame::DATA, _) if header.ends_stream() => {
                self.end(header.stream, direction, end, output);
                return Some(end);
            }
            _ => return Some(end),
        }
        self.lane(direction).lose_table();
        Some(end)
    }

    /// These are no frames: where the next one begins nobody knows, and what was in the ones before it neither.
    pub(super) fn out_of_step(&mut self, direction: Direction, time: u64) {
        self.leave_step(direction, time);
        self.lane(direction).lose_table();
    }

    fn leave_step(&mut self, direction: Direction, time: u64) {
        let lane = self.lane(direction);
        lane.phase = Phase::Anywhere;
        lane.block = None;
        for stream in self.streams.iter_mut() {
            let half = stream.half(direction);
            half.body.is_broken = true;
            if half.progress == Progress::Begun
                && direction == Direction::ServerToClient
                && stream.doubted == 0
            {
                stream.doubted = time.max(1);
                self.doubted = true;
            }
        }
    }

    /// Ends responses whose last frames seem to be lost.
    pub(super) fn settle_doubts(&mut self, now: u64, output: &mut Output<'_>) {
        if !self.doubted {
            return;
        }
        let is_late = |doubted: u64| doubted != 0 && now.saturating_sub(doubted) > DOUBT_TIME;
        for stream in self.streams.take(|stream| is_late(stream.doubted)) {
            self.stop(stream, 0, None, output);
        }
        self.doubted = self.streams.iter_mut().any(|stream| stream.doubted != 0);
    }
}

impl Lane {
    /// A header block was lost, whole or in part.
    pub(super) fn lose_table(&mut self) {
        self.is_suspect = false;
        self.decoder.lost();
    }
}
