//! Plugins that change while traffic goes on. Takes the group configuration's file and plugin files, reads them when asked to.
//! Gives each worker what is new for it. Does not do: notice that files changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use weir_pipeline::hooks::hook::Hook;
use weir_pipeline::limits::Limits;
use weir_pipeline::parse::parser::ProtocolParser;
use weir_plugin_runtime::PluginStats;

use crate::failure::Failure;
use crate::group_config::GroupConfig;
use crate::plugins::Plugins;
use crate::replay::{Changes, PluginFactory};

/// The plugins of an agent.
#[derive(Debug)]
pub(crate) struct LivePlugins {
    files: Files,
    current: Mutex<Arc<Generation>>,
    /// Of `current`; workers look at it at the end of each burst.
    number: AtomicU64,
    /// What workers were started with; they can not change it.
    limits: Limits,
}

#[derive(Debug)]
struct Files {
    config: Option<PathBuf>,
    plugins: Vec<PathBuf>,
}

/// Plugins that were loaded together.
#[derive(Debug)]
struct Generation {
    number: u64,
    plugins: Plugins,
    /// By name: what it is, and since which generation it is that without a break.
    since: BTreeMap<String, (u64, u64)>,
}

impl LivePlugins {
    /// Loads them for the first time.
    ///
    /// # Errors
    /// As [`Plugins::load`].
    pub(crate) fn load(config: Option<&Path>, plugins: &[PathBuf]) -> Result<Self, Failure> {
        let files = Files { config: config.map(Path::to_owned), plugins: plugins.to_vec() };
        let (plugins, limits) = files.load()?;
        let since = plugins.identities().into_iter().map(|(name, identity)| (name, (identity, 0))).collect();
        let current = Mutex::new(Arc::new(Generation { number: 0, plugins, since }));
        Ok(Self { files, current, number: AtomicU64::new(0), limits })
    }

    /// The pipeline's limits.
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What a user should know though it is no error.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.current().plugins.notes.clone()
    }

    /// Files whose change is a reason to [reload](Self::reload).
    pub(crate) fn watched(&self) -> impl Iterator<Item = &Path> {
        self.files.config.iter().chain(&self.files.plugins).map(PathBuf::as_path)
    }

    /// Reads everything anew. Workers change at the end of their burst. Says in the log what came of it; when something is wrong,
    /// nothing changes.
    pub(crate) fn reload(&self) {
        match self.try_reload() {
            Ok(changed) if changed.is_empty() => tracing::info!("reloaded; no plugin has changed"),
            Ok(changed) => tracing::info!("reloaded; changed: {}", changed.join(", ")),
            Err(failure) => tracing::error!("not reloaded, the old plugins go on: {failure}"),
        }
    }

    /// Gives the names of what changed.
    fn try_reload(&self) -> Result<Vec<String>, Failure> {
        let (plugins, limits) = self.files.load()?;
        // What can not start is found out here, before a worker gives up what it has.
        drop((plugins.parsers()?, plugins.hooks()?));
        plugins.notes.iter().for_each(|note| tracing::info!("{note}"));
        if format!("{limits:?}") != format!("{:?}", self.limits) {
            tracing::warn!("`limits` and `timeouts` have changed; they hold from the next start on");
        }
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let number = current.number + 1;
        let before = |name: &str, identity: u64| {
            current.since.get(name).filter(|(old, _)| *old == identity).map(|(_, since)| *since)
        };
        let since: BTreeMap<_, _> = plugins
            .identities()
            .into_iter()
            .map(|(name, identity)| {
                let since = before(&name, identity).unwrap_or(number);
                (name, (identity, since))
            })
            .collect();
        let new = since.iter().filter(|(_, (_, since))| *since == number).map(|(name, _)| name);
        let gone = current.since.keys().filter(|name| !since.contains_key(*name));
        let changed = new.chain(gone).cloned().collect();
        plugins.succeed(&current.plugins);
        *current = Arc::new(Generation { number, plugins, since });
        self.number.store(number, Ordering::Release);
        Ok(changed)
    }

    fn current(&self) -> Arc<Generation> {
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Files {
    fn load(&self) -> Result<(Plugins, Limits), Failure> {
        let file = self.config.as_deref();
        let config = file.map_or_else(|| Ok(GroupConfig::default()), GroupConfig::from_file)?;
        let plugins = Plugins::load(&config, file.unwrap_or(Path::new("")), &self.plugins)?;
        Ok((plugins, config.limits))
    }
}

impl PluginFactory for LivePlugins {
    fn parsers(&self) -> Result<Vec<Box<dyn ProtocolParser>>, Failure> {
        self.current().plugins.parsers()
    }

    fn hooks(&self) -> Result<Vec<Box<dyn Hook>>, Failure> {
        self.current().plugins.hooks()
    }

    fn generation(&self) -> u64 {
        self.number.load(Ordering::Acquire)
    }

    fn changes(&self, since: u64) -> Result<Changes, Failure> {
        let current = self.current();
        let keeps = |name: &str| current.since.get(name).is_some_and(|(_, born)| *born <= since);
        let parsers = current.plugins.changes(keeps)?;
        Ok(Changes { generation: current.number, parsers, hooks: current.plugins.hooks()? })
    }

    fn costs(&self) -> BTreeMap<String, PluginStats> {
        self.current().plugins.costs()
    }
}
