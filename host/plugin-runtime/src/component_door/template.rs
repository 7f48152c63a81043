//! A compiled component of the right world. Takes: bytes. Gives: instances of it.

use wasmtime::Store;
use wasmtime::component::Component;

use super::ComponentDoor;
use super::bindings::ProtocolParserPre;
use crate::guest::HostState;
use crate::limits::Limits;
use crate::load_error::LoadError;
use crate::runtime::Shared;

const HOST: &str = "weir:plugin/host@0.1.0";
const TYPES: &str = "weir:plugin/types@0.1.0";
const PARSER: &str = "weir:plugin/parser@0.1.0";
/// Core specification, 2.3.8.
const PAGE_BYTES: u64 = 64 << 10;
/// Toolchains import parts of it whether the program needs them or not. Each call of one is a fault.
const WASI: &str = "wasi:";

/// What instances are made from.
pub(crate) struct ComponentTemplate {
    pre: ProtocolParserPre<HostState>,
    answer_bytes: usize,
}

impl ComponentTemplate {
    pub(crate) fn new(runtime: &Shared, wasm: &[u8]) -> Result<Self, LoadError> {
        let component =
            Component::from_binary(&runtime.engine, wasm).map_err(|error| LoadError::invalid(&error))?;
        check_names(runtime, &component)?;
        check_memory(&component, runtime.limits.memory as u64)?;
        let mut linker = runtime.component_imports.linker().clone();
        let pre = linker
            .define_unknown_imports_as_traps(&component)
            .and_then(|()| linker.instantiate_pre(&component))
            .and_then(ProtocolParserPre::new);
        let pre = pre.map_err(|error| LoadError::WrongWorld(LoadError::line(&error)))?;
        Ok(Self { pre, answer_bytes: answer_bytes(&runtime.limits) })
    }

    pub(crate) fn open(&self, store: &mut Store<HostState>) -> wasmtime::Result<ComponentDoor> {
        store.set_hostcall_fuel(self.answer_bytes);
        let exports = self.pre.instantiate(&mut *store)?;
        Ok(ComponentDoor { exports, flows: Vec::new(), events: Vec::new() })
    }
}

fn check_names(runtime: &Shared, component: &Component) -> Result<(), LoadError> {
    let world = component.component_type();
    for (name, _) in world.imports(&runtime.engine) {
        if name != HOST && name != TYPES && !name.starts_with(WASI) {
            let (module, name) = name.rsplit_once('/').unwrap_or(("", name));
            return Err(LoadError::import(module, name));
        }
    }
    let found = world.exports(&runtime.engine).any(|(name, _)| name == PARSER);
    if found { Ok(()) } else { Err(LoadError::MissingExport(PARSER.into())) }
}

fn check_memory(component: &Component, limit: u64) -> Result<(), LoadError> {
    let pages = component.resources_required().and_then(|needs| needs.max_initial_memory_size);
    let wanted = pages.map(|pages| pages.saturating_mul(PAGE_BYTES));
    match wanted {
        Some(wanted) if wanted > limit => Err(LoadError::Memory { wanted, limit }),
        _ => Ok(()),
    }
}

/// How much one answer may make the host allocate: every list as long as it may be.
fn answer_bytes(limits: &Limits) -> usize {
    /// The largest of the lifted records.
    const RECORD: usize = 64;
    (limits.messages + limits.fields + limits.attributes + limits.pieces) * 2 * RECORD + limits.owned_bytes
}
