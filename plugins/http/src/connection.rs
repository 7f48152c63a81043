//! Takes: the bytes of one connection, in order. Gives: its requests and responses.
//!
//! Each direction is in one of a few phases; the only thing that couples them is the queue of methods that wait for a
//! response ([`Outstanding`]).

mod bodies;
mod from_client;
mod from_server;

use std::rc::Rc;

use weir_plugin_sdk::prelude::*;

use crate::check;
use crate::chunked::Next;
use crate::framing::Body;
use crate::head::HEAD_LIMIT;
use crate::lines::has_end_of_head;
use crate::outstanding::{Asked, Outstanding};
use crate::wanted::Wanted;

/// The parser of one connection.
#[derive(Debug)]
pub struct Http {
    wanted: Rc<Wanted>,
    outstanding: Outstanding,
    lanes: [Lane; 2],
    turn: Turn,
    /// Some hook wants heads.
    heads: bool,
    /// Bytes of each body that some hook wants.
    body_limit: u64,
}

/// Where the server begins to answer.
#[derive(Clone, Copy, Debug, Default)]
struct Turn {
    /// A request was seen on this connection.
    asked: bool,
    /// A request was told since the server spoke.
    due: bool,
    /// Position of the server's first byte behind a request.
    began: Option<u64>,
}

/// One direction.
#[derive(Clone, Copy, Debug)]
struct Lane {
    phase: Phase,
    /// The next byte is known to begin a message. Otherwise it may lie anywhere, and a head must be beyond doubt.
    in_step: bool,
    /// Position of a head that is not whole yet, and how many bytes of it were searched for its end; 0: none.
    searched: (u64, usize),
    /// Bytes of the body of the message here that are wanted still.
    wanted: u64,
    packing: Encoding,
}

/// What the next byte of a direction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Inside a message that was begun and whose end is not known: bytes are let through until it shows.
    Adrift { chunked: bool },
    /// In the body of a message that was begun, which ends at this position.
    Bytes { end: u64 },
    /// In the body of a message that was begun.
    Chunks(Next),
    /// Behind the head of a response that was begun; nobody knows whether it has a body, since its request was not seen.
    Doubt { body: Body, end_of_head: u64 },
    /// The first byte of a message.
    Head,
    /// Bytes of a message that was told to its end, which is this position.
    Told { end: u64 },
    /// In the body of a message that was begun and that ends with the connection.
    UntilClose,
}

impl Lane {
    fn new(in_step: bool) -> Self {
        Self { phase: Phase::Head, in_step, searched: (0, 0), wanted: 0, packing: Encoding::Identity }
    }

    /// The head here was not whole before, and still is not. Only new bytes are searched, so that a head that comes byte by
    /// byte costs no more than one that comes at once.
    #[inline]
    fn still_partial(&self, input: &Input<'_>) -> bool {
        let (position, searched) = self.searched;
        // The end has up to three bytes, two of them may have been searched.
        position == input.position
            && searched > 0
            && !has_end_of_head(input.bytes, searched.saturating_sub(3))
    }
}

impl Parser for Http {
    fn manifest() -> Manifest {
        Manifest::new("http", env!("CARGO_PKG_VERSION")).protocol("HTTP").signature(check::signature())
    }

    fn check(payload: &[u8], probe: &Probe) -> Verdict {
        check::check(payload, probe)
    }

    fn open(flow: &Flow) -> Self {
        Self {
            wanted: Wanted::configured(),
            outstanding: Outstanding::new(flow.from_start),
            lanes: [Lane::new(flow.from_start); 2],
            turn: Turn::default(),
            heads: flow.heads,
            body_limit: u64::from(flow.body_limit),
        }
    }

    #[inline]
    fn parse(&mut self, input: Input<'_>, output: &mut Output<'_>) -> Step {
        if self.turn.due && input.direction == Direction::ServerToClient {
            self.turn.due = false;
            self.turn.began = Some(input.position);
        }
        match (self.lanes[input.direction.index()].phase, input.direction) {
            (Phase::Head, Direction::ClientToServer) => self.request(&input, output),
            (Phase::Head, Direction::ServerToClient) => self.response(&input, output),
            (phase, _) => self.inside(phase, &input, output),
        }
    }

    fn gap(&mut self, gap: &Gap<'_>, output: &mut Output<'_>) {
        if self.lose_body(gap, output) {
            return;
        }
        let phase = self.lanes[gap.direction.index()].phase;
        match (phase, gap.direction) {
            (Phase::Head, Direction::ClientToServer) => self.cut_request(gap, output),
            (Phase::Head, Direction::ServerToClient) => self.cut_response(gap, output),
            (Phase::Doubt { body: Body::Length(bytes), end_of_head }, _) => {
                // A body is the likelier case, and then this is its end.
                let end = end_of_head.saturating_add(bytes);
                output.spanning(Kind::Response, Part::End, end, end);
            }
            _ => {}
        }
        let lane = &mut self.lanes[gap.direction.index()];
        lane.phase = match phase {
            Phase::Head
            | Phase::Bytes { .. }
            | Phase::Told { .. }
            | Phase::UntilClose
            | Phase::Doubt { body: Body::Length(_), .. } => Phase::Head,
            Phase::Chunks(_) | Phase::Doubt { body: Body::Chunked, .. } => Phase::Adrift { chunked: true },
            Phase::Doubt { .. } => Phase::Adrift { chunked: false },
            Phase::Adrift { .. } => phase,
        };
        lane.in_step = false;
        self.outstanding.lost();
    }

    fn close(&mut self, output: &mut Output<'_>) {
        // What else is open ends with the connection, which the host knows.
        if let Phase::Doubt { end_of_head, .. } = self.lanes[Direction::ServerToClient.index()].phase {
            let mut output = output.toward(Direction::ServerToClient);
            output.spanning(Kind::Response, Part::End, end_of_head, end_of_head);
        }
        self.close_bodies(output);
    }
}

impl Http {
    /// Bytes behind a head.
    #[inline(never)]
    fn inside(&mut self, phase: Phase, input: &Input<'_>, output: &mut Output<'_>) -> Step {
        match phase {
            Phase::Head => Step::NeedMore, // that of `parse`
            Phase::Bytes { end } => self.bytes(end, input, output),
            Phase::Chunks(next) => self.chunks(next, input, output),
            Phase::Told { end } => self.step_over(end, input),
            Phase::UntilClose => self.until_close(input, output),
            Phase::Doubt { body, .. } => self.doubt(body, input, output),
            Phase::Adrift { chunked } => self.adrift(chunked, input, output),
        }
    }

    #[inline]
    fn lane(&mut self, direction: Direction) -> &mut Lane {
        &mut self.lanes[direction.index()]
    }

    /// A message with a body of known length is told whole and stepped over: it begins for certain here, and no hook wants to see it.
    #[inline]
    fn is_plain(&self, direction: Direction) -> bool {
        self.lanes[direction.index()].in_step && !self.heads && self.body_limit == 0
    }

    /// These bytes make no sense: the next captured segment may begin a message. Out of step that was to be expected (a body goes by
    /// whose head was not seen), and is no violation: the host leaves a connection after a few of those.
    fn lost(&mut self, input: &Input<'_>) -> Step {
        let lane = self.lane(input.direction);
        let in_step = lane.in_step;
        *lane = Lane::new(false);
        self.outstanding.lost();
        if in_step { Step::Violation } else { Step::Consumed(input.bytes.len() as u64) }
    }

    /// A request was told.
    #[inline]
    fn asks(&mut self, method: Asked) {
        self.outstanding.request(method);
        (self.turn.asked, self.turn.due) = (true, true);
    }

    /// A head that is not whole yet.
    fn wait(&mut self, input: &Input<'_>) -> Step {
        if input.bytes.len() >= HEAD_LIMIT {
            return self.lost(input);
        }
        self.lane(input.direction).searched = (input.position, input.bytes.len());
        Step::NeedMore
    }

    /// Lets bytes through until the end of the message shows: its last chunk at the end of the input, or a new head.
    fn adrift(&mut self, chunked: bool, input: &Input<'_>, output: &mut Output<'_>) -> Step {
        let kind = kind_of(input.direction);
        let begins = match input.direction {
            Direction::ClientToServer => self.request_begins(input.bytes),
            // The body may hold what looks like responses. A server that was asked meanwhile answers behind its end.
            Direction::ServerToClient if self.turn.asked && self.turn.began != Some(input.position) => {
                Some(false)
            }
            Direction::ServerToClient => self.response_begins(input.bytes),
        };
        match begins {
            Some(true) => {
                output.end(kind, 0);
                *self.lane(input.direction) = Lane::new(false);
                return self.parse(*input, output);
            }
            None if input.bytes.len() < HEAD_LIMIT => return Step::NeedMore,
            None | Some(false) => {}
        }
        let length = input.bytes.len() as u64;
        let last = input.bytes.strip_suffix(b"0\r\n\r\n");
        if chunked && last.is_some_and(|data| data.is_empty() || data.ends_with(b"\r\n")) {
            output.end(kind, length);
            *self.lane(input.direction) = Lane::new(false);
        }
        Step::Consumed(length)
    }
}

/// Empty lines in front of a message (RFC 9112 section 2.2); some servers send one behind a body too.
#[inline]
fn skip_empty_lines(bytes: &[u8]) -> Option<Step> {
    // Compared with one of them first: no head begins with a character below.
    let first = *bytes.first()?;
    if first > b'\r' || !matches!(first, b'\r' | b'\n') {
        return None;
    }
    Some(Step::Consumed(bytes.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count() as u64))
}

fn kind_of(direction: Direction) -> Kind {
    match direction {
        Direction::ClientToServer => Kind::Request,
        Direction::ServerToClient => Kind::Response,
    }
}

#[cfg(test)]
mod tests;
