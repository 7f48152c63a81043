//! Takes: frames of the compressed protocol. Gives: the packets inside to the session ("Compressed Packet").
//!
//! Inflates no more than the session looks at, and no more than [`CREDIT`] allows.

use std::cell::{Cell, RefCell};

use miniz_oxide::inflate::stream::{InflateState, ZeroReset, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};
use weir_plugin_sdk::prelude::*;

use crate::command::command;
use crate::packet::{HEADER, Header, Place};
use crate::resync::is_command;
use crate::session::Session;

/// Bytes of a frame's header: compressed length, sequence id, length before compression.
const FRAME_HEADER: usize = 7;

/// Frames up to this length are waited for, so that no decompressor is held for them between two calls. Servers cut results
/// into 16 KiB (`net_buffer_length`).
const WHOLE_FRAME: usize = 64 << 10;

/// Decompressors of 43 KB each that longer frames may hold at a time in one instance: 3 MB.
const HELD: usize = 64;

/// Bytes that are inflated at a time.
const CHUNK: usize = 16 << 10;

/// Bytes that may come out of each byte that went in, over time. Deflate reaches 1032; result sets reach 10 to 50.
const RATIO: u64 = 128;

/// What a connection may inflate at its start and save up, whatever the ratio: a row of a megabyte of one letter, and no
/// more than a few milliseconds.
const CREDIT: u64 = 1 << 20;

/// Inflated bytes that the session may leave unread: it asks for 64 KiB at most, and a chunk comes on top.
const UNREAD: usize = 256 << 10;

thread_local! {
    static POOL: RefCell<Vec<Box<InflateState>>> = const { RefCell::new(Vec::new()) };
    static OUT: Cell<usize> = const { Cell::new(0) };
}

/// A decompressor that goes back to where it came from.
struct Inflater(Option<Box<InflateState>>);

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inflater")
    }
}

impl Inflater {
    fn take() -> Option<Self> {
        let out = OUT.get();
        if out >= HELD {
            return None;
        }
        OUT.set(out + 1);
        let mut state = POOL
            .with_borrow_mut(Vec::pop)
            .unwrap_or_else(|| InflateState::new_boxed(DataFormat::ZLibIgnoreChecksum));
        // With its memory: a hostile stream may refer to what stood there before.
        state.reset_as(ZeroReset);
        Some(Self(Some(state)))
    }
}

impl Drop for Inflater {
    fn drop(&mut self) {
        OUT.set(OUT.get().saturating_sub(1));
        if let Some(state) = self.0.take() {
            POOL.with_borrow_mut(|pool| {
                if pool.is_empty() {
                    pool.push(state);
                }
            });
        }
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
    Deflated {
        inflater: Inflater,
        /// Bytes that are still to come out.
        left: usize,
    },
}

/// One direction of a compressed connection.
#[derive(Debug)]
pub(crate) struct Stream {
    /// The next byte begins a frame, or goes on with the one in `frame`.
    framed: bool,
    frame: Option<Frame>,
    /// Inflated bytes that the session left.
    unread: Vec<u8>,
    /// Position of the frame that the first of them came in.
    unread_start: u64,
    /// The session asks for so many bytes.
    wanted: usize,
    /// Inflated bytes that the session wants to step over.
    skip: u64,
    credit: u64,
}

impl Stream {
    pub(crate) fn new(framed: bool) -> Self {
        Self { framed, frame: None, unread: Vec::new(), unread_start: 0, wanted: 0, skip: 0, credit: CREDIT }
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
        self.unread = Vec::new();
        (self.wanted, self.skip) = (0, 0);
    }

    /// Deals with (a piece of) one frame at the front of the input.
    pub(crate) fn parse(&mut self, session: &mut Session, input: Input<'_>, output: &mut Output<'_>) -> Step {
        match self.frame.take() {
            Some(frame) => self.body(frame, 0, session, input, output),
            None => self.begin(session, input, output),
        }
    }

    fn begin(&mut self, session: &mut Session, input: Input<'_>, output: &mut Output<'_>) -> Step {
        if !self.framed {
            if is_frame_header(input.bytes) {
                return Step::NeedMore;
            }
            if !looks_framed(input.bytes) {
                return Step::Consumed(input.bytes.len() as u64);
            }
            self.framed = true;
        }
        let Some((head, behind)) = input.bytes.split_first_chunk::<FRAME_HEADER>() else {
            return Step::NeedAtLeast(FRAME_HEADER as u32);
        };
        let [a, b, c, _sequence, x, y, z] = *head;
        let length = usize::from(a) | usize::from(b) << 8 | usize::from(c) << 16;
        let inflated = usize::from(x) | usize::from(y) << 8 | usize::from(z) << 16;
        let whole = FRAME_HEADER + length;
        let content = if inflated == 0 { length } else { inflated };
        if self.skip >= content as u64 {
            self.skip -= content as u64;
            return Step::Consumed(whole as u64);
        }
        if length <= WHOLE_FRAME && behind.len() < length {
            return Step::NeedAtLeast(whole as u32);
        }
        self.credit = self.credit.saturating_add(length as u64 * RATIO).min(CREDIT);
        let body = match inflated {
            0 => Body::Stored,
            left => match Inflater::take() {
                Some(inflater) => Body::Deflated { inflater, left },
                None => return self.give_up(whole as u64, session, input.direction),
            },
        };
        let end = input.position.saturating_add(whole as u64);
        self.body(Frame { start: input.position, end, body }, FRAME_HEADER, session, input, output)
    }

    /// Hands on what `input` holds of a frame from `at` on.
    fn body(
        &mut self,
        mut frame: Frame,
        at: usize,
        session: &mut Session,
        input: Input<'_>,
        output: &mut Output<'_>,
    ) -> Step {
        let left = frame.end.saturating_sub(input.position);
        let until = usize::try_from(left).unwrap_or(usize::MAX).min(input.bytes.len());
        let piece = input.bytes.get(at..until).unwrap_or_default();
        let direction = input.direction;
        let border = (frame.start, frame.end);
        let finished = match &mut frame.body {
            Body::Stored => self.hand_on(piece, border, session, direction, output),
            Body::Deflated { inflater, left: out_left } => {
                match self.inflate(inflater, out_left, piece, border, session, direction, output) {
                    Some(finished) => finished,
                    None => return self.give_up(left, session, direction),
                }
            }
        };
        if finished {
            return Step::Finished;
        }
        if until as u64 != left {
            self.frame = Some(frame);
        }
        Step::Consumed(until as u64)
    }

    /// `None`: broken, or more than a connection may inflate.
    #[allow(clippy::too_many_arguments)] // pieces of one frame
    fn inflate(
        &mut self,
        inflater: &mut Inflater,
        left: &mut usize,
        piece: &[u8],
        border: (u64, u64),
        session: &mut Session,
        direction: Direction,
        output: &mut Output<'_>,
    ) -> Option<bool> {
        let state = inflater.0.as_mut()?;
        let (mut piece, mut chunk) = (piece, [0; CHUNK]);
        loop {
            if self.skip >= *left as u64 {
                // Nobody wants to see the rest of it.
                self.skip -= *left as u64;
                *left = 0;
                return Some(false);
            }
            let result = inflate(state, piece, &mut chunk, MZFlush::None);
            piece = piece.get(result.bytes_consumed..)?;
            let out = result.bytes_written;
            *left = left.checked_sub(out)?;
            self.credit = self.credit.checked_sub(out as u64)?;
            if self.hand_on(chunk.get(..out)?, border, session, direction, output) {
                return Some(true);
            }
            match result.status {
                Ok(MZStatus::StreamEnd) => return (*left == 0).then_some(false),
                Ok(_) if piece.is_empty() && out < CHUNK => return Some(false),
                Ok(_) => {}
                // No input and nothing to give: more comes later.
                Err(miniz_oxide::MZError::Buf) => return Some(false),
                Err(_) => return None,
            }
        }
    }

    /// Steps over the rest of a frame; where packets begin behind it is not known.
    fn give_up(&mut self, bytes: u64, session: &mut Session, direction: Direction) -> Step {
        self.forget();
        session.lose(direction);
        Step::Consumed(bytes)
    }

    /// Gives packets to the session; true when it is finished.
    fn hand_on(
        &mut self,
        bytes: &[u8],
        border: (u64, u64),
        session: &mut Session,
        direction: Direction,
        output: &mut Output<'_>,
    ) -> bool {
        let skipped = self.skip.min(bytes.len() as u64);
        self.skip -= skipped;
        let bytes = bytes.get(skipped as usize..).unwrap_or_default();
        if bytes.is_empty() {
            return false;
        }
        let mut unread = std::mem::take(&mut self.unread);
        let earlier = unread.len();
        if earlier != 0 {
            unread.extend_from_slice(bytes);
        }
        let content = if earlier == 0 { bytes } else { unread.as_slice() };
        let (start, end) = border;
        let mut at = 0;
        while let Some(rest) = content.get(at..).filter(|rest| !rest.is_empty() && rest.len() >= self.wanted)
        {
            self.wanted = 0;
            let earlier = earlier.saturating_sub(at);
            let place = Place::Frame { earlier, earlier_start: self.unread_start, start, end };
            match session.parse(rest, direction, place, output) {
                Step::Consumed(n) => {
                    self.skip = n.saturating_sub(rest.len() as u64);
                    at += (n - self.skip) as usize;
                    if n == 0 {
                        break;
                    }
                }
                Step::NeedMore => break,
                Step::NeedAtLeast(wanted) => {
                    self.wanted = wanted as usize;
                    break;
                }
                Step::Violation => at = content.len(),
                Step::Finished | Step::Upgraded(_) => return true,
            }
        }
        if at >= earlier {
            self.unread_start = start;
        }
        if earlier == 0 {
            unread.extend_from_slice(bytes.get(at..).unwrap_or_default());
        } else {
            unread.drain(..at);
        }
        if unread.len() > UNREAD {
            self.forget();
            session.lose(direction);
        } else if !unread.is_empty() {
            self.unread = unread;
        }
        false
    }
}

/// The packet in a frame that holds one command as it is: how clients send short ones.
pub(crate) fn stored_command(bytes: &[u8]) -> Option<&[u8]> {
    let (&[a, b, c, 0, 0, 0, 0], packet) = bytes.split_first_chunk()? else { return None };
    let length = usize::from(a) | usize::from(b) << 8 | usize::from(c) << 16;
    let (head, byte) = (Header::read(packet)?, *packet.get(HEADER)?);
    let fits = head.sequence == 0
        && head.whole() == length
        && packet.len() == length
        && command(byte).is_some_and(|c| c.fits(head.length));
    fits.then_some(packet)
}

/// Bytes from somewhere begin a frame: stored packets that fill it, or a zlib header.
pub(crate) fn looks_framed(bytes: &[u8]) -> bool {
    if stored_command(bytes).is_some() {
        return true;
    }
    let Some((&[a, b, c, sequence, x, y, z], content)) = bytes.split_first_chunk() else { return false };
    let length = usize::from(a) | usize::from(b) << 8 | usize::from(c) << 16;
    let inflated = usize::from(x) | usize::from(y) << 8 | usize::from(z) << 16;
    match (inflated, content) {
        (0, content) => Header::read(content).is_some_and(|h| {
            sequence == 1
                && h.sequence == 1
                && h.length != 0
                && h.whole() <= length
                && content.len() >= length
        }),
        // Deflate with a window of 32 KiB, and the check bits of RFC 1950.
        (_, [0x78, flags, ..]) => {
            inflated >= length && (0x7800 | u16::from(*flags)) % 31 == 0 && flags & 0x20 == 0 && length > 8
        }
        _ => false,
    }
}

/// The whole input may be the header of a frame that a client is about to send.
pub(crate) fn is_frame_header(bytes: &[u8]) -> bool {
    let &[a, b, c, 0, x, y, z] = bytes else { return false };
    let length = u32::from_le_bytes([a, b, c, 0]);
    let inflated = u32::from_le_bytes([x, y, z, 0]);
    length > HEADER as u32 && (inflated == 0 || inflated > length) && !is_command(bytes)
}
