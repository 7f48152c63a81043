//! The door for real components of the world `protocol-parser`, from any language that has a component toolchain.
//!
//! Takes: batches. Gives: checked outcomes. Slower than [`core_door`](crate::core_door): lists are copied through wasmtime's
//! typed interface on the way in and out.

mod bindings;
mod convert;
mod host;
mod template;

use wasmtime::Store;
use weir_pipeline::parse::event::{FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::Outcome;
use weir_pipeline::parse::parser::{CheckVerdict, Manifest, PluginFault, Probe};

use crate::checks::Checks;
use crate::fault;
use crate::guest::HostState;
use bindings::ProtocolParser;
use bindings::exports::weir::plugin::parser;
use bindings::weir::plugin::types;

pub(crate) use host::Imports;
pub(crate) use template::ComponentTemplate;

/// The exports of one instance, and lists that are used again.
pub(crate) struct ComponentDoor {
    exports: ProtocolParser,
    flows: Vec<types::Flow>,
    events: Vec<parser::StreamEvent>,
}

impl ComponentDoor {
    pub(crate) fn describe(&self, store: &mut Store<HostState>) -> Result<Manifest, PluginFault> {
        let answer = self.exports.weir_plugin_parser().call_describe(&mut *store);
        match answer {
            Ok(manifest) => convert::manifest(manifest),
            Err(error) => Err(fault::of_call(&error, store.data(), "describe")),
        }
    }

    pub(crate) fn check(
        &self,
        store: &mut Store<HostState>,
        payload: &[u8],
        probe: &Probe,
    ) -> Result<CheckVerdict, PluginFault> {
        let probe = convert::probe(probe);
        let answer = self.exports.weir_plugin_parser().call_check(&mut *store, payload, probe);
        match answer {
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
        self.flows.clear();
        self.flows.extend(flows.iter().map(convert::flow));
        self.events.clear();
        self.events.extend(events.iter().map(convert::event));
        let parser = self.exports.weir_plugin_parser();
        match parser.call_process(&mut *store, arena, &self.flows, &self.events) {
            Ok(answer) => convert::outcome(&answer, checks, outcome),
            Err(error) => Err(fault::of_call(&error, store.data(), "process")),
        }
    }
}
