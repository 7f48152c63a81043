//! A compiled component of the right world. Takes: bytes. Gives: instances of it.

use wasmtime::Store;
use wasmtime::component::{Component, InstancePre};

use super::ComponentDoor;
use super::bindings::exports::weir::plugin::{identity, parser};
use super::hooks::HookIndices;
use crate::guest::HostState;
use crate::limits::Limits;
use crate::load_error::LoadError;
use crate::runtime::Shared;

const HOST: &str = "weir:plugin/host@0.1.0";
const TYPES: &str = "weir:plugin/types@0.1.0";
const HOOKS: &str = "weir:plugin/hooks@0.1.0";
const IDENTITY: &str = "weir:plugin/identity@0.1.0";
const PARSER: &str = "weir:plugin/parser@0.1.0";
/// Core specification, 2.3.8.
const PAGE_BYTES: u64 = 64 << 10;
/// Toolchains import parts of it whether the program needs them or not. Each call of one is a fault.
const WASI: &str = "wasi:";

/// What instances are made from.
pub(crate) struct ComponentTemplate {
    pre: InstancePre<HostState>,
    parser: Option<parser::GuestIndices>,
    identity: Option<identity::GuestIndices>,
    hooks: HookIndices,
    answer_bytes: usize,
}

impl ComponentTemplate {
    pub(crate) fn new(runtime: &Shared, wasm: &[u8]) -> Result<Self, LoadError> {
        let component =
            Component::from_binary(&runtime.engine, wasm).map_err(|error| LoadError::invalid(&error))?;
        check_imports(runtime, &component)?;
        check_memory(&component, runtime.limits.memory as u64)?;
        let mut linker = runtime.component_imports.linker().clone();
        let pre = linker
            .define_unknown_imports_as_traps(&component)
            .and_then(|()| linker.instantiate_pre(&component));
        let wrong = |error: wasmtime::Error| LoadError::WrongWorld(LoadError::line(&error));
        let pre = pre.map_err(wrong)?;
        let exports = |name: &str| component.component_type().get_export(&runtime.engine, name).is_some();
        let parser = exports(PARSER).then(|| parser::GuestIndices::new(&pre)).transpose().map_err(wrong)?;
        let identity =
            exports(IDENTITY).then(|| identity::GuestIndices::new(&pre)).transpose().map_err(wrong)?;
        let hooks = HookIndices::new(&pre, exports).map_err(wrong)?;
        // Without any hook it can only be meant to be a parser.
        match (&parser, hooks.is_empty(), &identity) {
            (None, true, _) => return Err(LoadError::MissingExport(PARSER.into())),
            (None, false, None) => return Err(LoadError::MissingExport(IDENTITY.into())),
            _ => {}
        }
        Ok(Self { pre, parser, identity, hooks, answer_bytes: answer_bytes(&runtime.limits) })
    }

    pub(crate) fn open(&self, store: &mut Store<HostState>) -> wasmtime::Result<ComponentDoor> {
        store.set_hostcall_fuel(self.answer_bytes);
        let instance = self.pre.instantiate(&mut *store)?;
        Ok(ComponentDoor {
            parser: self.parser.as_ref().map(|it| it.load(&mut *store, &instance)).transpose()?,
            identity: self.identity.as_ref().map(|it| it.load(&mut *store, &instance)).transpose()?,
            hooks: self.hooks.load(store, &instance)?,
            flows: Vec::new(),
            events: Vec::new(),
        })
    }
}

fn check_imports(runtime: &Shared, component: &Component) -> Result<(), LoadError> {
    let world = component.component_type();
    for (name, _) in world.imports(&runtime.engine) {
        if name != HOST && name != TYPES && name != HOOKS && !name.starts_with(WASI) {
            let (module, name) = name.rsplit_once('/').unwrap_or(("", name));
            return Err(LoadError::import(module, name));
        }
    }
    Ok(())
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
