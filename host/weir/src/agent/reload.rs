//! A configuration that changes while traffic goes on. Takes: what the agent was started with, reads the files when asked to. Gives:
//! what changed to those whom it concerns. Does not do: notice that files changed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::config::AgentConfig;
use super::governor::Governor;
use super::log::Log;
use super::plugins::{Files, LivePlugins};
use crate::cli::agent::AgentArgs;
use crate::failure::Failure;
use crate::group_config::named_files;

/// Those who live with a configuration that changes.
pub(crate) struct Reloader<'a> {
    /// The file of the configuration.
    pub(crate) file: Option<&'a Path>,
    /// Reads it anew, with what the command line says over it.
    pub(crate) reread: &'a (dyn Fn() -> Result<AgentConfig, Failure> + Sync),
    pub(crate) plugins: &'a LivePlugins,
    pub(crate) governor: &'a Governor,
    pub(crate) log: Option<&'a Log>,
    pub(crate) counts: &'a ReloadCounts,
    /// What it was started with.
    pub(crate) started: AgentConfig,
    /// What the files said last.
    pub(crate) current: Mutex<AgentConfig>,
}

/// How often files were read anew.
#[derive(Debug, Default)]
pub(crate) struct ReloadCounts {
    done: AtomicU64,
    failed: AtomicU64,
}

impl ReloadCounts {
    /// Read and taken over.
    pub(crate) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Read and refused; everything went on as before.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
}

impl Reloader<'_> {
    /// Reads everything anew. Workers change at the end of their burst. Says in the log what came of it; when something is wrong,
    /// nothing changes.
    pub(crate) fn reload(&self) {
        match self.try_reload() {
            Ok(changed) => {
                self.counts.done.fetch_add(1, Ordering::Relaxed);
                if changed.is_empty() {
                    tracing::info!("reloaded; no plugin has changed");
                } else {
                    tracing::info!("reloaded; changed: {}", changed.join(", "));
                }
            }
            Err(failure) => {
                self.counts.failed.fetch_add(1, Ordering::Relaxed);
                tracing::error!("not reloaded, the old plugins go on: {failure}");
            }
        }
    }

    /// Files whose change is a reason to [reload](Self::reload).
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let own = self
            .file
            .map(Path::to_owned)
            .into_iter()
            .chain(current.group_config.clone())
            .chain(current.plugins.clone());
        own.chain(current.group_config.iter().flat_map(|file| named_files(file))).collect()
    }

    /// Gives what changed.
    fn try_reload(&self) -> Result<Vec<String>, Failure> {
        let new = (self.reread)()?;
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = self.plugins.reload(&Files::of(&new))?;
        let restart = self.started.needs_restart(&new);
        if !restart.is_empty() && !current.needs_restart(&new).is_empty() {
            tracing::warn!("changed, but only the next start takes it: {}", restart.join(", "));
        }
        if new.limits != current.limits {
            self.governor.set_share(new.limits);
            changed.push("limits of the agent".to_owned());
        }
        if new.log_level != current.log_level {
            if let Some(log) = self.log {
                log.set_level(new.log_level);
            }
            changed.push("log-level".to_owned());
        }
        *current = new;
        Ok(changed)
    }
}

/// Checks everything that files say, without capturing.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn check(arguments: &AgentArgs) -> Result<(), Failure> {
    let config = arguments.config()?;
    let plugins = LivePlugins::load(&Files::of(&config))?;
    plugins.notes().iter().for_each(|note| tracing::info!("{note}"));
    Ok(())
}

impl Files {
    /// Those that plugins and their configuration come from.
    pub(crate) fn of(config: &AgentConfig) -> Self {
        Self { config: config.group_config.as_deref().map(Path::to_owned), plugins: config.plugins.clone() }
    }
}
