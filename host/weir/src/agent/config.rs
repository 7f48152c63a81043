//! What an agent is configured with. Takes: a file, and what the command line says, which wins. Gives: one [`AgentConfig`]. Does not
//! do: act on it.

mod keys;
#[cfg(test)]
mod tests;
mod values;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::keys::KEYS;
pub(crate) use self::values::{LogFormat, duration, level, loopback};
use crate::cli::Format;
use crate::failure::Failure;
use crate::group_config::read::unknown;
use crate::group_config::{ConfigError, read_file, yaml};

/// Everything that can be said of an agent. A key of the file is a field and a line in [`keys`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AgentConfig {
    /// Names, patterns, `any`.
    pub(crate) interfaces: Vec<String>,
    pub(crate) bpf: Option<String>,
    pub(crate) promiscuous: bool,
    pub(crate) netns: Option<String>,
    pub(crate) format: Format,
    pub(crate) group_config: Option<PathBuf>,
    pub(crate) plugins: Vec<PathBuf>,
    pub(crate) threads: u16,
    pub(crate) duration: Option<Duration>,
    pub(crate) stats: bool,
    pub(crate) metrics_listen: Option<SocketAddr>,
    pub(crate) log_level: Option<tracing::Level>,
    pub(crate) log_format: LogFormat,
    pub(crate) limits: Share,
}

/// What the agent may take of the machine; none: as much as it needs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Share {
    /// Cores.
    pub(crate) cpu: Option<f64>,
    /// Bytes of resident memory.
    pub(crate) memory: Option<u64>,
}

impl Default for AgentConfig {
    fn default() -> Self {
        Self {
            interfaces: Vec::new(),
            bpf: None,
            promiscuous: false,
            netns: None,
            format: Format::Table,
            group_config: None,
            plugins: Vec::new(),
            threads: 1,
            duration: None,
            stats: false,
            metrics_listen: None,
            log_level: None,
            log_format: LogFormat::Text,
            limits: Share::default(),
        }
    }
}

impl AgentConfig {
    /// Reads a file over the defaults.
    ///
    /// # Errors
    /// The file can not be read (exit status 1), or says something that is not understood (2).
    pub(crate) fn from_file(path: &Path) -> Result<Self, Failure> {
        let text = read_file(path).map_err(|error| {
            let path = path.display();
            Failure::runtime(format_args!(
                "agent configuration: can not read {path}: {error}; check the path"
            ))
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::from_text(&text, folder).map_err(|error| error.in_file("agent configuration", path))
    }

    /// The same of a text; files that it names are looked for from `folder` on.
    pub(super) fn from_text(text: &str, folder: &Path) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        if let Some(root) = yaml::parse(text)? {
            for entry in root.mapping("the file")? {
                let Some(key) = KEYS.iter().find(|key| key.name == entry.key) else {
                    return Err(unknown(entry.line, "key", &entry.key, KEYS.iter().map(|key| key.name)));
                };
                // A key with nothing behind it is as good as no key.
                if !entry.value.is_null() || key.reads_null {
                    (key.read)(&mut config, &entry.value, folder)?;
                }
            }
        }
        Ok(config)
    }

    /// Names of the keys that are other ones in `new` and hold from the next start on only.
    pub(crate) fn needs_restart(&self, new: &Self) -> Vec<&'static str> {
        KEYS.iter().filter(|key| !key.live && (key.differs)(self, new)).map(|key| key.name).collect()
    }
}
