//! A loaded plugin: compiled, checked, asked who it is.
//!
//! Takes: bytes. Gives: a manifest and instances. Does not do: calls with traffic, see [`Instance`].

mod manifest;

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmtime::Store;
use weir_pipeline::hooks::hook::{HookKind, Interest};
use weir_pipeline::parse::parser::{Manifest, PluginFault};

/// How much a manifest may hold, for who reads one out of a guest.
pub(crate) use manifest::{MANIFEST_LIST, MANIFEST_TEXT};

use crate::door::{Door, Template};
use crate::guest::{self, HostState};
use crate::load_error::LoadError;
use crate::runtime::Shared;
use crate::stats::Counters;
use crate::{Instance, fault};

/// In the log, until it said its name.
const UNNAMED: &str = "?";

/// Configuration values of one plugin, as it may ask for them by name.
#[derive(Clone, Debug, Default)]
pub struct PluginConfig {
    values: Arc<BTreeMap<String, String>>,
}

impl PluginConfig {
    /// The value of that name.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for PluginConfig {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let values = pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        Self { values: Arc::new(values) }
    }
}

/// A plugin that can be instantiated. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Plugin {
    pub(crate) loaded: Arc<Loaded>,
}

pub(crate) struct Loaded {
    pub(crate) runtime: Arc<Shared>,
    pub(crate) name: Arc<str>,
    pub(crate) manifest: Arc<Manifest>,
    /// `name@version`.
    pub(crate) label: Arc<str>,
    parses: bool,
    hooks: Vec<HookKind>,
    pub(crate) template: Template,
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded").field("manifest", &self.manifest).finish_non_exhaustive()
    }
}

/// A guest that is ready to be called.
pub(crate) struct Live {
    pub(crate) store: Store<HostState>,
    pub(crate) door: Door,
}

impl Plugin {
    pub(crate) fn load(runtime: &Arc<Shared>, wasm: &[u8], file: &str) -> Result<Self, LoadError> {
        let template = Template::new(runtime, wasm, file)?;
        let Description { manifest, parses, hooks } = describe(runtime, &template)?;
        manifest::check(&manifest, parses)?;
        let manifest = Arc::new(manifest);
        let name = Arc::from(manifest.name.as_str());
        let label = Arc::from(format!("{}@{}", manifest.name, manifest.version));
        let runtime = Arc::clone(runtime);
        Ok(Self { loaded: Arc::new(Loaded { runtime, name, manifest, label, parses, hooks, template }) })
    }

    /// What the plugin says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Arc<Manifest> {
        &self.loaded.manifest
    }

    /// What its file is, in words: `core module`, `component`, `module for DeepFlow's agent`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.loaded.template {
            Template::Component(_) => "component",
            Template::Core(_) => "core module",
            Template::Deepflow(_) => "module for DeepFlow's agent",
        }
    }

    /// It parses; else it has hooks alone.
    #[must_use]
    pub fn parses(&self) -> bool {
        self.loaded.parses
    }

    /// The hooks that it has, in the order in which they run.
    #[must_use]
    pub fn hooks(&self) -> &[HookKind] {
        &self.loaded.hooks
    }

    /// A new instance for one worker.
    ///
    /// # Errors
    /// When the plugin breaks while it starts, or the process has no more room for instances.
    pub fn instantiate(&self, config: PluginConfig) -> Result<Instance, PluginFault> {
        Instance::new(Arc::clone(&self.loaded), config)
    }
}

impl Loaded {
    /// Makes a guest.
    pub(crate) fn start(
        &self,
        config: &PluginConfig,
        counters: &Arc<Counters>,
        time: u64,
    ) -> Result<Live, PluginFault> {
        let state = HostState::new(&self.name, &self.runtime.limits, config.clone(), Arc::clone(counters));
        start(&self.runtime, &self.template, state, time)
    }
}

/// The start function and `_initialize` run within the deadline of one call.
fn start(runtime: &Shared, template: &Template, state: HostState, time: u64) -> Result<Live, PluginFault> {
    let mut store = guest::store(&runtime.engine, state);
    guest::begin_call(&mut store, time);
    match template.open(&mut store) {
        Ok(door) => Ok(Live { store, door }),
        Err(error) => Err(fault::of_call(&error, store.data(), "start")),
    }
}

/// What a plugin says when it is loaded.
struct Description {
    manifest: Manifest,
    parses: bool,
    hooks: Vec<HookKind>,
}

fn describe(runtime: &Shared, template: &Template) -> Result<Description, LoadError> {
    let counters = Arc::new(Counters::default());
    let state = HostState::new(&UNNAMED.into(), &runtime.limits, PluginConfig::default(), counters);
    let fault = |export| move |fault| LoadError::Fault { export, fault };
    let mut live = start(runtime, template, state, 0).map_err(fault("start"))?;
    guest::begin_call(&mut live.store, 0);
    let manifest = live.door.describe(&mut live.store).map_err(fault("describe"))?;
    let interests = live.interests(0).map_err(fault("wanted"))?;
    let hooks = HookKind::ALL.into_iter().filter(|kind| interests[*kind as usize].is_some()).collect();
    Ok(Description { manifest, parses: live.door.parses(), hooks })
}

impl Live {
    /// Asks what each hook wants, by kind.
    pub(crate) fn interests(&mut self, time: u64) -> Result<[Option<Interest>; 3], PluginFault> {
        let mut interests = [None, None, None];
        for kind in HookKind::ALL {
            guest::begin_call(&mut self.store, time);
            // Here a plugin reads its configuration, which may hold schemas; nobody's traffic waits yet.
            guest::expect_calls(&mut self.store, guest::DEADLINES);
            interests[kind as usize] = self.door.interest(&mut self.store, kind)?;
        }
        Ok(interests)
    }
}
