//! Takes: frames of the compressed protocol. Gives: the packets inside to the session ("Compressed Packet").
//!
//! Inflates no more than the session looks at, and no more than `inflater.rs` allows.

mod detect;
mod inflater;

use weir_plugin_sdk::prelude::*;

pub(crate) use self::detect::{is_frame_header, looks_framed, stored_command};
use self::inflater::{CHUNK, Inflated, Inflater};
use crate::budget::Grant;
use crate::packet::Place;
use crate::session::Session;

/// Bytes of a frame's header: compressed length, sequence id, length before compression.
const FRAME_HEADER: usize = 7;

/// Frames up to this length are waited for, so that no decompressor is held for them between two calls. Servers cut results
/// into 16 KiB (`net_buffer_length`).
const WHOLE_FRAME: usize = 64 << 10;

/// Inflated bytes that the session may leave unread: it asks for 64 KiB at most, and a chunk comes on top.
const UNREAD: usize = 256 << 10;

/// The head of one frame.
#[derive(Clone, Copy)]
struct FrameHeader {
    /// Of what stands behind the header.
    length: usize,
    sequence: u8,
    /// 0 when the content is not compressed.
    inflated: usize,
}

impl FrameHeader {
    fn read(bytes: &[u8]) -> Option<Self> {
        let &[a, b, c, sequence, x, y, z] = bytes.first_chunk::<FRAME_HEADER>()?;
        let number = |a, b, c| u32::from_le_bytes([a, b, c, 0]) as usize;
        Some(Self { length: number(a, b, c), sequence, inflated: number(x, y, z) })
    }
}

/// The frame that is being read.
#[derive(Debug)]
struct Frame {
    start: u64,
    end: u64,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Stored,
    /// So many bytes are still to come out.
    Deflated(Inflater, usize),
}

/// Where the content of a frame goes.
struct Inside<'a, 'o> {
    session: &'a mut Session,
    output: &'a mut Output<'o>,
    direction: Direction,
    time: u64,
    /// Of the frame.
    start: u64,
    end: u64,
}

/// Nothing more to see on this connection.
struct Over;

/// One direction of a compressed connection.
#[derive(Debug)]
pub(crate) struct Stream {
    /// The next byte begins a frame, or goes on with the one in `frame`.
    framed: bool,
    frame: Option<Frame>,
    /// Inflated bytes that the session left.
    unread: Vec<u8>,
    /// For the bytes in `unread`.
    grant: Grant,
    /// Position of the frame that the first of them came in.
    unread_start: u64,
    /// The session asks for so many bytes.
    wanted: usize,
    /// Inflated bytes that the session wants to step over.
    skip: u64,
}

impl Stream {
    pub(crate) fn new(framed: bool) -> Self {
        let (unread, grant) = (Vec::new(), Grant::default());
        Self { framed, frame: None, unread, grant, unread_start: 0, wanted: 0, skip: 0 }
    }

    /// Bytes are missing. Gives where the next frame begins, when that is known.
    pub(crate) fn lose(&mut self) -> Option<u64> {
        self.framed = false;
        self.forget();
        self.frame.take().map(|frame| frame.end)
    }

    /// The next byte begins a frame.
    pub(crate) fn frame_begins(&mut self) {
        self.framed = true;
    }

    fn forget(&mut self) {
        (self.unread, self.grant) = (Vec::new(), Grant::default());
        (self.wanted, self.skip) = (0, 0);
    }

    /// Deals with (a piece of) one frame at the front of the input.
    pub(crate) fn parse(&mut self, session: &mut Session, input: Input<'_>, output: &mut Output<'_>) -> Step {
        let (frame, at) = match self.frame.take() {
            Some(frame) => (frame, 0),
            None => match self.begin(session, input) {
                Ok(frame) => (frame, FRAME_HEADER),
                Err(step) => return step,
            },
        };
        let (start, end) = (frame.start, frame.end);
        let mut inside = Inside { session, output, direction: input.direction, time: input.time, start, end };
        let left = end.saturating_sub(input.position);
        let until = usize::try_from(left).unwrap_or(usize::MAX).min(input.bytes.len());
        let piece = input.bytes.get(at..until).unwrap_or_default();
        let body = match self.body(frame.body, piece, &mut inside) {
            Ok(Some(body)) => body,
            // Nothing more to see in this frame.
            Ok(None) => return Step::Consumed(left),
            Err(Over) => return Step::Finished,
        };
        if until as u64 != left {
            self.frame = Some(Frame { start, end, body });
        }
        Step::Consumed(until as u64)
    }

    fn begin(&mut self, session: &mut Session, input: Input<'_>) -> Result<Frame, Step> {
        if !self.framed {
            if is_frame_header(input.bytes) {
                return Err(Step::NeedMore);
            }
            if !looks_framed(input.bytes) {
                return Err(Step::Consumed(input.bytes.len() as u64));
            }
            self.framed = true;
        }
        let head = FrameHeader::read(input.bytes).ok_or(Step::NeedAtLeast(FRAME_HEADER as u32))?;
        let whole = FRAME_HEADER + head.length;
        let content = if head.inflated == 0 { head.length } else { head.inflated };
        if self.skip >= content as u64 {
            self.skip -= content as u64;
            return Err(Step::Consumed(whole as u64));
        }
        if head.length <= WHOLE_FRAME && input.bytes.len() < whole {
            return Err(Step::NeedAtLeast(whole as u32));
        }
        let body = match head.inflated {
            0 => Body::Stored,
            inflated => match Inflater::take(head.length) {
                Some(inflater) => Body::Deflated(inflater, inflated),
                None => {
                    self.give_up(session, input.direction);
                    return Err(Step::Consumed(whole as u64));
                }
            },
        };
        Ok(Frame { start: input.position, end: input.position.saturating_add(whole as u64), body })
    }

    /// Hands on what a piece of a frame holds. `None`: the rest of the frame is of no use.
    fn body(&mut self, body: Body, piece: &[u8], inside: &mut Inside<'_, '_>) -> Result<Option<Body>, Over> {
        let Body::Deflated(mut inflater, mut left) = body else {
            self.hand_on(piece, inside)?;
            return Ok(Some(Body::Stored));
        };
        let (mut piece, mut chunk) = (piece, [0; CHUNK]);
        loop {
            if self.skip >= left as u64 {
                self.skip -= left as u64;
                return Ok(None);
            }
            let inflated = inflater.inflate(&mut piece, &mut chunk, inside.time);
            let out = match inflated {
                Inflated::Some(out) | Inflated::NeedsMore(out) | Inflated::End(out) => out,
                Inflated::Refused => usize::MAX,
            };
            let (Some(rest), Some(content), false) =
                (left.checked_sub(out), chunk.get(..out), inside.session.quota.is_used_up())
            else {
                self.give_up(inside.session, inside.direction);
                return Ok(None);
            };
            left = rest;
            self.hand_on(content, inside)?;
            match inflated {
                Inflated::NeedsMore(_) => return Ok(Some(Body::Deflated(inflater, left))),
                Inflated::End(_) if left != 0 => {
                    self.give_up(inside.session, inside.direction);
                    return Ok(None);
                }
                _ => {}
            }
        }
    }

    /// Bytes inside of frames are not seen: where the next packet begins is not known.
    fn give_up(&mut self, session: &mut Session, direction: Direction) {
        self.forget();
        session.lose(direction);
    }

    /// Gives packets to the session.
    fn hand_on(&mut self, bytes: &[u8], inside: &mut Inside<'_, '_>) -> Result<(), Over> {
        let skipped = self.skip.min(bytes.len() as u64);
        self.skip -= skipped;
        let bytes = bytes.get(skipped as usize..).unwrap_or_default();
        if bytes.is_empty() {
            return Ok(());
        }
        let mut unread = std::mem::take(&mut self.unread);
        let earlier = unread.len();
        if earlier == 0 {
            let at = self.packets(bytes, 0, inside)?;
            unread.extend_from_slice(bytes.get(at..).unwrap_or_default());
        } else {
            unread.extend_from_slice(bytes);
            let at = self.packets(&unread, earlier, inside)?;
            unread.drain(..at);
        }
        self.keep(unread, inside);
        Ok(())
    }

    /// How many bytes the session took. `earlier` of them came in earlier frames.
    fn packets(
        &mut self,
        content: &[u8],
        earlier: usize,
        inside: &mut Inside<'_, '_>,
    ) -> Result<usize, Over> {
        let (start, end, mut at) = (inside.start, inside.end, 0);
        while let Some(rest) = content.get(at..).filter(|rest| !rest.is_empty() && rest.len() >= self.wanted)
        {
            self.wanted = 0;
            let earlier = earlier.saturating_sub(at);
            let place = Place::Frame { earlier, earlier_start: self.unread_start, start, end };
            match inside.session.parse(rest, inside.direction, place, inside.output) {
                Step::Consumed(0) | Step::NeedMore => break,
                Step::Consumed(n) => {
                    self.skip = n.saturating_sub(rest.len() as u64);
                    at += (n - self.skip) as usize;
                }
                Step::NeedAtLeast(wanted) => {
                    self.wanted = wanted as usize;
                    break;
                }
                Step::Violation => at = content.len(),
                Step::Finished | Step::Upgraded(_) => return Err(Over),
            }
        }
        if at >= earlier {
            self.unread_start = start;
        }
        Ok(at)
    }

    fn keep(&mut self, unread: Vec<u8>, inside: &mut Inside<'_, '_>) {
        if unread.is_empty() {
            self.grant = Grant::default();
            return;
        }
        self.grant = Grant::default();
        match Grant::of(unread.capacity()) {
            Some(grant) if unread.len() <= UNREAD => (self.unread, self.grant) = (unread, grant),
            _ => self.give_up(inside.session, inside.direction),
        }
    }
}
