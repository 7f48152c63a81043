//! Takes: messages of one connection, in order. Gives: exchanges that are complete, timed out or cut off.

use std::sync::Arc;

use smallvec::SmallVec;
use weir_request_log::{Field, LogSink, RequestLog};

use super::exchange::{ConnectionFacts, Exchange, Half, Pool, Role, Said};
use super::pairing::{self, Certainty, Pending, Response};
use crate::hooks::stage::{HookStage, Wishes};
use crate::limits::Limits;
use crate::parse::event::Direction;
use crate::parse::lane::Lane;
use crate::parse::outcome::{Message, MessageKind, MessagePart};
use crate::stats::Stats;

/// The exchanges of one connection that are on their way.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    /// Requests without response, oldest first.
    pending: Pending,
    /// Exchanges that are told once their last byte was seen.
    #[allow(clippy::vec_box)] // exchanges move between lists; a pointer is cheaper to move
    open: Vec<Box<Exchange>>,
    certainty: Certainty,
    request_seen: bool,
    /// Requests that were told as timed out, or to make room: their answers come before those of all that wait.
    overdue: u32,
    /// Positions behind bytes of the client that were lost, ascending; the latest few.
    losses: SmallVec<[u64; 2]>,
}

/// Where complete exchanges go, and what is used on the way.
pub(crate) struct Teller<'a> {
    /// Boxed, since a hook may keep it and give another one.
    pub(crate) log: &'a mut Box<RequestLog>,
    pub(crate) protocols: &'a [Arc<str>],
    pub(crate) pool: &'a mut Pool,
    pub(crate) stats: &'a mut Stats,
    pub(crate) limits: &'a Limits,
    pub(crate) hooks: &'a mut HookStage,
    pub(crate) logs: &'a mut dyn LogSink,
}

/// Where a message was found.
pub(crate) struct Place<'a> {
    /// Its direction.
    pub(crate) lane: &'a mut Lane,
    pub(crate) facts: &'a ConnectionFacts,
    /// The connection began before the capture.
    pub(crate) joined: bool,
}

/// Losses of the client that are remembered until nothing is open: more, and nothing can be said anyway.
const LOSSES: usize = 16;

/// Why an exchange is told without a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lone {
    /// Nothing better is known.
    Unanswered,
    /// The limit passed while the connection was alive.
    TimedOut,
}

impl Teller<'_> {
    fn tell(&mut self, mut exchange: Box<Exchange>, facts: &ConnectionFacts, lone: Lone) {
        let timed_out = lone == Lone::TimedOut && exchange.response.is_none();
        let counter = match (&exchange.request, &exchange.response) {
            _ if exchange.one_way => &mut self.stats.sessions_one_way,
            _ if exchange.before_capture => &mut self.stats.sessions_before_capture,
            _ if exchange.late => &mut self.stats.sessions_late,
            (Some(_), Some(_)) => &mut self.stats.sessions_paired,
            (Some(_), None) if timed_out => &mut self.stats.sessions_timed_out,
            (Some(_), None) => &mut self.stats.sessions_unanswered,
            (None, _) => &mut self.stats.sessions_orphan,
        };
        *counter += 1;
        if !exchange.before_capture && !exchange.late {
            exchange.fill(self.log, facts, &mut self.pool.names, timed_out);
            if self.log.fields.value(Field::BizProtocol).is_some() {
                // The plugin gives the name of a protocol that the contract does not know.
                if &*self.log.l7_protocol != "Custom" {
                    self.log.l7_protocol = Arc::from("Custom");
                }
            } else if let Some(name) = self.protocols.get(usize::from(exchange.protocol))
                && !Arc::ptr_eq(name, &self.log.l7_protocol)
            {
                self.log.l7_protocol = Arc::clone(name);
            }
            self.hand_on(&mut exchange);
        }
        if !exchange.payloads.is_empty() {
            self.hooks.forget(&mut exchange.payloads);
        }
        self.pool.give(exchange);
    }

    /// To the hooks that want it, else to the sink.
    fn hand_on(&mut self, exchange: &mut Exchange) {
        let protocol = self.log.fields.text(Field::BizProtocol).unwrap_or(&self.log.l7_protocol);
        let wishes = self.hooks.wishes(protocol);
        if wishes == Wishes::default() {
            self.stats.logs += 1;
            return self.logs.log(self.log);
        }
        for role in [Role::Request, Role::Response] {
            if exchange.half(role).is_some_and(|half| !half.complete) {
                exchange.payloads.cut_off(role);
            }
        }
        let response_time = exchange.response.as_ref().map_or(0, |half| half.start_time);
        self.hooks.hold(self.log, &mut exchange.payloads, response_time, wishes);
        if self.hooks.is_full() {
            self.hooks.run(self.limits, self.stats, self.logs);
        }
    }

    /// Adds what a message says, and keeps what hooks want of it.
    fn add(&mut self, exchange: &mut Exchange, message: &Message, said: &Said<'_>) {
        exchange.add(message, said, self.limits.text);
        for piece in said.pieces {
            let (kind, bytes) = ((piece.kind, piece.encoding, piece.last), said.bytes(piece.bytes));
            let role = Role::of(message);
            self.hooks.keep(&mut exchange.payloads, role, kind, bytes, self.limits, self.stats);
        }
    }
}

impl Sessions {
    /// The connection began before the capture: earlier requests may be open.
    pub(crate) fn joined() -> Self {
        Self { certainty: Certainty { lost: true, pipelined: false }, ..Self::default() }
    }

    /// Nothing is on its way.
    pub(crate) fn is_idle(&self) -> bool {
        self.pending.is_empty() && self.open.is_empty()
    }

    /// Bytes were lost: order alone proves nothing until nothing is open.
    pub(crate) fn lost(&mut self) {
        self.certainty.lost = true;
    }

    /// Bytes of a direction were lost: a payload that goes on there misses some.
    pub(crate) fn cut_payloads(&mut self, direction: Direction) {
        for exchange in self.open.iter_mut().chain(self.pending.iter_mut()) {
            if let Some((role, _)) = exchange.open_half(direction) {
                exchange.payloads.cut_off(role);
            }
        }
    }

    /// Bytes of a direction were lost, up to position `end`.
    pub(crate) fn lost_bytes(&mut self, direction: Direction, end: u64) {
        self.lost();
        if direction == Direction::ClientToServer {
            if self.losses.len() >= LOSSES {
                self.losses.remove(0);
            }
            self.losses.push(end);
        }
    }

    /// Takes one message.
    pub(crate) fn message(
        &mut self,
        message: &Message,
        said: &Said<'_>,
        place: Place<'_>,
        teller: &mut Teller<'_>,
    ) {
        let Place { lane, facts, joined } = place;
        let role = Role::of(message);
        if matches!(message.part, MessagePart::End | MessagePart::More) {
            return self.go_on(message, role, said, lane, facts, teller);
        }
        let mark = lane.mark_of(message.start);
        let half = Half {
            direction: message.direction,
            start: message.start,
            end: if message.part == MessagePart::Begin {
                message.start
            } else {
                message.end.max(message.start)
            },
            start_time: mark.map_or(lane.last_time, |m| m.time),
            end_time: lane.last_time,
            sequence: lane.sequence_of(message.start),
            complete: false,
            own: None,
            caller: lane.caller_of(message.start),
        };
        let peer = mark.and_then(|m| m.peer());
        if message.kind == MessageKind::Response && message.correlation.is_none() {
            self.end_unfinished(&half, lane, facts, teller);
        }
        let mut exchange = match (role, message.kind) {
            (_, MessageKind::OneWay) => {
                let mut alone = teller.pool.take();
                alone.correlation = message.correlation;
                alone
            }
            (Role::Request, _) => {
                self.first_request(joined && mark.is_some_and(|m| m.caught_up));
                self.request(message, peer, facts, teller)
            }
            (Role::Response, _) => self.response(message, &half, peer, facts, joined, teller),
        };
        teller.add(&mut exchange, message, said);
        *exchange.half_mut(role) = Some(half);
        if message.part == MessagePart::Whole {
            if half.end > lane.position {
                lane.awaited_end = Some(half.end);
            } else if let Some(half) = exchange.half_mut(role) {
                half.complete = true;
                half.end_time = lane.mark_of(half.end.saturating_sub(1)).map_or(lane.last_time, |m| m.time);
            }
        }
        if exchange.is_complete() {
            teller.tell(exchange, facts, Lone::Unanswered);
        } else if message.kind == MessageKind::Request {
            self.pending.push(exchange);
        } else {
            self.open.push(exchange);
        }
    }

    /// The client had received all that the server sent before the first request that was captured: nothing can be open from
    /// before the capture, unless the client sends requests without waiting for answers.
    fn first_request(&mut self, joined_and_caught_up: bool) {
        if joined_and_caught_up && !self.request_seen && self.is_idle() {
            self.certainty.lost = false;
        }
        self.request_seen = true;
    }

    /// Responses come one after the other: where the next one begins, the one before is over, even when its end was lost.
    fn end_unfinished(
        &mut self,
        next: &Half,
        lane: &mut Lane,
        facts: &ConnectionFacts,
        teller: &mut Teller<'_>,
    ) {
        let is_before = |exchange: &Exchange| {
            let half = exchange.response.as_ref();
            let is_open =
                half.is_some_and(|h| !h.complete && h.direction == next.direction && h.start < next.start);
            is_open && exchange.correlation.is_none() && !exchange.one_way
        };
        while let Some(index) = self.open.iter().position(|exchange| is_before(exchange)) {
            lane.awaited_end = None;
            let mut exchange = self.open.remove(index);
            if let Some(half) = &mut exchange.response {
                half.end = next.start;
                half.end_time =
                    lane.mark_of(next.start.saturating_sub(1)).map_or(next.start_time, |m| m.time);
            }
            teller.tell(exchange, facts, Lone::Unanswered);
        }
    }

    /// A request: makes room, and notes whether the client waits for answers.
    fn request(
        &mut self,
        message: &Message,
        peer: Option<u64>,
        facts: &ConnectionFacts,
        teller: &mut Teller<'_>,
    ) -> Box<Exchange> {
        if self.pending.len() >= teller.limits.pending {
            teller.stats.pending_limit += 1;
            let in_order = self.pending.first().is_some_and(|first| first.correlation.is_none());
            self.overdue += u32::from(in_order && facts.is_tcp());
            self.unanswered(1, facts, teller);
        }
        if let Some(last) = self.pending.last() {
            self.certainty.pipelined |= !self.certainty.lost && last.peer >= peer;
        } else if self.open.is_empty() {
            // Nothing is open, and what comes next is the answer to this one.
            self.certainty.pipelined = false;
        }
        let mut exchange = teller.pool.take();
        exchange.correlation = message.correlation;
        exchange.peer = peer;
        exchange
    }

    /// A response: takes the request it answers out of the pending ones.
    fn response(
        &mut self,
        message: &Message,
        half: &Half,
        peer: Option<u64>,
        facts: &ConnectionFacts,
        joined: bool,
        teller: &mut Teller<'_>,
    ) -> Box<Exchange> {
        let end = (message.part == MessagePart::Whole).then_some(half.end);
        let correlation = message.correlation;
        if correlation.is_none() && self.overdue > 0 {
            self.overdue -= 1;
            return late_answer(teller);
        }
        let response = Response { correlation, start: half.start, end, peer, losses: &self.losses };
        let decision = pairing::decide(&self.pending, &response, self.certainty);
        let exchange = decision.answered.map(|index| self.pending.remove(index));
        self.unanswered(decision.unanswered, facts, teller);
        if exchange.is_some() && self.pending.is_empty() {
            self.losses.clear();
            self.certainty.lost = false;
        }
        exchange.unwrap_or_else(|| {
            let mut lone = teller.pool.take();
            lone.correlation = message.correlation;
            // The other direction is in the capture, so its request must have been sent before the capture began.
            lone.before_capture = joined && !self.request_seen && peer.is_some();
            lone
        })
    }

    /// More of a message that was begun, or its end.
    fn go_on(
        &mut self,
        message: &Message,
        role: Role,
        said: &Said<'_>,
        lane: &mut Lane,
        facts: &ConnectionFacts,
        teller: &mut Teller<'_>,
    ) {
        // A request that will never be answered may have been whole before that showed.
        let gives_up = message.kind == MessageKind::OneWay && message.part == MessagePart::End;
        let is_it = |exchange: &Exchange| {
            let same = exchange.correlation == message.correlation || message.correlation.is_none();
            let going = |half: &Half| !half.complete || (gives_up && exchange.response.is_none());
            let half = exchange.half(role);
            same && half.is_some_and(|half| going(half) && half.direction == message.direction)
        };
        let in_open = self.open.iter().position(|exchange| is_it(exchange));
        let found = match in_open {
            Some(index) => self.open.get_mut(index),
            None => self.pending.iter_mut().rev().find(|exchange| is_it(exchange)),
        };
        let Some(exchange) = found else {
            teller.stats.messages_misplaced += 1;
            return;
        };
        teller.add(exchange, message, said);
        if message.part == MessagePart::More {
            return;
        }
        if let Some(half) = exchange.half_mut(role).as_mut().filter(|half| !half.complete) {
            half.end = message.end.max(half.start);
            half.own = message.end.checked_sub(message.start).filter(|bytes| *bytes > 0);
            if half.end > lane.position {
                lane.awaited_end = Some(half.end);
            } else {
                half.complete = true;
                half.end_time = lane.mark_of(half.end.saturating_sub(1)).map_or(lane.last_time, |m| m.time);
            }
        }
        let is_over = exchange.is_complete();
        if let Some(index) = in_open {
            self.tell_if_complete(index, facts, teller);
        } else if is_over && let Some(index) = self.pending.iter().position(|exchange| exchange.is_complete())
        {
            let exchange = self.pending.remove(index);
            teller.tell(exchange, facts, Lone::Unanswered);
        }
    }

    /// The stream got to the end of a message that was told before.
    pub(crate) fn reached(
        &mut self,
        direction: Direction,
        lane: &Lane,
        end: u64,
        facts: &ConnectionFacts,
        teller: &mut Teller<'_>,
    ) {
        let exchanges = self.open.iter_mut().chain(self.pending.iter_mut());
        for exchange in exchanges {
            if let Some((_, half)) = exchange.open_half(direction)
                && half.end == end
            {
                half.complete = true;
                half.end_time = lane.last_time;
                break;
            }
        }
        if let Some(index) = self.open.iter().position(|exchange| exchange.is_complete()) {
            self.tell_if_complete(index, facts, teller);
        }
    }

    fn tell_if_complete(&mut self, index: usize, facts: &ConnectionFacts, teller: &mut Teller<'_>) {
        if self.open.get(index).is_some_and(|exchange| exchange.is_complete()) {
            let exchange = self.open.remove(index);
            teller.tell(exchange, facts, Lone::Unanswered);
        }
    }

    fn unanswered(&mut self, count: usize, facts: &ConnectionFacts, teller: &mut Teller<'_>) {
        for exchange in self.pending.drain(..count.min(self.pending.len())) {
            teller.tell(exchange, facts, Lone::Unanswered);
        }
    }

    /// Tells the requests whose time is over. `limit`: nanoseconds.
    pub(crate) fn time_out(
        &mut self,
        now: u64,
        limit: u64,
        facts: &ConnectionFacts,
        teller: &mut Teller<'_>,
    ) {
        let is_late = |exchange: &Exchange| {
            exchange.request.as_ref().is_some_and(|half| now.saturating_sub(half.end_time) > limit)
        };
        let late = self.pending.iter().take_while(|exchange| is_late(exchange)).count();
        if facts.is_tcp() {
            let in_order = self.pending.iter().take(late).filter(|exchange| exchange.correlation.is_none());
            self.overdue += in_order.count() as u32;
        }
        for exchange in self.pending.drain(..late) {
            teller.tell(exchange, facts, Lone::TimedOut);
        }
    }

    /// The connection is over: tells everything with what is known.
    pub(crate) fn close(
        &mut self,
        lanes: &[Lane; 2],
        lone: Lone,
        facts: &ConnectionFacts,
        teller: &mut Teller<'_>,
    ) {
        for exchange in self.open.drain(..).chain(self.pending.drain(..)) {
            let mut exchange = exchange;
            for direction in [Direction::ClientToServer, Direction::ServerToClient] {
                let lane = &lanes[direction.index()];
                if let Some((_, half)) = exchange.open_half(direction) {
                    half.end = lane.position.max(half.start);
                    half.end_time = lane.last_time;
                }
            }
            teller.tell(exchange, facts, lone);
        }
    }
}

/// The answer to a request that was told without it: answers come in order, so it is none of those that wait.
fn late_answer(teller: &mut Teller<'_>) -> Box<Exchange> {
    let mut late = teller.pool.take();
    late.late = true;
    late
}
