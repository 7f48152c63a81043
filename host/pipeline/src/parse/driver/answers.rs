//! What a parser answered -> sessions, and what has to be shown again.
//!
//! Takes: one batch and its outcome. Gives: messages to sessions, and the next batch its beginnings. The rules are those of
//! `progress` in the WIT.

use super::{Batch, Context, Driver, Released, teller};
use crate::parse::connection::Connection;
use crate::parse::event::{Direction, StreamEvent};
use crate::parse::lane::Lane;
use crate::parse::outcome::{MessagePart, Outcome, ParserState, Progress, split_off};
use crate::session::exchange::Said;
use crate::session::sessions::{Lone, Place};
use weir_request_log::Transport;

impl Driver {
    pub(super) fn take_messages(&mut self, batch: &Batch, outcome: &Outcome, context: &mut Context<'_>) {
        let Self { connections, protocols, pool, log, .. } = self;
        let (mut fields, mut attributes) = (outcome.fields.as_slice(), outcome.attributes.as_slice());
        let mut pieces = outcome.pieces.as_slice();
        context.stats.messages += outcome.messages.len() as u64;
        for message in &outcome.messages {
            let said = Said {
                fields: split_off(&mut fields, message.fields),
                attributes: split_off(&mut attributes, message.attributes),
                pieces: split_off(&mut pieces, message.pieces),
                arena: &batch.arena,
                outcome,
            };
            let Some(connection) = connections.find(message.connection) else {
                context.stats.messages_misplaced += 1;
                continue;
            };
            let joined = !facts_from_start(connection);
            connection.violations = 0;
            let Connection { lanes, sessions, shown, .. } = connection;
            let lane = &mut lanes[message.direction.index()];
            let begins = matches!(message.part, MessagePart::Begin | MessagePart::Whole);
            if begins && message.start > lane.position {
                // Not even the first byte was seen: nothing is known of it.
                context.stats.messages_misplaced += 1;
                continue;
            }
            let mut teller = teller(protocols, pool, log, context);
            let place = Place { lane, facts: shown, joined };
            sessions.message(message, &said, place, &mut teller);
        }
    }

    pub(super) fn take_progress(&mut self, batch: &Batch, outcome: &Outcome, context: &mut Context<'_>) {
        let mut progress = outcome.progress.iter().peekable();
        for (index, event) in batch.events.iter().enumerate() {
            let said = progress.next_if(|p| p.event as usize == index);
            match *event {
                StreamEvent::Opened { .. } => {}
                StreamEvent::Data { connection, direction, offset, length, position, time } => {
                    let bytes = batch.bytes(offset, length);
                    self.data_done(connection, direction, bytes, position, time, said, context);
                }
                StreamEvent::Gap { connection, direction, offset, length, position, bytes } => {
                    let Some(found) = self.connections.find(connection) else { continue };
                    if found.deferred {
                        self.show_fresh(connection, Some(direction), context);
                        self.batch.gap(connection, direction, batch.bytes(offset, length), position, bytes);
                    }
                }
                StreamEvent::Closed { connection } => {
                    let Some(found) = self.connections.find(connection) else { continue };
                    if found.deferred {
                        self.show_fresh(connection, None, context);
                        self.put_close(connection);
                    } else {
                        self.remove(connection, Lone::Unanswered, context);
                    }
                }
            }
        }
        while let Some(number) = self.deferred.pop() {
            self.show_fresh(number, None, context);
            let Some(connection) = self.connections.find(number) else { continue };
            connection.deferred = false;
            if connection.upgraded {
                self.release(number);
            }
        }
    }

    /// A `data` event was dealt with, or has to come again.
    #[allow(clippy::too_many_arguments)] // the parts of one event
    fn data_done(
        &mut self,
        number: u32,
        direction: Direction,
        bytes: &[u8],
        position: u64,
        time: u64,
        said: Option<&Progress>,
        context: &mut Context<'_>,
    ) {
        let Some(connection) = self.connections.find(number) else { return };
        let end = position + bytes.len() as u64;
        if connection.deferred {
            let stepped_over = connection.lanes[direction.index()]
                .resume_at
                .saturating_sub(position)
                .min(bytes.len() as u64);
            if stepped_over < bytes.len() as u64 {
                self.show_fresh(number, Some(direction.reverse()), context);
                let position = position + stepped_over;
                self.defer(number, direction, &bytes[stepped_over as usize..], position, time, context);
            }
            return;
        }
        if connection.finished {
            return;
        }
        let is_stream = connection.facts.transport == Transport::Tcp;
        let lane = &mut connection.lanes[direction.index()];
        let wanted = said.map_or(end, |p| p.resume_at).max(position);
        lane.resume_at = lane.resume_at.max(if is_stream { wanted } else { end });
        if lane.resume_at < end {
            let rest = &bytes[(lane.resume_at - position) as usize..];
            lane.kept.clear();
            lane.kept.extend_from_slice(rest);
            lane.kept_at = lane.resume_at;
            lane.fresh = false;
            lane.need = said.map_or(0, |p| p.need).min(context.limits.unread as u32);
            connection.deferred = true;
            self.deferred.push(number);
        }
        lane.retire_marks();
        match said.map_or(ParserState::Going, |p| p.state) {
            ParserState::Going => {}
            ParserState::Violation => self.violation(number, context),
            ParserState::Finished => self.finish(number, false, context),
            ParserState::Upgraded => self.finish(number, true, context),
        }
    }

    /// Keeps bytes that come again behind those that were left.
    #[allow(clippy::too_many_arguments)] // the parts of one event
    fn defer(
        &mut self,
        number: u32,
        direction: Direction,
        bytes: &[u8],
        position: u64,
        time: u64,
        context: &mut Context<'_>,
    ) {
        let Some(connection) = self.connections.find(number) else { return };
        let lane = &mut connection.lanes[direction.index()];
        if lane.kept.is_empty() {
            lane.kept_at = position;
        }
        if lane.kept.len() + bytes.len() > context.limits.unread {
            self.show_fresh(number, Some(direction), context);
            self.show(number, direction, bytes, position, time, context);
            return;
        }
        lane.kept.extend_from_slice(bytes);
        lane.fresh = true;
    }

    /// Puts kept bytes that were never shown into the batch: of one direction, or of both.
    fn show_fresh(&mut self, number: u32, only: Option<Direction>, context: &mut Context<'_>) {
        let Some(connection) = self.connections.find(number) else { return };
        for direction in [Direction::ClientToServer, Direction::ServerToClient] {
            let lane = &mut connection.lanes[direction.index()];
            let asked = only.is_none_or(|only| only == direction) && !connection.finished;
            if !asked || !lane.fresh || lane.kept.len() < lane.need as usize {
                continue;
            }
            context.stats.given_again_bytes += lane.kept.len() as u64;
            self.batch.data(number, direction, [&lane.kept, &[]], lane.kept_at, lane.last_time);
            lane.kept.clear();
            lane.fresh = false;
            lane.need = 0;
        }
    }

    fn violation(&mut self, number: u32, context: &mut Context<'_>) {
        context.stats.violations += 1;
        let Some(connection) = self.connections.find(number) else { return };
        connection.violations += 1;
        connection.sessions.lost();
        if connection.violations >= context.limits.violations {
            context.stats.violation_limit += 1;
            self.finish(number, false, context);
        }
    }

    /// The parser leaves the connection; when it is upgraded, another one may take it from there.
    fn finish(&mut self, number: u32, upgraded: bool, context: &mut Context<'_>) {
        let Some(connection) = self.connections.find(number) else { return };
        if std::mem::replace(&mut connection.finished, true) {
            return;
        }
        if upgraded {
            connection.upgraded = true;
            connection.deferred = true;
            self.deferred.push(number);
        } else {
            connection.lanes.iter_mut().for_each(Lane::forget);
            let told = context.unwanted.add(connection.shown.socket, connection.facts.transport);
            context.stats.sockets_unwanted += u64::from(told);
        }
    }

    /// Gives the connection back, with what came behind the change of protocol.
    fn release(&mut self, number: u32) {
        let Some(connection) = self.connections.find(number) else { return };
        let (flow_slot, flow_id) = (connection.flow_slot, connection.shown.flow_id);
        let time = connection.lanes.iter().map(|lane| lane.last_time).max().unwrap_or_default();
        let position = connection
            .lanes
            .each_ref()
            .map(|lane| lane.base_position + lane.position - lane.kept.len() as u64);
        let callers = connection.lanes.each_ref().map(|lane| lane.caller_of(lane.kept_at));
        let rest = connection.lanes.each_mut().map(|lane| std::mem::take(&mut lane.kept));
        self.released.push(Released { flow_slot, flow_id, rest, position, time, callers });
        self.take_close(number);
    }

    fn remove(&mut self, number: u32, lone: Lone, context: &mut Context<'_>) {
        let Some(mut connection) = self.connections.remove(number) else { return };
        let Self { protocols, pool, log, .. } = self;
        let Connection { lanes, sessions, shown, .. } = &mut *connection;
        // A datagram's answer either comes or does not: silence is an answer too.
        let lone = if shown.is_tcp() { lone } else { Lone::TimedOut };
        let mut teller = teller(protocols, pool, log, context);
        sessions.close(lanes, lone, shown, &mut teller);
    }

    /// The instance is a new one and knows no connection. Those of the lost batch are joined in the middle when bytes of
    /// them come; the others go on where they were, what was kept and what is stepped over included.
    pub(super) fn start_again(&mut self, lost: &Batch, context: &mut Context<'_>) {
        self.instance = self.instance.wrapping_add(1);
        for event in &lost.events {
            let number = match *event {
                StreamEvent::Closed { connection } => {
                    self.remove(connection, Lone::Unanswered, context);
                    continue;
                }
                StreamEvent::Data { connection, .. } | StreamEvent::Gap { connection, .. } => connection,
                StreamEvent::Opened { .. } => continue,
            };
            let Some(connection) = self.connections.find(number) else { continue };
            connection.facts.from_start = false;
            connection.sessions.lost();
            connection.lanes.iter_mut().for_each(Lane::forget);
        }
    }
}

fn facts_from_start(connection: &Connection) -> bool {
    connection.facts.from_start || connection.facts.transport == Transport::Udp
}
