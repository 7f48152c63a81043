//! Takes: the bytes of one connection, in order. Gives: the messages of its streams.
//!
//! The two directions share the table of streams; each has its own place in the bytes and its own header table.

mod data;
mod headers;
mod loss;
mod stop;

use std::rc::Rc;

use weir_plugin_sdk::prelude::*;
use weir_plugin_sdk::trace_context::TraceHeaders;

use crate::check;
use crate::frame::{self, FrameHeader, HEADER, PREFACE};
use crate::hpack::Decoder;
use crate::resync::{Begins, begins};
use crate::streams::{Streams, Usual};

/// Bytes of a header block, over all its frames: servers refuse more than 8 to 64 KiB. A larger one is stepped over.
const BLOCK_LIMIT: usize = 64 << 10;

/// Header blocks that are tried in one input while frames are searched: bytes of anything else look like one once in 2^30 places, and
/// each may cost the decoding of 16 KiB.
const TRIALS: usize = 8;

/// The parser of one connection.
#[derive(Debug)]
pub struct Http2 {
    trace_headers: Rc<TraceHeaders>,
    heads: bool,
    body_limit: u32,
    lanes: [Lane; 2],
    streams: Streams,
    /// Some response may have lost its end.
    doubted: bool,
    /// What all streams spoke of which that is known.
    usual: Usual,
}

/// One direction.
#[derive(Debug)]
struct Lane {
    decoder: Decoder,
    /// Frames were lost, and nobody knows yet whether header blocks were among them.
    is_suspect: bool,
    phase: Phase,
    /// A header block that goes on in CONTINUATION frames.
    block: Option<Box<Block>>,
    /// Behind the last frame that was dealt with, or in front of the present one.
    done: u64,
    /// When it was captured, nanoseconds since 1970.
    time: u64,
}

/// What the next byte of a direction is.
#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The first one of a frame.
    Frame,
    /// Inside of a DATA frame that some hook wants to see.
    Data(DataFrame),
    /// Inside of a frame of which bytes were lost; it ends here.
    Inside(u64),
    /// Any one: frames are searched.
    Anywhere,
}

/// The rest of a DATA frame.
#[derive(Clone, Copy, Debug)]
struct DataFrame {
    stream: u32,
    /// Payload bytes to come, without padding.
    left: u32,
    /// Position behind the frame.
    end: u64,
    ends_stream: bool,
}

/// A header block on its way.
#[derive(Debug, Default)]
struct Block {
    stream: u32,
    promised: Option<u32>,
    ends_stream: bool,
    /// Position of its first frame.
    start: u64,
    fragment: Vec<u8>,
}

impl Lane {
    fn new(from_start: bool) -> Self {
        let phase = if from_start { Phase::Frame } else { Phase::Anywhere };
        Self { decoder: Decoder::new(from_start), is_suspect: false, phase, block: None, done: 0, time: 0 }
    }
}

impl Parser for Http2 {
    fn manifest() -> Manifest {
        let [fronts, frames] = check::signatures();
        Manifest::new("http2", env!("CARGO_PKG_VERSION"))
            .protocol("HTTP2")
            .protocol("gRPC")
            .protocol("Triple")
            .signature(fronts)
            .signature(frames)
    }

    fn check(payload: &[u8], probe: &Probe) -> Verdict {
        check::check(payload, probe)
    }

    fn open(flow: &Flow) -> Self {
        Self {
            trace_headers: TraceHeaders::configured(),
            heads: flow.heads,
            body_limit: flow.body_limit,
            lanes: [Lane::new(flow.from_start), Lane::new(flow.from_start)],
            streams: Streams::default(),
            doubted: false,
            usual: Usual::default(),
        }
    }

    fn parse(&mut self, input: Input<'_>, output: &mut Output<'_>) -> Step {
        let lane = self.lane(input.direction);
        lane.time = input.time;
        match lane.phase {
            Phase::Frame => self.frame(&input, output),
            Phase::Data(frame) => self.data(frame, &input, output),
            Phase::Inside(end) => {
                lane.phase = Phase::Frame;
                match end.checked_sub(input.position) {
                    Some(rest @ 1..) => Step::Consumed(rest),
                    _ => self.frame(&input, output),
                }
            }
            Phase::Anywhere => self.search(&input, output),
        }
    }

    fn gap(&mut self, gap: &Gap<'_>, output: &mut Output<'_>) {
        self.lost_bytes(gap, output);
    }
}

impl Http2 {
    fn lane(&mut self, direction: Direction) -> &mut Lane {
        &mut self.lanes[direction.index()]
    }

    fn frame(&mut self, input: &Input<'_>, output: &mut Output<'_>) -> Step {
        let Some(header) = FrameHeader::read(input.bytes) else {
            return Step::NeedAtLeast(HEADER as u32);
        };
        if !header.is_possible() {
            return self.preface(input);
        }
        let lane = self.lane(input.direction);
        lane.done = input.position;
        if lane.block.is_some() && header.kind != frame::CONTINUATION {
            // RFC 9113 section 6.10 forbids it; the block will never be whole.
            lane.block = None;
            lane.lose_table();
        }
        let step = match header.kind {
            frame::DATA => self.data_frame(header, input, output),
            frame::HEADERS | frame::PUSH_PROMISE | frame::CONTINUATION => {
                self.header_frame(header, input, output)
            }
            frame::RST_STREAM => self.reset_frame(header, input, output),
            frame::GOAWAY => self.goaway_frame(header, input, output),
            _ => Step::Consumed(header.total() as u64),
        };
        if let (Step::Consumed(bytes), true) = (step, header.kind != frame::DATA) {
            self.lane(input.direction).done = input.position.saturating_add(bytes);
        }
        step
    }

    /// No frame: the client's preface, or nothing that belongs here.
    fn preface(&mut self, input: &Input<'_>) -> Step {
        if input.direction == Direction::ClientToServer {
            match begins(input.bytes.get(..PREFACE.len()).unwrap_or(input.bytes)) {
                Begins::Maybe if input.bytes.first() == PREFACE.first() => {
                    return Step::NeedAtLeast(PREFACE.len() as u32);
                }
                Begins::Yes(_) => {
                    // Nothing was sent before it.
                    let lane = self.lane(input.direction);
                    lane.decoder = Decoder::new(true);
                    lane.is_suspect = false;
                    return Step::Consumed(PREFACE.len() as u64);
                }
                _ => {}
            }
        }
        self.out_of_step(input.direction, input.time);
        Step::Violation
    }

    /// Lets bytes go by until a frame begins. That is no violation: the place was not known.
    fn search(&mut self, input: &Input<'_>, output: &mut Output<'_>) -> Step {
        let mut blocks = 0;
        for at in 0..input.bytes.len() {
            let rest = input.bytes.get(at..).unwrap_or_default();
            if !matches!(rest.first(), Some(0 | b'P')) {
                continue;
            }
            if rest.get(3) == Some(&frame::HEADERS)
                && FrameHeader::read(rest).is_some_and(FrameHeader::is_strict)
            {
                blocks += 1;
                if blocks > TRIALS {
                    break;
                }
            }
            match begins(rest) {
                Begins::No => {}
                Begins::Maybe if rest.len() > BLOCK_LIMIT => {}
                Begins::Maybe if at == 0 => return Step::NeedMore,
                Begins::Maybe => return Step::Consumed(at as u64),
                Begins::Yes(_) => {
                    self.lane(input.direction).phase = Phase::Frame;
                    if at > 0 {
                        return Step::Consumed(at as u64);
                    }
                    return self.frame(input, output);
                }
            }
        }
        Step::Consumed(input.bytes.len() as u64)
    }
}

#[cfg(test)]
mod tests;
