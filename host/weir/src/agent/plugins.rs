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
    current: Mutex<Arc<Generation>>,
    /// Of `current`; workers look at it at the end of each burst.
    number: AtomicU64,
}

/// Where plugins and their configuration come from.
#[derive(Debug)]
pub(crate) struct Files {
    /// The group configuration.
    pub(crate) config: Option<PathBuf>,
    pub(crate) plugins: Vec<PathBuf>,
}

/// Plugins that were loaded together.
#[derive(Debug)]
struct Generation {
    number: u64,
    plugins: Plugins,
    /// Of all workers together.
    limits: Limits,
    /// By name: what it is, and since which generation it is that without a break.
    since: BTreeMap<String, (u64, u64)>,
}

impl LivePlugins {
    /// Loads them for the first time.
    ///
    /// # Errors
    /// As [`Plugins::load`].
    pub(crate) fn load(files: &Files) -> Result<Self, Failure> {
        let (plugins, limits) = files.load()?;
        let since = plugins.identities().into_iter().map(|(name, identity)| (name, (identity, 0))).collect();
        let current = Mutex::new(Arc::new(Generation { number: 0, plugins, limits, since }));
        Ok(Self { current, number: AtomicU64::new(0) })
    }

    /// The pipeline's limits.
    pub(crate) fn limits(&self) -> Limits {
        self.current().limits.clone()
    }

    /// What a user should know though it is no error.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.current().plugins.notes.clone()
    }

    /// Reads everything anew; workers change at the end of their burst. Gives what changed: names of plugins, and `limits`.
    ///
    /// # Errors
    /// Something is wrong; nothing has changed.
    pub(crate) fn reload(&self, files: &Files) -> Result<Vec<String>, Failure> {
        let (plugins, limits) = files.load()?;
        // What can not start is found out here, before a worker gives up what it has.
        drop((plugins.parsers()?, plugins.hooks()?));
        plugins.notes.iter().for_each(|note| tracing::info!("{note}"));
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
        let mut changed: Vec<String> = new.chain(gone).cloned().collect();
        if limits != current.limits {
            changed.push("limits and timeouts".to_owned());
        }
        plugins.succeed(&current.plugins);
        *current = Arc::new(Generation { number, plugins, limits, since });
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
        let limits = Some(current.limits.clone());
        Ok(Changes { generation: current.number, limits, parsers, hooks: current.plugins.hooks()? })
    }

    fn costs(&self) -> BTreeMap<String, PluginStats> {
        self.current().plugins.costs()
    }
}
