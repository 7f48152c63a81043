//! `host.wit` for components.

use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use super::bindings::AnyPlugin;
use super::bindings::weir::plugin::host::{Host, Level as WitLevel};
use super::bindings::weir::plugin::{hooks, types};
use crate::guest::{HostState, Level};

/// What components may import, defined once an engine.
pub(crate) struct Imports(Linker<HostState>);

impl Imports {
    pub(crate) fn new(engine: &Engine) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(engine);
        AnyPlugin::add_to_linker::<_, HasSelf<HostState>>(&mut linker, |state| state)?;
        Ok(Self(linker))
    }

    pub(super) fn linker(&self) -> &Linker<HostState> {
        &self.0
    }
}

impl Host for HostState {
    fn log(&mut self, level: WitLevel, message: String) {
        let level = match level {
            WitLevel::Error => Level::Error,
            WitLevel::Warn => Level::Warn,
            WitLevel::Info => Level::Info,
            WitLevel::Debug => Level::Debug,
        };
        HostState::log(self, level, message.as_bytes());
    }

    fn config(&mut self, key: String) -> Option<String> {
        self.config.value(&key).map(str::to_owned)
    }

    fn count(&mut self, counter: String, by: u64) {
        self.counters.count(counter.as_bytes(), by);
    }
}

impl types::Host for HostState {}

impl hooks::Host for HostState {}
