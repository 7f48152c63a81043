//! Ordered chunks of all flows -> parsers.
//!
//! Takes: chunks, gaps and ends by side of a flow. Gives: them to the parser that claimed the flow, or asks around until one
//! does. Knows who the client is; does not know TCP.

mod parsers;

use weir_request_log::LogSink;

use self::parsers::Parsers;
pub use self::parsers::{Change, ChangeError};

use crate::decode::Transport;
use crate::flow::key::{FlowKey, Side};
use crate::flow::origin::Origin;
use crate::hooks::hook::Hook;
use crate::hooks::stage::HookStage;
use crate::inference::endpoints::{Endpoint, Endpoints};
use crate::inference::probing::Probing;
use crate::inference::signatures::ParserSet;
use crate::inference::unwanted::Unwanted;
use crate::limits::Limits;
use crate::parse::driver::{Context, Driver, Opening, Released};
use crate::parse::event::{Direction, FlowFacts};
use crate::parse::parser::{CheckVerdict, Probe, ProtocolParser};
use crate::stats::Stats;

/// What a flow's bytes mean, as far as it is known.
#[derive(Debug)]
pub(crate) enum App {
    /// Nobody claimed it yet.
    Probing(Probing),
    /// A parser follows it.
    Followed { parser: u8, connection: u32 },
    /// Nobody wants it.
    LeftAlone,
}

impl Default for App {
    fn default() -> Self {
        Self::Probing(Probing::default())
    }
}

/// What a flow is about: who follows it, and which side asks.
#[derive(Debug)]
pub(crate) struct Conversation {
    pub(crate) app: App,
    pub(crate) client: Side,
}

/// The next bytes of a side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a> {
    pub(crate) side: Side,
    pub(crate) bytes: &'a [u8],
    pub(crate) origin: Origin<'a>,
}

/// What the stages before know of a flow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlowIdentity {
    pub(crate) slot: u32,
    pub(crate) id: u64,
    pub(crate) key: FlowKey,
    /// The side that opened the connection, when its handshake was captured.
    pub(crate) opened_by: Option<Side>,
    /// By side: sequence number of position 0.
    pub(crate) base_sequence: [u32; 2],
}

/// All parsers and hooks of a worker.
pub(crate) struct Application {
    parsers: Parsers,
    endpoints: Endpoints,
    common: Common,
}

/// What all parsers work with.
struct Common {
    hooks: HookStage,
    unwanted: Unwanted,
    limits: Limits,
    stats: Stats,
}

impl Common {
    fn context<'a>(&'a mut self, logs: &'a mut dyn LogSink) -> Context<'a> {
        let Self { hooks, unwanted, limits, stats } = self;
        Context { limits, stats, hooks, unwanted, logs }
    }
}

impl Application {
    pub(crate) fn new(
        limits: Limits,
        parsers: Vec<Box<dyn ProtocolParser>>,
        hooks: Vec<Box<dyn Hook>>,
    ) -> Self {
        let mut hooks = HookStage::new(hooks);
        let drivers: Vec<Driver> =
            parsers.into_iter().map(|parser| Driver::new(parser, &mut hooks)).collect();
        let endpoints = Endpoints::new(limits.endpoints);
        Self {
            parsers: Parsers::new(drivers),
            endpoints,
            common: Common { hooks, unwanted: Unwanted::default(), limits, stats: Stats::default() },
        }
    }

    /// Changes the parsers that are asked, and the hooks. Connections stay with the parser that follows them.
    pub(crate) fn change(
        &mut self,
        parsers: Vec<Change>,
        hooks: Vec<Box<dyn Hook>>,
        logs: &mut dyn LogSink,
    ) -> Result<(), ChangeError> {
        self.flush(logs);
        let mut stage = HookStage::new(hooks);
        let moved = self.parsers.change(parsers, |parser| Driver::new(parser, &mut stage))?;
        for (slot, successor) in moved {
            self.endpoints.rename(slot, successor);
        }
        for driver in self.parsers.iter_mut() {
            driver.set_wanted(&mut stage);
        }
        self.common.hooks.succeed(stage);
        Ok(())
    }

    /// As they are now.
    pub(crate) fn limits(&self) -> &Limits {
        &self.common.limits
    }

    /// Counts so far.
    pub(crate) fn stats(&self) -> &Stats {
        &self.common.stats
    }

    /// Other limits from here on.
    pub(crate) fn set_limits(&mut self, limits: Limits) {
        self.endpoints.set_capacity(limits.endpoints);
        self.common.limits = limits;
    }

    /// The next bytes of a side.
    pub(crate) fn chunk(
        &mut self,
        conversation: &mut Conversation,
        flow: &FlowIdentity,
        piece: Piece<'_>,
        logs: &mut dyn LogSink,
    ) {
        let Piece { side, bytes, origin } = piece;
        match &conversation.app {
            App::Followed { parser, connection } => {
                let direction = direction(side, conversation.client);
                let Some(driver) = self.parsers.get_mut(usize::from(*parser)) else { return };
                let mut context = self.common.context(logs);
                driver.chunk(*connection, direction, bytes, origin, &mut context);
            }
            App::Probing(_) => self.probe(conversation, flow, piece, logs),
            App::LeftAlone => self.common.stats.unclaimed_bytes += bytes.len() as u64,
        }
    }

    /// Bytes of a side that will never come. `passed`: when they did, without being captured.
    pub(crate) fn gap(
        &mut self,
        conversation: &mut Conversation,
        side: Side,
        bytes: u64,
        passed: Option<u64>,
        logs: &mut dyn LogSink,
    ) {
        match &mut conversation.app {
            App::Followed { parser, connection } => {
                let Some(driver) = self.parsers.get_mut(usize::from(*parser)) else { return };
                let mut context = self.common.context(logs);
                let direction = direction(side, conversation.client);
                driver.gap(*connection, direction, bytes, passed, &mut context);
            }
            App::Probing(probing) => {
                probing.drop_side(side);
                probing.position[side.index()] += bytes;
            }
            App::LeftAlone => {}
        }
    }

    /// The flow is over.
    pub(crate) fn close(&mut self, conversation: &mut Conversation) {
        match std::mem::replace(&mut conversation.app, App::LeftAlone) {
            App::Followed { parser, connection } => {
                if let Some(driver) = self.parsers.get_mut(usize::from(parser)) {
                    driver.close(connection);
                }
            }
            App::Probing(_) => self.common.stats.flows_unclaimed += 1,
            App::LeftAlone => {}
        }
    }

    /// Nothing waits in a batch any more.
    pub(crate) fn flush(&mut self, logs: &mut dyn LogSink) {
        for driver in self.parsers.iter_mut() {
            let mut context = self.common.context(logs);
            driver.flush(&mut context);
        }
        let Common { hooks, limits, stats, .. } = &mut self.common;
        hooks.run(limits, stats, logs);
        self.parsers.retire();
    }

    /// Requests whose time is over are told.
    pub(crate) fn time_out(&mut self, now: u64, logs: &mut dyn LogSink) {
        for driver in self.parsers.iter_mut() {
            let mut context = self.common.context(logs);
            driver.time_out(now, &mut context);
        }
    }

    /// Flows that a parser gave back because another protocol speaks on them now.
    pub(crate) fn take_released(&mut self) -> Option<Released> {
        // Asked behind each segment, and seldom there.
        let driver = self.parsers.iter_mut().find(|driver| driver.has_released())?;
        driver.released().pop()
    }

    /// Sockets whose bytes nobody wants any more, since the last time.
    pub(crate) fn take_unwanted(&mut self) -> Vec<u64> {
        self.common.unwanted.take()
    }

    fn probe(
        &mut self,
        conversation: &mut Conversation,
        flow: &FlowIdentity,
        piece: Piece<'_>,
        logs: &mut dyn LogSink,
    ) {
        let Piece { side, bytes, origin } = piece;
        let App::Probing(probing) = &mut conversation.app else { return };
        let server = self.endpoint(flow, side.other());
        let known = self.known(flow, side);
        let payload = probing.with(side, bytes);
        let checks = self.common.stats.checks;
        let mut answer = self.ask(flow, side, (&payload, origin.time), probing.is_from_start(side), known);
        if matches!(answer, Answer::Nobody) && payload.len() > bytes.len() {
            // What waited was the end of something else; a message may begin with this segment.
            probing.drop_side(side);
            answer = self.ask(flow, side, (bytes, origin.time), false, known);
        }
        match answer {
            Answer::Claimed { parser, speaker_is_client } => {
                conversation.client = if speaker_is_client { side } else { side.other() };
                let endpoint = if speaker_is_client { server } else { self.endpoint(flow, side) };
                self.endpoints.remember(endpoint, parser);
                self.follow(conversation, flow, parser, piece, logs);
            }
            undecided => {
                if matches!(undecided, Answer::Undecided) {
                    probing.keep(side, bytes, origin, self.common.limits.probe_bytes);
                } else {
                    probing.drop_side(side);
                    self.common.stats.unclaimed_bytes += bytes.len() as u64;
                }
                probing.position[side.index()] += bytes.len() as u64;
                let patient = known.is_some() || flow.opened_by.is_none();
                let payloads =
                    if patient { self.common.limits.payloads_joined } else { self.common.limits.payloads };
                let was_asked = self.common.stats.checks > checks;
                if probing.count(side, was_asked, payloads, self.common.limits.questions) {
                    self.common.stats.flows_unclaimed += 1;
                    conversation.app = App::LeftAlone;
                    let told = self.common.unwanted.add(flow.key.socket, flow.key.transport);
                    self.common.stats.sockets_unwanted += u64::from(told);
                }
            }
        }
    }

    /// The parser that one of the two endpoints went to before.
    fn known(&self, flow: &FlowIdentity, sender: Side) -> Option<usize> {
        let of = |side: Side| self.endpoints.parser(&self.endpoint(flow, side));
        match flow.opened_by {
            Some(client) => of(client.other()),
            None => of(sender.other()).or_else(|| of(sender)),
        }
    }

    fn endpoint(&self, flow: &FlowIdentity, side: Side) -> Endpoint {
        let (address, port) = flow.key.endpoint(side);
        Endpoint { address, port, transport: flow.key.transport, inside_tls: flow.key.is_plaintext() }
    }

    fn ask(
        &mut self,
        flow: &FlowIdentity,
        side: Side,
        (payload, time): (&[u8], u64),
        from_start: bool,
        known: Option<usize>,
    ) -> Answer {
        let transport = flow.key.transport;
        let (source_port, destination_port) = (flow.key.endpoint(side).1, flow.key.endpoint(side.other()).1);
        let found = self.parsers.signatures().candidates(transport, payload, [source_port, destination_port]);
        let is_stream = transport == Transport::Tcp;
        let mut undecided = is_stream && !found.undecided.is_empty();
        let probe = Probe {
            transport,
            source_port,
            destination_port,
            from_start: from_start && (flow.opened_by.is_some() || !is_stream),
            from_client: flow.opened_by.map(|client| client == side),
            flow_id: flow.id,
            source: flow.key.endpoint(side).0,
            destination: flow.key.endpoint(side.other()).0,
        };
        let known = known.and_then(|slot| self.parsers.place(slot));
        for place in in_order(found.fit, known) {
            let Some(parser) = self.parsers.slot(place) else { continue };
            let Some(driver) = self.parsers.get_mut(parser) else { continue };
            self.common.stats.checks += 1;
            match driver.check(payload, &probe, time) {
                Ok(CheckVerdict::ClientSpeaks) => return Answer::Claimed { parser, speaker_is_client: true },
                Ok(CheckVerdict::ServerSpeaks) => {
                    return Answer::Claimed { parser, speaker_is_client: false };
                }
                Ok(CheckVerdict::NeedMore) => undecided |= is_stream,
                Ok(CheckVerdict::No) => {}
                Err(_) => self.common.stats.faults += 1,
            }
        }
        if undecided { Answer::Undecided } else { Answer::Nobody }
    }

    /// Hands the flow to the parser that claimed it, with everything that waited.
    fn follow(
        &mut self,
        conversation: &mut Conversation,
        flow: &FlowIdentity,
        parser: usize,
        piece: Piece<'_>,
        logs: &mut dyn LogSink,
    ) {
        let client = conversation.client;
        let App::Probing(probing) = &mut conversation.app else { return };
        let Some(driver) = self.parsers.get_mut(parser) else { return };
        self.common.stats.flows_claimed += 1;
        let base = [client, client.other()].map(|side| {
            let position = probing.start(side);
            (position, flow.base_sequence[side.index()].wrapping_add(position as u32))
        });
        let is_whole = [Side::Low, Side::High].iter().all(|side| probing.is_from_start(*side));
        let connection = driver.open(&Opening {
            flow_slot: flow.slot,
            flow_id: flow.id,
            socket: flow.key.socket,
            facts: FlowFacts {
                connection: 0,
                flow_id: flow.id,
                transport: flow.key.transport,
                client: flow.key.endpoint(client),
                server: flow.key.endpoint(client.other()),
                from_start: is_whole && (flow.opened_by.is_some() || flow.key.transport == Transport::Udp),
                heads: false,
                body_limit: 0,
            },
            base,
        });
        let chunks = probing.take();
        let mut context = self.common.context(logs);
        for chunk in &chunks {
            let direction = direction(chunk.side, client);
            driver.chunk(connection, direction, &chunk.bytes, chunk.origin.origin(), &mut context);
        }
        driver.chunk(connection, direction(piece.side, client), piece.bytes, piece.origin, &mut context);
        conversation.app = App::Followed { parser: parser as u8, connection };
    }
}

/// Whose flow it is.
enum Answer {
    Claimed { parser: usize, speaker_is_client: bool },
    Nobody,
    Undecided,
}

/// The parser that the endpoint spoke before is asked first, then all in the order of registration.
fn in_order(fit: ParserSet, known: Option<usize>) -> impl Iterator<Item = usize> {
    let first = known.filter(|parser| fit.contains(*parser));
    let mut others = fit;
    if let Some(parser) = first {
        others.remove(parser);
    }
    first.into_iter().chain(others.iter())
}

fn direction(sender: Side, client: Side) -> Direction {
    if sender == client { Direction::ClientToServer } else { Direction::ServerToClient }
}
