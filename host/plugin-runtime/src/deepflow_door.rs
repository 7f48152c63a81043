//! The door for plugins that were built for DeepFlow's agent: core modules that import module `deepflow`. They run as they are.
//!
//! Takes: batches. Gives: checked outcomes. The guest is called once for each payload; data moves through the functions that it
//! imports. Does not keep what the original does not protect against: see `tests/deepflow/hostile.rs`.

/// What a guest is in the middle of: the host's side of the imports.
mod call;
mod claims;
mod context;
/// The http hook and the message hook.
mod hooks;
mod imports;
mod messages;
mod records;
mod template;
mod writer;

use wasmtime::{Store, TypedFunc};
use weir_pipeline::parse::event::{Direction, FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::{Outcome, ParserState, Progress};
use weir_pipeline::parse::parser::{CheckVerdict, Manifest, PluginFault, Probe};

use crate::fault::{self, bad_answer};
use crate::guest::{self, HostState};
use call::Hook;
use claims::Connection;
use context::Base;
use messages::Payload;

pub(crate) use call::Call;
pub(crate) use claims::Claims;
pub(crate) use imports::Imports;
pub(crate) use template::{DeepflowTemplate, is_for_deepflow};

/// A hook: no arguments, one number.
type HookFunction = TypedFunc<(), i32>;

/// Shorter payloads are not checked, as in the original.
const SHORTEST_CHECKED: usize = 2;
/// Payloads of one connection in a row that the plugin did not want before the connection is left alone; the original pauses after
/// as many.
const MISSES: u32 = 128;
/// Payloads for which one deadline is enough: Go plugins take 0.4 ms each, 3 ms now and then.
const PAYLOADS_A_DEADLINE: usize = 16;
/// What `parse_payload` and the hooks may answer.
const NEXT: i32 = 0;
const ABORT: i32 = 1;
/// Counter of payloads that nobody wanted.
const NOT_PARSED: &[u8] = b"payloads_not_parsed";

/// The exports of one instance, and what it said of itself.
pub(crate) struct DeepflowDoor {
    check_payload: HookFunction,
    parse_payload: HookFunction,
    hooks: hooks::Exports,
    /// Does it parse payloads at all?
    parses: bool,
    /// How much of a payload it is shown.
    truncation: usize,
    manifest: Manifest,
}

impl DeepflowDoor {
    pub(crate) fn describe(&self) -> Manifest {
        self.manifest.clone()
    }

    pub(crate) fn parses(&self) -> bool {
        self.parses
    }

    pub(crate) fn check(
        &self,
        store: &mut Store<HostState>,
        claims: &mut Claims,
        payload: &[u8],
        probe: &Probe,
    ) -> Result<CheckVerdict, PluginFault> {
        if !self.parses || payload.len() < SHORTEST_CHECKED {
            return Ok(CheckVerdict::No);
        }
        let guess = match probe.from_client {
            Some(false) => Direction::ServerToClient,
            _ => Direction::ClientToServer,
        };
        let base = Base {
            source: (probe.source, probe.source_port),
            destination: (probe.destination, probe.destination_port),
            transport: probe.transport,
            l7: 0,
            time: store.data().time,
            direction: guess,
            flow_id: probe.flow_id,
            buffer: self.truncation,
        };
        let call = &mut store.data_mut().deepflow;
        call.begin(Hook::Check, &base);
        call.payload.extend_from_slice(self.cut(payload));
        let answer = self.check_payload.call(&mut *store, ());
        let answer = answer.map_err(|error| fault::of_call(&error, store.data(), "check_payload"))?;
        let Some((number, says)) = claimed(answer)? else { return Ok(CheckVerdict::No) };
        claims.claim(probe.flow_id, number, store.data().deepflow.slot.text());
        // Plugins of the first age say nothing of the direction: who opened the connection is known better then.
        Ok(match says.or(probe.from_client.map(|_| guess)) {
            Some(Direction::ServerToClient) => CheckVerdict::ServerSpeaks,
            _ => CheckVerdict::ClientSpeaks,
        })
    }

    /// Fills `outcome`; what stands there after a fault is of no use.
    pub(crate) fn process(
        &self,
        store: &mut Store<HostState>,
        claims: &mut Claims,
        arena: &[u8],
        flows: &[FlowFacts],
        events: &[StreamEvent],
        outcome: &mut Outcome,
    ) -> Result<(), PluginFault> {
        guest::expect_calls(store, events.len() / PAYLOADS_A_DEADLINE);
        for (index, event) in events.iter().enumerate() {
            match *event {
                StreamEvent::Opened { flow } => {
                    if let Some(facts) = flows.get(flow as usize) {
                        claims.open(facts);
                    }
                }
                StreamEvent::Closed { connection } => claims.close(connection),
                // The original tells its plugins nothing of losses.
                StreamEvent::Gap { .. } => {}
                StreamEvent::Data { connection, direction, offset, length, position, time } => {
                    let bytes = arena.get(offset as usize..).and_then(|rest| rest.get(..length as usize));
                    let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty() && self.parses) else {
                        continue;
                    };
                    let Some(found) = claims.find(connection) else { continue };
                    let end = position + bytes.len() as u64;
                    let payload = Payload { connection, direction, start: position, end };
                    store.data_mut().time = time;
                    if !self.parse(store, found.connection, self.cut(bytes), &payload)? {
                        self.miss(store, found.connection, index, end, outcome);
                        continue;
                    }
                    found.connection.misses = 0;
                    let (state, name) = (store.data(), found.name);
                    messages::tell(
                        &state.deepflow.slot,
                        &payload,
                        found.connection,
                        name,
                        outcome,
                        state.limits(),
                    )?;
                }
            }
        }
        Ok(())
    }

    /// True when the plugin dealt with the payload; what it told is in the slot then.
    fn parse(
        &self,
        store: &mut Store<HostState>,
        connection: &Connection,
        bytes: &[u8],
        payload: &Payload,
    ) -> Result<bool, PluginFault> {
        let facts = &connection.facts;
        let (source, destination) = match payload.direction {
            Direction::ClientToServer => (facts.client, facts.server),
            Direction::ServerToClient => (facts.server, facts.client),
        };
        let state = store.data_mut();
        let base = Base {
            source,
            destination,
            transport: facts.transport,
            l7: connection.number,
            time: state.time,
            direction: payload.direction,
            flow_id: facts.flow_id,
            buffer: self.truncation,
        };
        state.deepflow.begin(Hook::Parse, &base);
        state.deepflow.payload.extend_from_slice(bytes);
        let answer = self.parse_payload.call(&mut *store, ());
        let answer = answer.map_err(|error| fault::of_call(&error, store.data(), "parse_payload"))?;
        is_dealt_with(answer, "parse_payload")
    }

    /// A payload that the plugin did not want. After many in a row the connection is not shown any more.
    fn miss(
        &self,
        store: &Store<HostState>,
        connection: &mut Connection,
        index: usize,
        end: u64,
        outcome: &mut Outcome,
    ) {
        store.data().counters.count(NOT_PARSED, 1);
        connection.misses += 1;
        if connection.misses == MISSES {
            let progress =
                Progress { event: index as u32, state: ParserState::Finished, need: 0, resume_at: end };
            outcome.progress.push(progress);
        }
    }

    fn cut<'a>(&self, payload: &'a [u8]) -> &'a [u8] {
        guest::cut(payload, self.truncation)
    }
}

/// The answer of `check_payload`, of both ages: a number, or a direction above it.
fn claimed(answer: i32) -> Result<Option<(u8, Option<Direction>)>, PluginFault> {
    let number = (answer & 0xff) as u8;
    if number == 0 {
        return Ok(None);
    }
    let says = match answer >> 8 {
        0 => None,
        1 => Some(Direction::ClientToServer),
        2 => Some(Direction::ServerToClient),
        other => return Err(bad_answer(format!("check_payload: there is no direction {other}"))),
    };
    Ok(Some((number, says)))
}

fn is_dealt_with(answer: i32, export: &str) -> Result<bool, PluginFault> {
    match answer {
        NEXT => Ok(false),
        ABORT => Ok(true),
        other => Err(bad_answer(format!("{export}: it answered {other}; 0 and 1 are known"))),
    }
}
