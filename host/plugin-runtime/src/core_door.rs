//! The door for core modules that follow the WIT's canonical layout (Component Model, `CanonicalABI.md`): what both SDKs
//! make, and the fastest way to call a guest.
//!
//! Takes: batches. Gives: checked outcomes. Arguments are written straight into the memory that the guest gave for them,
//! answers are read in place: no list is copied twice, nothing is allocated per call.

mod decode;
mod describe;
mod encode;
mod hooks;
mod imports;
/// Sizes and offsets of the records; `tests/` compares them with the WIT.
pub(crate) mod layout;
mod template;
pub(crate) mod wasi;

use wasmtime::{Memory, Store, TypedFunc};
use weir_pipeline::parse::event::{FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::Outcome;
use weir_pipeline::parse::parser::{CheckVerdict, Manifest, PluginFault, Probe};

use crate::checks::Checks;
use crate::fault::{self, bad_answer};
use crate::guest::HostState;
use hooks::HookExports;

pub(crate) use imports::Imports;
pub(crate) use template::{CoreTemplate, check_memory, is_i32s, type_name};

/// `cabi_realloc`: old address, old size, alignment, new size -> address.
type Realloc = TypedFunc<(u32, u32, u32, u32), u32>;
/// `process`: address and length of arena, flows and events -> address of four lists.
type Process = TypedFunc<(u32, u32, u32, u32, u32, u32), u32>;
/// `check`: address and length of the payload, and the probe, flattened -> verdict.
type Check = TypedFunc<(u32, u32, u32, u32, u32, u32, u32, u32), u32>;
/// `cabi_post_...`: what the call gave -> nothing.
type Post = TypedFunc<u32, ()>;

/// The exports of one instance.
pub(crate) struct CoreDoor {
    memory: Memory,
    realloc: Realloc,
    /// Of a plugin without a parser.
    identity: Option<TypedFunc<(), u32>>,
    parser: Option<ParserExports>,
    /// By [`HookKind`](weir_pipeline::hooks::hook::HookKind).
    hooks: [Option<HookExports>; 3],
}

/// What a parser exports.
struct ParserExports {
    describe: TypedFunc<(), u32>,
    check: Check,
    process: Process,
    post_process: Option<Post>,
    post_check: Option<Post>,
}

/// Address and length of a list in guest memory.
#[derive(Clone, Copy)]
struct Placed {
    address: u32,
    count: u32,
}

impl CoreDoor {
    pub(crate) fn describe(&self, store: &mut Store<HostState>) -> Result<Manifest, PluginFault> {
        let (describe, read): (_, fn(&[u8], u32) -> _) = match (&self.parser, &self.identity) {
            (Some(parser), _) => (&parser.describe, describe::read),
            (None, Some(identity)) => (identity, describe::read_about),
            (None, None) => {
                return Err(bad_answer("describe: it has neither a parser nor an identity".into()));
            }
        };
        let area = describe.call(&mut *store, ());
        let area = area.map_err(|error| fault::of_call(&error, store.data(), "describe"))?;
        read(self.memory.data(&*store), area)
    }

    /// It parses.
    pub(crate) fn parses(&self) -> bool {
        self.parser.is_some()
    }

    pub(crate) fn check(
        &self,
        store: &mut Store<HostState>,
        payload: &[u8],
        probe: &Probe,
    ) -> Result<CheckVerdict, PluginFault> {
        let fail = |error: &wasmtime::Error, store: &Store<HostState>| {
            Err(fault::of_call(error, store.data(), "check"))
        };
        let Some(parser) = &self.parser else { return Ok(CheckVerdict::No) };
        let placed = self.place(store, payload.len(), 1, 1, |memory| memory.copy_from_slice(payload))?;
        let arguments = (
            placed.address,
            placed.count,
            encode::transport(probe.transport),
            u32::from(probe.source_port),
            u32::from(probe.destination_port),
            u32::from(probe.from_start),
            u32::from(probe.from_client.is_some()),
            u32::from(probe.from_client == Some(true)),
        );
        let raw = match parser.check.call(&mut *store, arguments) {
            Ok(raw) => raw,
            Err(error) => return fail(&error, store),
        };
        let verdict =
            decode::verdict(raw).ok_or_else(|| bad_answer(format!("check: there is no verdict {raw}")))?;
        if let Some(Err(error)) = parser.post_check.as_ref().map(|post| post.call(&mut *store, raw)) {
            return fail(&error, store);
        }
        Ok(verdict)
    }

    /// Fills `outcome`; what stands there after a fault is of no use.
    pub(crate) fn process(
        &self,
        store: &mut Store<HostState>,
        arena: &[u8],
        flows: &[FlowFacts],
        events: &[StreamEvent],
        outcome: &mut Outcome,
        checks: Checks<'_>,
    ) -> Result<(), PluginFault> {
        let fail = |error: &wasmtime::Error, store: &Store<HostState>| {
            Err(fault::of_call(error, store.data(), "process"))
        };
        let Some(parser) = &self.parser else { return Ok(()) };
        let arena_at = self.place(store, arena.len(), 1, 1, |memory| memory.copy_from_slice(arena))?;
        let flows_at = self.place(store, flows.len(), layout::flow::SIZE, layout::flow::ALIGN, |memory| {
            encode::flows(flows, memory);
        })?;
        let events_at =
            self.place(store, events.len(), layout::event::SIZE, layout::event::ALIGN, |memory| {
                encode::events(events, memory);
            })?;
        let arguments = (
            arena_at.address,
            arena_at.count,
            flows_at.address,
            flows_at.count,
            events_at.address,
            events_at.count,
        );
        let area = match parser.process.call(&mut *store, arguments) {
            Ok(area) => area,
            Err(error) => return fail(&error, store),
        };
        decode::read(self.memory.data(&*store), area, checks, outcome)?;
        match parser.post_process.as_ref().map(|post| post.call(&mut *store, area)) {
            Some(Err(error)) => fail(&error, store),
            _ => Ok(()),
        }
    }

    /// Asks the guest for memory and fills it. An empty list needs none: any aligned address does.
    fn place(
        &self,
        store: &mut Store<HostState>,
        count: usize,
        size: usize,
        align: u32,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Placed, PluginFault> {
        if count == 0 {
            return Ok(Placed { address: align, count: 0 });
        }
        let bytes = count.checked_mul(size).and_then(|bytes| u32::try_from(bytes).ok());
        let (Some(bytes), Ok(count)) = (bytes, u32::try_from(count)) else {
            return Err(fault::too_much("the batch does not fit into 32 bits".into()));
        };
        let address = self.realloc.call(&mut *store, (0, 0, align, bytes));
        let address = address.map_err(|error| fault::of_call(&error, store.data(), "cabi_realloc"))?;
        let refused = store.data().refused();
        let place = self.memory.data_mut(&mut *store).get_mut(address as usize..);
        match place.and_then(|rest| rest.get_mut(..bytes as usize)) {
            Some(memory) if address != 0 && address % align == 0 => fill(memory),
            _ => return Err(misplaced(address, bytes, align, refused)),
        }
        Ok(Placed { address, count })
    }
}

#[cold]
fn misplaced(address: u32, bytes: u32, align: u32, refused: Option<&str>) -> PluginFault {
    if let (0, Some(refused)) = (address, refused) {
        let detail = format!("cabi_realloc: no {bytes} bytes, it wanted more {refused} than it may have");
        return PluginFault { kind: weir_pipeline::parse::parser::FaultKind::Memory, detail };
    }
    bad_answer(format!(
        "cabi_realloc: asked for {bytes} bytes aligned to {align}, it answered address {address:#x}, which can not be"
    ))
}
