//! One parser and all connections that it follows.
//!
//! Takes: chunks, gaps and ends of connections. Gives: sessions, through one call of the parser for many events. Does not
//! know where connections come from, nor how the parser is run.
//!
//! The rules of `progress` (see the WIT) from the host's side: what a parser left is kept and shown again with more behind
//! it; events of that connection that were already in the same batch come again, in order; what it steps over is never
//! shown.

/// What a parser answered -> sessions, and what has to be shown again.
mod answers;

/// The order of what comes and what the parser says.
mod order;

use std::sync::Arc;

use weir_request_log::{LogSink, RequestLog, Transport};

use super::batch::Batch;
use super::connection::{Connection, Connections};
use super::event::{Direction, FlowFacts, StreamEvent};
use super::held::Held;
use super::lane::Lane;
use super::outcome::Outcome;
use super::parser::{CheckVerdict, FaultKind, Manifest, PluginFault, Probe, ProtocolParser};
use crate::captured::Caller;
use crate::flow::origin::Origin;
use crate::hooks::stage::{HookStage, Wanted};
use crate::inference::unwanted::Unwanted;
use crate::limits::Limits;
use crate::session::exchange::{ConnectionFacts, Pool, empty_log};
use crate::session::sessions::{Sessions, Teller};
use crate::stats::Stats;

/// What every stage behind reassembly needs: bounds, counters, and where records go.
pub(crate) struct Context<'a> {
    pub(crate) limits: &'a Limits,
    pub(crate) stats: &'a mut Stats,
    pub(crate) hooks: &'a mut HookStage,
    pub(crate) unwanted: &'a mut Unwanted,
    pub(crate) logs: &'a mut dyn LogSink,
}

/// A parser with its connections and its batch.
pub(crate) struct Driver {
    parser: Box<dyn ProtocolParser>,
    protocols: Vec<Arc<str>>,
    connections: Connections,
    batch: Batch,
    /// The batch before, empty: its memory.
    spare: Batch,
    outcome: Outcome,
    /// Gaps, and what comes behind them, that wait for what the parser says of the batch.
    held: Held,
    /// The same, empty: its memory.
    spare_held: Held,
    /// The parser was called since the last look at what is held.
    was_called: bool,
    /// Connections with bytes left in the batch that is being dealt with.
    deferred: Vec<u32>,
    /// Connections that the parser gave back.
    released: Vec<Released>,
    /// Counts instances: one more after each fault.
    instance: u32,
    pool: Pool,
    log: Box<RequestLog>,
    /// What hooks want to see of the messages.
    wanted: Wanted,
}

/// A connection on which another protocol speaks now.
#[derive(Debug)]
pub(crate) struct Released {
    pub(crate) flow_slot: u32,
    pub(crate) flow_id: u64,
    /// What came behind the change, by direction.
    pub(crate) rest: [Vec<u8>; 2],
    /// What the flow had delivered before it, by direction.
    pub(crate) position: [u64; 2],
    /// When the last of it was captured.
    pub(crate) time: u64,
    /// Who made the calls that brought what came behind the change, by direction.
    pub(crate) callers: [Option<Caller>; 2],
}

/// Where a new connection stands.
pub(crate) struct Opening {
    pub(crate) flow_slot: u32,
    pub(crate) flow_id: u64,
    /// 0 for packets.
    pub(crate) socket: u64,
    /// `connection` and what hooks want are filled in by the driver.
    pub(crate) facts: FlowFacts,
    /// By direction: what the flow delivered before, and the sequence number there.
    pub(crate) base: [(u64, u32); 2],
}

impl Driver {
    pub(crate) fn new(parser: Box<dyn ProtocolParser>, hooks: &mut HookStage) -> Self {
        let manifest = Arc::clone(parser.manifest());
        let wanted = hooks.wanted(manifest.protocols.iter().map(|name| &**name));
        Self {
            parser,
            protocols: manifest.protocols.clone(),
            connections: Connections::default(),
            batch: Batch::default(),
            spare: Batch::default(),
            outcome: Outcome::default(),
            held: Held::default(),
            spare_held: Held::default(),
            was_called: false,
            deferred: Vec::new(),
            released: Vec::new(),
            instance: 0,
            pool: Pool::default(),
            log: Box::new(empty_log(Arc::from(format!("{}@{}", manifest.name, manifest.version)))),
            wanted,
        }
    }

    /// It follows nothing.
    pub(crate) fn is_idle(&self) -> bool {
        let nothing_waits = self.batch.is_empty() && self.held.is_empty();
        nothing_waits && self.connections.is_empty() && self.released.is_empty()
    }

    /// The hooks are others now; connections that are open go on as they began.
    pub(crate) fn set_wanted(&mut self, hooks: &mut HookStage) {
        self.wanted = hooks.wanted(self.parser.manifest().protocols.iter().map(|name| &**name));
    }

    pub(crate) fn manifest(&self) -> &Arc<Manifest> {
        self.parser.manifest()
    }

    /// `time`: when the bytes were captured.
    pub(crate) fn check(
        &mut self,
        payload: &[u8],
        probe: &Probe,
        time: u64,
    ) -> Result<CheckVerdict, PluginFault> {
        self.parser.advance(time);
        let verdict = self.parser.check(payload, probe);
        if verdict.as_ref().is_err_and(|fault| fault.kind != FaultKind::Quarantined) {
            // A fault replaces the instance here as well: the new one has to be told of every connection again.
            self.instance = self.instance.wrapping_add(1);
            self.open_batch_again();
        }
        verdict
    }

    /// What waits in the batch is of connections that the new instance does not know: each is opened before its first event.
    fn open_batch_again(&mut self) {
        for event in std::mem::take(&mut self.batch.events) {
            let number = match event {
                StreamEvent::Opened { flow } => {
                    self.batch.flows.get(flow as usize).map_or(u32::MAX, |facts| facts.connection)
                }
                StreamEvent::Data { connection, .. }
                | StreamEvent::Gap { connection, .. }
                | StreamEvent::Closed { connection } => connection,
            };
            if let Some(connection) = self.connections.find(number) {
                match event {
                    StreamEvent::Opened { .. } => connection.opened_in = self.instance,
                    _ => open_again(connection, self.instance, &mut self.batch),
                }
            }
            self.batch.events.push(event);
        }
    }

    pub(crate) fn has_released(&self) -> bool {
        !self.released.is_empty()
    }

    pub(crate) fn released(&mut self) -> &mut Vec<Released> {
        &mut self.released
    }

    /// Follows a connection from here on.
    pub(crate) fn open(&mut self, opening: &Opening) -> u32 {
        let mut facts = opening.facts;
        facts.connection = self.connections.next_number();
        (facts.heads, facts.body_limit) = (self.wanted.heads, self.wanted.body_limit);
        let is_stream = facts.transport == Transport::Tcp;
        self.batch.open(facts);
        self.connections.insert(Connection {
            flow_slot: opening.flow_slot,
            facts,
            shown: ConnectionFacts::new(opening.flow_id, opening.socket, &facts),
            lanes: opening.base.map(Lane::new),
            sessions: if facts.from_start || !is_stream { Sessions::default() } else { Sessions::joined() },
            held: false,
            finished: false,
            upgraded: false,
            closing: false,
            opened_in: self.instance,
            deferred: false,
            violations: 0,
        })
    }

    /// The next bytes of a direction, behind everything that came before.
    fn take_chunk(
        &mut self,
        number: u32,
        direction: Direction,
        bytes: &[u8],
        origin: Origin<'_>,
        context: &mut Context<'_>,
    ) {
        if self.batch.arena.len() + bytes.len() > context.limits.batch_bytes
            || self.batch.events.len() >= context.limits.batch_events
        {
            self.call(context);
        }
        let Some(connection) = self.connections.find(number) else { return };
        let other = &connection.lanes[direction.reverse().index()];
        let (other_base, sent) = (other.base_position, other.position);
        let lane = &mut connection.lanes[direction.index()];
        lane.mark(origin.time, origin.peer.map(|peer| peer.saturating_sub(other_base)), sent);
        if let Some(caller) = origin.caller {
            lane.called(caller);
        }
        let first = lane.position;
        lane.position += bytes.len() as u64;
        if connection.finished {
            context.stats.stepped_over_bytes += bytes.len() as u64;
            lane.forget();
            lane.retire_marks();
            return;
        }
        let stepped_over = lane.resume_at.saturating_sub(first).min(bytes.len() as u64);
        if stepped_over > 0 {
            context.stats.stepped_over_bytes += stepped_over;
            lane.retire_marks();
            self.reach(number, direction, context);
        }
        let bytes = &bytes[stepped_over as usize..];
        if !bytes.is_empty() {
            self.show(number, direction, bytes, first + stepped_over, origin.time, context);
        }
    }

    /// Bytes of a direction that will never come. `passed`: when they did, without being captured. The parser has dealt with everything
    /// before.
    fn take_gap(
        &mut self,
        number: u32,
        direction: Direction,
        bytes: u64,
        passed: Option<u64>,
        context: &mut Context<'_>,
    ) {
        let Some(connection) = self.connections.find(number) else { return };
        let lane = &mut connection.lanes[direction.index()];
        let position = lane.position;
        lane.position += bytes;
        lane.last_time = passed.unwrap_or(lane.last_time);
        connection.sessions.cut_payloads(direction);
        if lane.resume_at >= lane.position || connection.finished {
            // Inside of what the parser stepped over anyway.
            return self.reach(number, direction, context);
        }
        let kept = std::mem::take(&mut lane.kept);
        // The marks stay: a head that was cut off may still be told, with its time.
        lane.forget();
        let end = lane.position;
        // The end of what was stepped over lies in the gap: it was passed. Or it lies behind: a message whose beginning is known goes on there,
        // and one call may leave several gaps in it.
        self.reach(number, direction, context);
        let Some(connection) = self.connections.find(number) else { return };
        connection.sessions.lost_bytes(direction, end);
        open_again(connection, self.instance, &mut self.batch);
        self.batch.gap(number, direction, &kept, position, bytes);
    }

    /// The connection is over, behind everything that came before.
    fn take_close(&mut self, number: u32) {
        let Some(connection) = self.connections.find(number) else { return };
        if !std::mem::replace(&mut connection.closing, true) {
            open_again(connection, self.instance, &mut self.batch);
            self.put_close(number);
        }
    }

    /// Puts the end into the batch, and before it what the parser left: a head that was cut off may still tell enough.
    fn put_close(&mut self, number: u32) {
        let Some(connection) = self.connections.find(number) else { return };
        for direction in [Direction::ClientToServer, Direction::ServerToClient] {
            let lane = &mut connection.lanes[direction.index()];
            if lane.kept.is_empty() || connection.finished {
                continue;
            }
            let position = lane.kept_at + lane.kept.len() as u64;
            self.batch.gap(number, direction, &lane.kept, position, 0);
            lane.kept = Vec::new();
        }
        self.batch.close(number);
    }

    /// Tells requests whose time is over.
    pub(crate) fn time_out(&mut self, now: u64, context: &mut Context<'_>) {
        let Self { connections, protocols, pool, log, .. } = self;
        for (_, connection) in connections.iter_mut() {
            if connection.sessions.is_idle() {
                continue;
            }
            let Connection { shown, sessions, .. } = connection;
            let limit = if shown.is_tcp() {
                context.limits.tcp_response_timeout
            } else {
                context.limits.udp_response_timeout
            };
            sessions.time_out(now, limit, shown, &mut teller(protocols, pool, log, context));
        }
    }

    /// Tells a message that ends ahead of what was seen when the stream gets there.
    fn reach(&mut self, number: u32, direction: Direction, context: &mut Context<'_>) {
        let Self { connections, protocols, pool, log, .. } = self;
        let Some(connection) = connections.find(number) else { return };
        let Connection { lanes, sessions, shown, .. } = connection;
        let lane = &mut lanes[direction.index()];
        let Some(end) = lane.awaited_end.filter(|end| *end <= lane.position) else { return };
        lane.awaited_end = None;
        let mut teller = teller(protocols, pool, log, context);
        sessions.reached(direction, lane, end, shown, &mut teller);
    }

    /// Shows new bytes to the parser, behind what it left.
    fn show(
        &mut self,
        number: u32,
        direction: Direction,
        bytes: &[u8],
        position: u64,
        time: u64,
        context: &mut Context<'_>,
    ) {
        let Some(connection) = self.connections.find(number) else { return };
        open_again(connection, self.instance, &mut self.batch);
        let lane = &mut connection.lanes[direction.index()];
        if lane.kept.is_empty() && bytes.len() >= lane.need as usize {
            self.batch.data(number, direction, [bytes, &[]], position, time);
            return;
        }
        if lane.kept.len() + bytes.len() > context.limits.unread && !lane.kept.is_empty() {
            context.stats.unread_limit += 1;
            self.batch.gap(number, direction, &lane.kept, position, 0);
            lane.kept.clear();
            lane.need = 0;
            lane.resume_at = position;
            self.batch.data(number, direction, [bytes, &[]], position, time);
            return;
        }
        if lane.kept.is_empty() {
            lane.kept_at = position;
        }
        if lane.kept.len() + bytes.len() < lane.need as usize {
            lane.kept.extend_from_slice(bytes);
            lane.fresh = true;
            return;
        }
        context.stats.given_again_bytes += lane.kept.len() as u64;
        self.batch.data(number, direction, [&lane.kept, bytes], lane.kept_at, time);
        lane.kept.clear();
        lane.fresh = false;
        lane.need = 0;
    }

    /// One call of the parser with what is in the batch.
    fn call(&mut self, context: &mut Context<'_>) {
        self.was_called = true;
        let mut batch = std::mem::replace(&mut self.batch, std::mem::take(&mut self.spare));
        let mut outcome = std::mem::take(&mut self.outcome);
        outcome.clear();
        context.stats.batches += 1;
        context.stats.events += batch.events.len() as u64;
        context.stats.parsed_bytes += batch.arena.len() as u64;
        match self.parser.process(&batch.arena, &batch.flows, &batch.events, &mut outcome) {
            Ok(()) => {
                self.take_messages(&batch, &outcome, context);
                self.take_progress(&batch, &outcome, context);
            }
            Err(_) => {
                context.stats.faults += 1;
                self.start_again(&batch, context);
            }
        }
        batch.clear();
        self.spare = batch;
        self.outcome = outcome;
    }
}

/// Tells the present instance of a connection that only an earlier one knew.
fn open_again(connection: &mut Connection, instance: u32, batch: &mut Batch) {
    if std::mem::replace(&mut connection.opened_in, instance) != instance {
        batch.open(connection.facts);
    }
}

fn teller<'a>(
    protocols: &'a [Arc<str>],
    pool: &'a mut Pool,
    log: &'a mut Box<RequestLog>,
    context: &'a mut Context<'_>,
) -> Teller<'a> {
    Teller {
        log,
        protocols,
        pool,
        stats: context.stats,
        limits: context.limits,
        hooks: context.hooks,
        logs: context.logs,
    }
}
