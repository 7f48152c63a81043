//! Three doors to a guest behind one face. Takes: bytes of either kind. Gives: calls that look the same.

use wasmtime::{Module, Store};
use weir_pipeline::hooks::hook::{HookKind, Interest, Patches, Subjects};
use weir_pipeline::parse::event::{FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::Outcome;
use weir_pipeline::parse::parser::{CheckVerdict, Manifest, PluginFault, Probe};

use crate::checks::Checks;
use crate::component_door::{ComponentDoor, ComponentTemplate};
use crate::core_door::{CoreDoor, CoreTemplate};
use crate::deepflow_door::{Claims, DeepflowDoor, DeepflowTemplate, is_for_deepflow};
use crate::guest::HostState;
use crate::load_error::LoadError;
use crate::runtime::Shared;

/// How every WebAssembly file begins (core specification, 5.5.16).
const MAGIC: [u8; 4] = *b"\0asm";
/// The magic number, and the version of core modules.
const CORE_MODULE: [u8; 8] = *b"\0asm\x01\0\0\0";
/// The magic number, version 13 of layer 1 (Component Model, `Binary.md`).
const COMPONENT: [u8; 8] = *b"\0asm\x0d\0\x01\0";

/// What instances are made from.
pub(crate) enum Template {
    Component(ComponentTemplate),
    Core(CoreTemplate),
    Deepflow(DeepflowTemplate),
}

/// One instance.
pub(crate) enum Door {
    Component(Box<ComponentDoor>),
    Core(Box<CoreDoor>),
    Deepflow(Box<DeepflowDoor>),
}

impl Template {
    /// `file`: what to call a plugin that does not say its name.
    pub(crate) fn new(runtime: &Shared, wasm: &[u8], file: &str) -> Result<Self, LoadError> {
        let limit = runtime.limits.wasm_bytes;
        if !wasm.starts_with(&MAGIC) {
            return Err(LoadError::NotWasm);
        }
        if wasm.len() > limit {
            return Err(LoadError::TooLarge { bytes: wasm.len(), limit });
        }
        match wasm.first_chunk() {
            Some(&CORE_MODULE) => Self::of_module(runtime, wasm, file),
            Some(&COMPONENT) => Ok(Self::Component(ComponentTemplate::new(runtime, wasm)?)),
            _ => Err(LoadError::Invalid("neither a core module nor a component of a known version".into())),
        }
    }

    fn of_module(runtime: &Shared, wasm: &[u8], file: &str) -> Result<Self, LoadError> {
        let module = Module::from_binary(&runtime.engine, wasm).map_err(|e| LoadError::invalid(&e))?;
        if is_for_deepflow(&module) {
            return Ok(Self::Deepflow(DeepflowTemplate::new(runtime, &module, file)?));
        }
        Ok(Self::Core(CoreTemplate::new(runtime, &module)?))
    }

    pub(crate) fn open(&self, store: &mut Store<HostState>) -> wasmtime::Result<Door> {
        match self {
            Self::Component(template) => Ok(Door::Component(Box::new(template.open(store)?))),
            Self::Core(template) => Ok(Door::Core(Box::new(template.open(store)?))),
            Self::Deepflow(template) => Ok(Door::Deepflow(Box::new(template.open(store)?))),
        }
    }
}

impl Door {
    pub(crate) fn describe(&self, store: &mut Store<HostState>) -> Result<Manifest, PluginFault> {
        match self {
            Self::Component(door) => door.describe(store),
            Self::Core(door) => door.describe(store),
            Self::Deepflow(door) => Ok(door.describe()),
        }
    }

    /// It parses; else it has hooks alone.
    pub(crate) fn parses(&self) -> bool {
        match self {
            Self::Component(door) => door.parses(),
            Self::Core(door) => door.parses(),
            Self::Deepflow(door) => door.parses(),
        }
    }

    /// What a hook wants to be shown; none: there is no such hook.
    pub(crate) fn interest(
        &self,
        store: &mut Store<HostState>,
        kind: HookKind,
    ) -> Result<Option<Interest>, PluginFault> {
        match self {
            Self::Component(door) => door.interest(store, kind),
            Self::Core(door) => door.interest(store, kind),
            Self::Deepflow(door) => Ok(door.interest(kind)),
        }
    }

    pub(crate) fn observe(
        &mut self,
        store: &mut Store<HostState>,
        kind: HookKind,
        subjects: &Subjects,
        patches: &mut Patches,
        checks: Checks<'_>,
    ) -> Result<(), PluginFault> {
        match self {
            Self::Component(door) => door.observe(store, kind, subjects, patches, checks),
            Self::Core(door) => door.observe(store, kind, subjects, patches, checks),
            Self::Deepflow(door) => door.observe(store, kind, subjects, patches),
        }
    }

    pub(crate) fn check(
        &self,
        store: &mut Store<HostState>,
        claims: &mut Claims,
        payload: &[u8],
        probe: &Probe,
    ) -> Result<CheckVerdict, PluginFault> {
        match self {
            Self::Component(door) => door.check(store, payload, probe),
            Self::Core(door) => door.check(store, payload, probe),
            Self::Deepflow(door) => door.check(store, claims, payload, probe),
        }
    }

    #[allow(clippy::too_many_arguments)] // a batch has many parts
    pub(crate) fn process(
        &mut self,
        store: &mut Store<HostState>,
        claims: &mut Claims,
        arena: &[u8],
        flows: &[FlowFacts],
        events: &[StreamEvent],
        outcome: &mut Outcome,
        checks: Checks<'_>,
    ) -> Result<(), PluginFault> {
        match self {
            Self::Component(door) => door.process(store, arena, flows, events, outcome, checks),
            Self::Core(door) => door.process(store, arena, flows, events, outcome, checks),
            Self::Deepflow(door) => door.process(store, claims, arena, flows, events, outcome),
        }
    }
}
