//! The door for real components of the WIT's worlds, from any language that has a component toolchain.
//!
//! Takes: batches. Gives: checked answers. Slower than [`core_door`](crate::core_door): lists are copied through wasmtime's
//! typed interface on the way in and out.

mod bindings;
mod convert;
mod hooks;
mod host;
mod template;

use wasmtime::Store;
use weir_pipeline::parse::event::{FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::Outcome;
use weir_pipeline::parse::parser::{CheckVerdict, Manifest, PluginFault, Probe};

use crate::checks::Checks;
use crate::fault;
use crate::guest::HostState;
use bindings::exports::weir::plugin::{identity, parser};
use bindings::weir::plugin::types;
use hooks::Hooks;

pub(crate) use host::Imports;
pub(crate) use template::ComponentTemplate;

/// The exports of one instance, and lists that are used again.
pub(crate) struct ComponentDoor {
    parser: Option<parser::Guest>,
    /// Of a plugin without a parser.
    identity: Option<identity::Guest>,
    hooks: Hooks,
    flows: Vec<types::Flow>,
    events: Vec<parser::StreamEvent>,
}

impl ComponentDoor {
    pub(crate) fn describe(&self, store: &mut Store<HostState>) -> Result<Manifest, PluginFault> {
        let answer = match (&self.parser, &self.identity) {
            (Some(parser), _) => parser.call_describe(&mut *store).map(convert::manifest),
            (None, Some(identity)) => identity.call_describe(&mut *store).map(convert::about),
            (None, None) => {
                return Err(fault::bad_answer("describe: it has neither a parser nor an identity".into()));
            }
        };
        answer.unwrap_or_else(|error| Err(fault::of_call(&error, store.data(), "describe")))
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
        let Some(parser) = &self.parser else { return Ok(CheckVerdict::No) };
        match parser.call_check(&mut *store, payload, convert::probe(probe)) {
            Ok(verdict) => Ok(convert::verdict(verdict)),
            Err(error) => Err(fault::of_call(&error, store.data(), "check")),
        }
    }

    /// Fills `outcome`; what stands there after a fault is of no use.
    pub(crate) fn process(
        &mut self,
        store: &mut Store<HostState>,
        arena: &[u8],
        flows: &[FlowFacts],
        events: &[StreamEvent],
        outcome: &mut Outcome,
        checks: Checks<'_>,
    ) -> Result<(), PluginFault> {
        let Some(parser) = &self.parser else { return Ok(()) };
        self.flows.clear();
        self.flows.extend(flows.iter().map(convert::flow));
        self.events.clear();
        self.events.extend(events.iter().map(convert::event));
        match parser.call_process(&mut *store, arena, &self.flows, &self.events) {
            Ok(answer) => convert::outcome(&answer, checks, outcome),
            Err(error) => Err(fault::of_call(&error, store.data(), "process")),
        }
    }
}
