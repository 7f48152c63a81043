//! The keys of the file: the only place that knows their names. A further one is a field of [`AgentConfig`] with its default, a line
//! here, a line in `deploy/agent.yaml` and one in `docs/agent-configuration.md` (a test compares all four).

use std::path::Path;

use super::{AgentConfig, values};
use crate::group_config::ConfigError;
use crate::group_config::yaml::Node;

/// A key of the file's top level.
pub(super) struct Key {
    pub(super) name: &'static str,
    /// A change holds without a restart.
    pub(super) live: bool,
    /// `null` is a value and not the lack of one.
    pub(super) reads_null: bool,
    /// Takes over what the file says; paths are looked for from a folder on.
    pub(super) read: fn(&mut AgentConfig, &Node, &Path) -> Result<(), ConfigError>,
    pub(super) differs: fn(&AgentConfig, &AgentConfig) -> bool,
}

/// `name, whether it is live, field, reader;`
macro_rules! keys {
    ($($name:literal, $live:literal, $($field:ident).+, $read:path;)*) => {
        pub(super) const KEYS: &[Key] = &[$(Key {
            name: $name,
            live: $live,
            reads_null: matches!($name.as_bytes(), b"format"),
            read: |config, node, folder| {
                config.$($field).+ = $read(node, $name, folder)?;
                Ok(())
            },
            differs: |one, other| one.$($field).+ != other.$($field).+,
        }),*];
    };
}

keys! {
    "interfaces", false, interfaces, values::texts;
    "syscalls", false, calls.syscalls, values::truth;
    "tls", false, calls.tls, values::truth;
    "pid", false, calls.pid, values::processes;
    "comm", false, calls.comm, values::texts;
    "cgroup", false, calls.cgroup, values::paths;
    "port", false, calls.port, values::ports;
    "call-bytes", false, calls.call_bytes, values::call_bytes;
    "bpf", false, bpf, values::text;
    "promiscuous", false, promiscuous, values::truth;
    "netns", false, netns, values::text;
    "threads", false, threads, values::threads;
    "duration", false, duration, values::time;
    "format", false, format, values::format;
    "stats", false, stats, values::truth;
    "group-config", true, group_config, values::path;
    "plugins", true, plugins, values::paths;
    "metrics-listen", false, metrics_listen, values::address;
    "log-level", true, log_level, values::log_level;
    "log-format", false, log_format, values::log_format;
    "limits", true, limits, values::limits;
}
