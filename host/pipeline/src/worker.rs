//! The stages in order, for one core. The only file that knows all of them.
//!
//! Takes: decoded segments in capture order. Gives: request logs. A worker owns its flows, its parsers and its counters: no lock,
//! no clock; time is what the segments say.

use weir_request_log::LogSink;

use crate::admission::{self, Admission, Gate};
use crate::application::{App, Application, Change, ChangeError, Conversation, FlowIdentity, Piece};
use crate::captured::Call;
use crate::decode::{Segment, TcpHeader, Transport, TransportHeader};
use crate::flow::key::{FlowKey, Side};
use crate::flow::origin::Origin;
use crate::flow::reassembly::Waiting;
use crate::flow::table::{Class, FlowTable};
use crate::flow::tcp::{Receiver, Shared, TcpFlow};
use crate::hooks::hook::Hook;
use crate::limits::{Limits, SECOND};
use crate::parse::driver::Released;
use crate::parse::parser::ProtocolParser;
use crate::stats::Stats;

/// How a worker is set up.
#[derive(Clone, Debug, Default)]
pub struct WorkerConfig {
    /// Bounds of this worker; see [`Limits::share`] for one of several.
    pub limits: Limits,
}

/// Everything behind decode, for one core.
pub struct Worker {
    flows: FlowTable<Flow>,
    application: Application,
    waiting: Waiting,
    gate: Gate,
    stats: Stats,
    /// Latest capture time seen.
    now: u64,
    next_sweep: u64,
}

/// One flow.
#[derive(Debug)]
struct Flow {
    id: u64,
    opened_by: Option<Side>,
    has_payload: bool,
    tcp: Option<TcpFlow>,
    conversation: Conversation,
}

/// Idle flows and late requests are looked for once in so much capture time: limits are many times longer.
const SWEEP: u64 = SECOND;

/// Flows that make room in one burst when the bound was lowered: some milliseconds of work.
const MAKE_ROOM: usize = 1024;

impl Worker {
    /// A worker with its own instances of all parsers, in the order in which they are asked, and of all plugins with hooks, in
    /// the order in which they run ([`HOOKS`](crate::hooks::HOOKS) at most).
    #[must_use]
    pub fn new(
        config: WorkerConfig,
        parsers: Vec<Box<dyn ProtocolParser>>,
        hooks: Vec<Box<dyn Hook>>,
    ) -> Self {
        let limits = config.limits;
        Self {
            flows: FlowTable::new(limits.flows),
            waiting: Waiting {
                total: 0,
                total_limit: limits.out_of_order_total,
                direction_limit: limits.out_of_order_direction,
            },
            application: Application::new(limits, parsers, hooks),
            gate: Gate::default(),
            stats: Stats::default(),
            now: 0,
            next_sweep: 0,
        }
    }

    /// Changes the parsers that are asked about new connections, in this order, and the hooks. Connections in progress stay with
    /// the parser that follows them, which goes when the last of them ends: nothing is lost.
    ///
    /// # Errors
    /// What can not be; everything is as before then, but for what was waiting and is told.
    pub fn change(
        &mut self,
        parsers: Vec<Change>,
        hooks: Vec<Box<dyn Hook>>,
        logs: &mut dyn LogSink,
    ) -> Result<(), ChangeError> {
        self.flush(logs);
        self.application.change(parsers, hooks, logs)
    }

    /// Other limits from here on. When there are more flows than the new ones allow, silent ones make room over the next bursts.
    pub fn set_limits(&mut self, limits: Limits) {
        self.flows.set_capacity(limits.flows);
        self.waiting.total_limit = limits.out_of_order_total;
        self.waiting.direction_limit = limits.out_of_order_direction;
        self.application.set_limits(limits);
    }

    /// Gives back memory that flows had which are gone. Costs a look at every place of a flow.
    pub fn shrink(&mut self) {
        self.flows.shrink();
    }

    /// How many of the new flows are taken from here on; those that are tracked stay.
    pub fn set_admission(&mut self, admission: Admission) {
        self.gate.set(admission, self.now);
    }

    /// Gives up all tracked flows but those of the first `kept` of sixteen parts; what is open is told with what is known.
    pub fn give_up(&mut self, kept: u8, logs: &mut dyn LogSink) {
        let slots: Vec<u32> = self.flows.slots().collect();
        for slot in slots {
            let is_kept = |key| admission::part(self.flows.hash(&key)) < kept;
            if self.flows.key(slot).is_none_or(is_kept) {
                continue;
            }
            let counts = self.flows.value_mut(slot).is_some_and(|flow| flow.has_payload && !flow.is_closed());
            self.stats.cpu_limit_given_up += u64::from(counts);
            self.end_flow(slot, logs);
        }
    }

    /// Flows that are tracked now.
    #[must_use]
    pub fn open_flows(&self) -> usize {
        self.flows.len()
    }

    /// Takes one segment or datagram.
    pub fn segment(&mut self, segment: &Segment<'_>, logs: &mut dyn LogSink) {
        self.stats.segments += 1;
        self.stats.payload_bytes += segment.payload.len() as u64;
        self.advance(segment.time, logs);
        let (key, side) = FlowKey::of(segment);
        let Some(slot) = self.slot(key, side, segment, logs) else { return };
        let Some(flow) = self.flows.value_mut(slot) else { return };
        flow.has_payload |= !segment.payload.is_empty();
        let closed = match segment.transport {
            TransportHeader::Tcp(header) => {
                let mut stage = Stage {
                    application: &mut self.application,
                    waiting: &mut self.waiting,
                    stats: &mut self.stats,
                    logs,
                };
                flow.tcp_segment(slot, key, side, header, segment, &mut stage)
            }
            TransportHeader::Udp => {
                let identity = flow.identity(slot, key, [0; 2]);
                let caller = segment.call.map(Call::caller);
                let origin = Origin { time: segment.time, peer: None, caller: caller.as_ref() };
                let piece = Piece { side, bytes: segment.payload, origin };
                if !segment.payload.is_empty() {
                    self.application.chunk(&mut flow.conversation, &identity, piece, logs);
                }
                false
            }
        };
        let class = match (closed, flow.has_payload, flow.tcp.is_some()) {
            (true, ..) => Class::Closed,
            (_, false, _) => Class::HalfOpen,
            (_, _, true) => Class::Active,
            (_, _, false) => Class::Datagrams,
        };
        self.flows.touch(slot, class, segment.time);
        while let Some(released) = self.application.take_released() {
            self.ask_again(&released, logs);
        }
    }

    /// Capture time has come this far, though no segment says so: what was silent or waits for too long is told. Nanoseconds
    /// since 1970.
    pub fn advance(&mut self, now: u64, logs: &mut dyn LogSink) {
        self.now = self.now.max(now);
        if self.now >= self.next_sweep {
            self.sweep(logs);
        }
    }

    /// End of a capture burst: nothing waits in a batch.
    pub fn flush(&mut self, logs: &mut dyn LogSink) {
        self.application.flush(logs);
        while let Some(released) = self.application.take_released() {
            self.ask_again(&released, logs);
            self.application.flush(logs);
        }
        if self.flows.is_over() {
            self.make_room(MAKE_ROOM, logs);
        }
    }

    /// End of the capture: everything that is open is told with what is known.
    pub fn finish(&mut self, logs: &mut dyn LogSink) {
        self.flush(logs);
        self.application.time_out(self.now, logs);
        let slots: Vec<u32> = self.flows.slots().collect();
        for slot in slots {
            self.end_flow(slot, logs);
        }
        self.flush(logs);
    }

    /// Sockets whose bytes nobody wants any more, since the last time: no parser knows them, or the parser that followed them is done. Whoever
    /// captures them need not go on. Connections alone: a socket of UDP may speak with many others.
    pub fn take_unwanted(&mut self) -> Vec<u64> {
        self.application.take_unwanted()
    }

    /// Counters so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut stats = self.stats.clone();
        stats.merge(self.application.stats());
        stats
    }

    /// The slot of the segment's flow; a new one when it begins here. None for what begins nothing or is not let in; that is
    /// counted.
    fn slot(
        &mut self,
        key: FlowKey,
        side: Side,
        segment: &Segment<'_>,
        logs: &mut dyn LogSink,
    ) -> Option<u32> {
        if let Some(slot) = self.flows.find(&key) {
            let flow = self.flows.value_mut(slot)?;
            let (Some(tcp), TransportHeader::Tcp(header)) = (&flow.tcp, segment.transport) else {
                return Some(slot);
            };
            if tcp.is_new_connection(side, &header) {
                self.end_flow(slot, logs);
            } else if tcp.is_closed() {
                self.stats.stray_segments += 1;
                return None;
            } else {
                return Some(slot);
            }
        }
        let (begins, opened_by) = match segment.transport {
            TransportHeader::Tcp(TcpHeader { flags, .. }) if flags.syn() => {
                (true, Some(if flags.ack() { side.other() } else { side }))
            }
            TransportHeader::Tcp(_) => (!segment.payload.is_empty(), None),
            TransportHeader::Udp => (!segment.payload.is_empty(), None),
        };
        if !begins {
            self.stats.stray_segments += 1;
            return None;
        }
        if !self.gate.is_open(self.now) && self.is_refused(&key, opened_by, segment) {
            return None;
        }
        Some(self.open_flow(key, side, opened_by, segment, logs))
    }

    /// Whether a new flow stays outside; counts it then.
    #[cold]
    fn is_refused(&mut self, key: &FlowKey, opened_by: Option<Side>, segment: &Segment<'_>) -> bool {
        let begins = opened_by.is_some() || key.transport == Transport::Udp;
        let refused = self.gate.refuses(admission::part(self.flows.hash(key)), begins, self.now);
        if refused {
            let is_first = matches!(segment.transport, TransportHeader::Tcp(TcpHeader { flags, .. }) if flags.syn() && !flags.ack());
            self.gate.count(is_first, &mut self.stats);
        }
        refused
    }

    fn open_flow(
        &mut self,
        key: FlowKey,
        side: Side,
        opened_by: Option<Side>,
        segment: &Segment<'_>,
        logs: &mut dyn LogSink,
    ) -> u32 {
        if self.flows.is_full() {
            // Two for one, so that a bound that was lowered is reached.
            self.make_room(2, logs);
        }
        self.stats.flows += 1;
        let is_tcp = key.transport == Transport::Tcp;
        self.stats.flows_joined += u64::from(is_tcp && opened_by.is_none());
        let flow = Flow {
            id: key.flow_id(segment.time),
            opened_by,
            has_payload: false,
            tcp: is_tcp.then(TcpFlow::default),
            conversation: Conversation { app: App::default(), client: opened_by.unwrap_or(side) },
        };
        self.flows.insert(key, Class::HalfOpen, segment.time, flow)
    }

    /// Ends flows, `most` of them, until there is room for one more.
    fn make_room(&mut self, most: usize, logs: &mut dyn LogSink) {
        for _ in 0..most {
            let Some((slot, class)) = self.flows.to_evict().filter(|_| self.flows.is_full()) else { break };
            match class {
                Class::Closed => {}
                Class::HalfOpen => self.stats.flows_evicted_half_open += 1,
                Class::Active | Class::Datagrams => self.stats.flows_evicted += 1,
            }
            self.end_flow(slot, logs);
        }
    }

    /// Takes a flow out of the table; its parser is told.
    fn end_flow(&mut self, slot: u32, logs: &mut dyn LogSink) {
        let Some(key) = self.flows.key(slot) else { return };
        let Some(mut flow) = self.flows.remove(slot) else { return };
        let mut stage = Stage {
            application: &mut self.application,
            waiting: &mut self.waiting,
            stats: &mut self.stats,
            logs,
        };
        flow.end(slot, key, &mut stage);
    }

    /// Forgets flows that were silent for too long, and tells requests that waited for too long.
    fn sweep(&mut self, logs: &mut dyn LogSink) {
        self.next_sweep = self.now.saturating_add(SWEEP);
        let limits = self.application.limits().clone();
        for (class, timeout) in [
            (Class::Closed, limits.closed_timeout),
            (Class::HalfOpen, limits.half_open_timeout),
            (Class::Active, limits.tcp_timeout),
            (Class::Datagrams, limits.udp_timeout),
        ] {
            while let Some(slot) = self.flows.oldest(class, self.now.saturating_sub(timeout)) {
                self.stats.flows_timed_out += u64::from(class != Class::Closed);
                self.end_flow(slot, logs);
            }
        }
        self.application.time_out(self.now, logs);
    }

    /// Another protocol speaks on a flow now.
    fn ask_again(&mut self, released: &Released, logs: &mut dyn LogSink) {
        let Some(key) = self.flows.key(released.flow_slot) else { return };
        let Some(flow) = self.flows.value_mut(released.flow_slot) else { return };
        if flow.id != released.flow_id {
            return;
        }
        let base = flow.tcp.as_ref().map_or([0; 2], |tcp| base_sequences(tcp, None));
        let identity = flow.identity(released.flow_slot, key, base);
        let client = flow.conversation.client;
        let sides = [client, client.other()];
        flow.conversation.app = App::default();
        if let App::Probing(probing) = &mut flow.conversation.app {
            for (side, position) in sides.into_iter().zip(released.position) {
                probing.position[side.index()] = position;
            }
        }
        for ((side, rest), caller) in sides.into_iter().zip(&released.rest).zip(&released.callers) {
            if !rest.is_empty() {
                let origin = Origin { time: released.time, peer: None, caller: caller.as_ref() };
                let piece = Piece { side, bytes: rest, origin };
                self.application.chunk(&mut flow.conversation, &identity, piece, logs);
            }
        }
    }
}

/// What a flow needs of its worker.
struct Stage<'a> {
    application: &'a mut Application,
    waiting: &'a mut Waiting,
    stats: &'a mut Stats,
    logs: &'a mut dyn LogSink,
}

impl Flow {
    fn is_closed(&self) -> bool {
        self.tcp.as_ref().is_some_and(TcpFlow::is_closed)
    }

    fn identity(&self, slot: u32, key: FlowKey, base_sequence: [u32; 2]) -> FlowIdentity {
        FlowIdentity { slot, id: self.id, key, opened_by: self.opened_by, base_sequence }
    }

    /// True when the flow is over.
    fn tcp_segment(
        &mut self,
        slot: u32,
        key: FlowKey,
        side: Side,
        header: TcpHeader,
        segment: &Segment<'_>,
        stage: &mut Stage<'_>,
    ) -> bool {
        let Some(tcp) = &self.tcp else { return false };
        // Only who begins to follow the flow asks for them.
        let base = match self.conversation.app {
            App::Probing(_) => base_sequences(tcp, Some((side, &header))),
            App::Followed { .. } | App::LeftAlone => [0; 2],
        };
        let identity = self.identity(slot, key, base);
        let Self { tcp: Some(tcp), conversation, .. } = self else { return false };
        let mut shared = Shared { waiting: stage.waiting, stats: stage.stats };
        let (application, logs) = (&mut *stage.application, &mut *stage.logs);
        let mut receiver = FlowReceiver { conversation, identity, application, logs };
        tcp.segment(side, header, segment, &mut shared, &mut receiver);
        let closed = tcp.is_closed();
        if closed {
            stage.application.close(&mut self.conversation);
        }
        closed
    }

    fn end(&mut self, slot: u32, key: FlowKey, stage: &mut Stage<'_>) {
        if let Some(mut tcp) = self.tcp.take() {
            let identity = self.identity(slot, key, base_sequences(&tcp, None));
            let mut shared = Shared { waiting: stage.waiting, stats: stage.stats };
            let conversation = &mut self.conversation;
            let (application, logs) = (&mut *stage.application, &mut *stage.logs);
            let mut receiver = FlowReceiver { conversation, identity, application, logs };
            tcp.finish(&mut shared, &mut receiver);
        }
        stage.application.close(&mut self.conversation);
    }
}

/// By side: the sequence number of position 0; for a side that was not seen, what the segment says of it.
fn base_sequences(tcp: &TcpFlow, segment: Option<(Side, &TcpHeader)>) -> [u32; 2] {
    [Side::Low, Side::High].map(|side| {
        if let Some((position, next)) = tcp.position(side) {
            return next.wrapping_sub(position as u32);
        }
        match segment {
            Some((sender, header)) if sender == side => {
                header.sequence.wrapping_add(u32::from(header.flags.syn()))
            }
            Some((_, header)) if header.flags.ack() => header.acknowledgment,
            _ => 0,
        }
    })
}

/// Where the chunks of one flow go.
struct FlowReceiver<'a> {
    conversation: &'a mut Conversation,
    identity: FlowIdentity,
    application: &'a mut Application,
    logs: &'a mut dyn LogSink,
}

impl Receiver for FlowReceiver<'_> {
    fn chunk(&mut self, side: Side, bytes: &[u8], origin: Origin<'_>) {
        let piece = Piece { side, bytes, origin };
        self.application.chunk(self.conversation, &self.identity, piece, self.logs);
    }

    fn gap(&mut self, side: Side, bytes: u64, passed: Option<u64>) {
        self.application.gap(self.conversation, side, bytes, passed, self.logs);
    }
}
