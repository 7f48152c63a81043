//! Takes: a connection's bytes. Gives: them, plain or unwrapped, to the session.

use weir_plugin_sdk::prelude::*;

use crate::budget::Quota;
use crate::check;
use crate::compress::{Stream, is_frame_header, looks_framed};
use crate::packet::Place;
use crate::session::Session;

/// The parser of one connection.
#[derive(Debug)]
pub struct MySql {
    session: Session,
    wire: Wire,
    /// By direction: where a packet or frame begins behind a gap.
    resume: [u64; 2],
    /// By direction: where the last input ended, which tells the rest of it from a new one.
    seen: [u64; 2],
}

/// How packets are wrapped.
#[derive(Debug)]
enum Wire {
    Plain,
    /// Joined in the middle, or the handshake was lost, and no answer was recognised yet.
    Undecided,
    Compressed(Box<[Stream; 2]>),
}

impl Parser for MySql {
    fn manifest() -> Manifest {
        check::signatures(Manifest::new("mysql", env!("CARGO_PKG_VERSION")).protocol("MySQL"))
    }

    fn check(payload: &[u8], probe: &Probe) -> Verdict {
        check::check(payload, probe)
    }

    fn open(flow: &Flow) -> Self {
        let wire = if flow.from_start { Wire::Plain } else { Wire::Undecided };
        Self { session: Session::new(flow.from_start), wire, resume: [0; 2], seen: [0; 2] }
    }

    fn parse(&mut self, input: Input<'_>, output: &mut Output<'_>) -> Step {
        let ahead = self.resume[input.direction.index()].saturating_sub(input.position);
        if ahead != 0 {
            return Step::Consumed(ahead);
        }
        let end = input.position.saturating_add(input.bytes.len() as u64);
        if std::mem::replace(&mut self.seen[input.direction.index()], end) != end {
            self.session.quota = Quota::of(input.bytes.len());
        }
        if matches!(self.wire, Wire::Undecided) {
            if is_frame_header(input.bytes) {
                return Step::NeedMore;
            }
            if looks_framed(input.bytes) {
                self.session.lose(Direction::ClientToServer);
                self.session.lose(Direction::ServerToClient);
                self.wire = Wire::Compressed(Box::new([Stream::new(false), Stream::new(false)]));
            }
        }
        let place = Place::Plain(input.position);
        match &mut self.wire {
            Wire::Compressed(streams) => {
                streams[input.direction.index()].parse(&mut self.session, input, output)
            }
            Wire::Plain | Wire::Undecided => {
                let step = self.session.parse(input.bytes, input.direction, place, output);
                if self.session.compresses {
                    self.wire = Wire::Compressed(Box::new([Stream::new(true), Stream::new(true)]));
                } else if self.session.is_synced(Direction::ServerToClient) {
                    // Only an answer is proof: some clients send the header of a frame by itself, and the command in it
                    // looks like any other.
                    self.wire = Wire::Plain;
                }
                step
            }
        }
    }

    fn gap(&mut self, gap: &Gap<'_>, output: &mut Output<'_>) {
        let end = gap.position.saturating_add(gap.bytes);
        let next = match &mut self.wire {
            Wire::Compressed(streams) => {
                let stream = &mut streams[gap.direction.index()];
                let frame_end = stream.lose();
                if frame_end.is_some_and(|at| at >= end) {
                    stream.frame_begins();
                }
                self.session.lose(gap.direction);
                frame_end
            }
            Wire::Plain | Wire::Undecided => self.cut(gap, end, output),
        };
        if matches!(self.wire, Wire::Plain) && self.session.may_compress_unseen() {
            self.wire = Wire::Undecided;
        }
        self.resume[gap.direction.index()] = next.filter(|at| *at >= end).unwrap_or_default();
    }
}

impl MySql {
    /// The head of a packet may be there, and say where the next one begins.
    fn cut(&mut self, gap: &Gap<'_>, end: u64, output: &mut Output<'_>) -> Option<u64> {
        let start = gap.position.saturating_sub(gap.unread.len() as u64);
        let step = if gap.unread.is_empty() || !self.session.is_synced(gap.direction) {
            Step::NeedMore
        } else {
            self.session.parse_cut(gap.unread, gap.direction, Place::Plain(start), output)
        };
        let next = match step {
            Step::Consumed(n) => Some(start.saturating_add(n)),
            _ => None,
        };
        if next.is_none_or(|next| next < end) {
            self.session.lose(gap.direction);
        }
        next
    }
}
