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
pub(crate) use self::values::{CALL_BYTES, LogFormat, duration, level, loopback};
use crate::cli::Format;
use crate::failure::Failure;
use crate::group_config::read::unknown;
use crate::group_config::{ConfigError, read_file, yaml};

/// Everything that can be said of an agent. A key of the file is a field and a line in [`keys`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AgentConfig {
    /// Names, patterns, `any`.
    pub(crate) interfaces: Vec<String>,
    pub(crate) calls: Calls,
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

/// System calls that are captured.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Calls {
    pub(crate) syscalls: bool,
    /// What TLS libraries carry.
    pub(crate) tls: bool,
    pub(crate) pid: Vec<u32>,
    pub(crate) comm: Vec<String>,
    pub(crate) cgroup: Vec<PathBuf>,
    pub(crate) port: Vec<u16>,
    /// Bytes of one call.
    pub(crate) call_bytes: u32,
    /// Not in the file: to find out whether the other way is at fault.
    pub(crate) at_calls: bool,
}

impl Default for Calls {
    fn default() -> Self {
        let (pid, comm, cgroup, port) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { syscalls: false, tls: false, pid, comm, cgroup, port, call_bytes: 16_384, at_calls: false }
    }
}

impl Calls {
    /// Only some calls are wanted.
    fn are_chosen(&self) -> bool {
        let Self { syscalls: _, tls: _, pid, comm, cgroup, port, call_bytes, at_calls: _ } = self;
        let all = pid.is_empty() && comm.is_empty() && cgroup.is_empty() && port.is_empty();
        !all || *call_bytes != Self::default().call_bytes
    }
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
            calls: Calls::default(),
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

    /// Gives it back when there is something to capture. `command` is named with its help.
    ///
    /// # Errors
    /// There is nothing, or system calls are chosen and not captured.
    pub(crate) fn checked(self, command: &str) -> Result<Self, Failure> {
        let are_captured = self.calls.syscalls || self.calls.tls;
        if !are_captured && self.calls.are_chosen() {
            return Err(Failure::usage(
                "pid, comm, cgroup, port and call-bytes choose among system calls, and those are not captured; give --syscalls or --tls, \
                 or `syscalls: true` or `tls: true` in the file of --config",
            ));
        }
        if !are_captured && self.interfaces.is_empty() {
            return Err(Failure::usage(format_args!(
                "nothing is to be captured; give an interface with --interface <IFACE>, or --syscalls or --tls, or `interfaces: [IFACE]` in \
                 the file of --config; see `{command} --help`"
            )));
        }
        Ok(self)
    }

    /// Names of the keys that are other ones in `new` and hold from the next start on only.
    pub(crate) fn needs_restart(&self, new: &Self) -> Vec<&'static str> {
        KEYS.iter().filter(|key| !key.live && (key.differs)(self, new)).map(|key| key.name).collect()
    }
}
