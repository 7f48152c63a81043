//! The engine that all plugins of a process share.
//!
//! Takes: limits. Gives: compiled plugins. Does not do: keep them; does not know what a plugin says.

mod cache;
mod ticker;

use std::path::PathBuf;
use std::sync::Arc;

use wasmtime::{Cache, Config, Engine, OptLevel, PoolingAllocationConfig, WasmBacktraceDetails};

use crate::guest::deadline_tick;
use crate::load_error::LoadError;
use crate::{Limits, Plugin, component_door, core_door, deepflow_door};
use ticker::Ticker;

/// Address space of one linear memory: with all that 32 bits can reach reserved, no access needs a bounds check.
const MEMORY_RESERVATION: u64 = 4 << 30;
/// Behind it, for the constant offsets of instructions.
const MEMORY_GUARD: u64 = 32 << 20;
/// Instances at once: 64 workers with 16 plugins each. Only address space (4 TiB of 128) until one is used.
const INSTANCES: u32 = 1024;
/// Native stack of a guest. Workers have 2 MiB stacks; parsers that need more are recursive on hostile input.
const STACK_BYTES: usize = 512 << 10;

/// Where compiled code is kept between runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CodeCache {
    /// In this folder.
    At(PathBuf),
    /// `$XDG_CACHE_HOME/weir` or `~/.cache/weir`.
    #[default]
    Default,
    /// Nowhere.
    Off,
}

/// The Wasm engine. Cheap to clone; it ends with its last plugin and instance.
#[derive(Clone, Debug)]
pub struct Runtime {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) limits: Limits,
    cache: Option<Cache>,
    pub(crate) component_imports: component_door::Imports,
    pub(crate) core_imports: core_door::Imports,
    pub(crate) deepflow_imports: deepflow_door::Imports,
    _ticker: Ticker,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Runtime {
    /// Starts the engine and the thread that ends calls which take too long.
    ///
    /// # Errors
    /// [`LoadError::Runtime`] when the machine can not run compiled code or start a thread.
    pub fn new(limits: Limits, cache: &CodeCache) -> Result<Self, LoadError> {
        Self::with_backtraces(limits, cache, WasmBacktraceDetails::Disable)
    }

    /// The same, and backtraces tell files and lines where a plugin has debug information: for its author, since reading that
    /// takes as long as the plugin likes.
    ///
    /// # Errors
    /// As [`Runtime::new`].
    pub fn for_authors(limits: Limits, cache: &CodeCache) -> Result<Self, LoadError> {
        Self::with_backtraces(limits, cache, WasmBacktraceDetails::Enable)
    }

    fn with_backtraces(
        limits: Limits,
        cache: &CodeCache,
        backtraces: WasmBacktraceDetails,
    ) -> Result<Self, LoadError> {
        let cache = cache::open(cache);
        let failed = |error: wasmtime::Error| LoadError::Runtime(LoadError::line(&error));
        let engine = engine(cache.as_ref(), &limits, backtraces).map_err(failed)?;
        let ticker = Ticker::start(&engine, deadline_tick(limits.deadline))
            .map_err(|error| LoadError::Runtime(error.to_string()))?;
        let component_imports = component_door::Imports::new(&engine).map_err(failed)?;
        let core_imports = core_door::Imports::new(&engine).map_err(failed)?;
        let deepflow_imports = deepflow_door::Imports::new(&engine).map_err(failed)?;
        let shared = Shared {
            engine,
            limits,
            cache,
            component_imports,
            core_imports,
            deepflow_imports,
            _ticker: ticker,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Checks and compiles a plugin, and asks it who it is. Takes more than a second for each megabyte when the code is not in
    /// the cache: call it outside of the capture threads.
    ///
    /// # Errors
    /// Why the bytes are not a plugin.
    pub fn load(&self, wasm: &[u8]) -> Result<Plugin, LoadError> {
        self.load_named(wasm, "")
    }

    /// As [`Runtime::load`], for a plugin that may not say its name: those that were built for DeepFlow's agent are called like
    /// their file.
    ///
    /// # Errors
    /// Why the bytes are not a plugin.
    pub fn load_named(&self, wasm: &[u8], file_name: &str) -> Result<Plugin, LoadError> {
        Plugin::load(&self.shared, wasm, file_name)
    }

    /// Nothing of what was loaded so far had to be compiled: it was in the cache.
    #[must_use]
    pub fn is_all_from_cache(&self) -> bool {
        let cache = self.shared.cache.as_ref();
        cache.is_some_and(|cache| cache.cache_hits() > 0 && cache.cache_misses() == 0)
    }

    /// The limits of every instance.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }
}

/// With a pool of address space; without one where the machine limits it (`ulimit -v`).
fn engine(
    cache: Option<&Cache>,
    limits: &Limits,
    backtraces: WasmBacktraceDetails,
) -> wasmtime::Result<Engine> {
    let mut config = config(cache);
    config.wasm_backtrace_details(backtraces);
    let pooled = Engine::new(config.clone().allocation_strategy(pool(limits)));
    pooled.or_else(|error| {
        tracing::debug!(%error, "no address space for a pool of plugin memories, going on without");
        Engine::new(&config)
    })
}

fn config(cache: Option<&Cache>) -> Config {
    let mut config = Config::new();
    config
        .cache(cache.cloned())
        .cranelift_opt_level(OptLevel::Speed)
        .epoch_interruption(true)
        .memory_reservation(MEMORY_RESERVATION)
        .memory_guard_size(MEMORY_GUARD)
        .max_wasm_stack(STACK_BYTES)
        // Slows every call through the component door down, and nothing here is asynchronous.
        .concurrency_support(false)
        // What no plugin needs is not there to be attacked.
        .wasm_relaxed_simd(false)
        .wasm_multi_memory(false)
        .wasm_memory64(false)
        .wasm_tail_call(false);
    config
}

fn pool(limits: &Limits) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(INSTANCES)
        .total_component_instances(INSTANCES)
        .total_memories(INSTANCES)
        .total_tables(INSTANCES)
        // The real limits are those of each store; a slot must be as large as the reservation anyway.
        .max_memory_size(MEMORY_RESERVATION as usize)
        .table_elements(limits.table_elements);
    pool
}
