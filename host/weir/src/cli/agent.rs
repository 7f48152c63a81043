//! Arguments of `weir agent`: live capture. Takes the command line and the file that it names, gives one configuration.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tracing::Level;

use super::{Format, THREADS_MAX};
use crate::agent::AgentConfig;
use crate::agent::config::{CALL_BYTES, LogFormat, duration, level, loopback};
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  weir agent -i eth0                                       a table for people, as requests come
  weir agent -i 'eth*' -i lo --format jsonl | jq .trace_id one JSON object a request
  weir agent -i any --bpf 'tcp port 3306' --duration 1m    only MySQL, for a minute
  weir agent -i lo --netns 4711                            inside of the container that process 4711 is in
  weir agent --syscalls                                    what all programs send and receive, with their names
  weir agent --syscalls --comm nginx --format jsonl        only what nginx does
  weir agent --tls                                         what programs encrypt, in plaintext
  weir agent -i eth0 --plugin my-protocol.wasm --group-config group.yaml
  weir agent --config /etc/weir/agent.yaml                 all of this from a file (deploy/agent.yaml has every key)
  weir agent --config /etc/weir/agent.yaml --check         OK, or what is wrong with it and the files that it names

Interfaces need the capability CAP_NET_RAW (docs/agent.md): as root, or after `sudo setcap cap_net_raw+ep weir`. System calls need
CAP_BPF and CAP_PERFMON, and Linux 5.8 or newer.
Interfaces that match and come later are captured too; one that vanishes ends nothing.
SIGINT and SIGTERM end it, after everything that was captured is told. SIGHUP reads --config, --group-config and --plugin files
anew, and so does a change of one of them; connections go on.

Exit status: 0 done, 1 something could not be captured or written, 2 wrong usage.";

/// Arguments of `weir agent`. What is given here wins over the file of `--config`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct AgentArgs {
    /// Everything below from a file (YAML, see docs/agent-configuration.md). What stands on the command line wins.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Captures nothing: says OK, or what is wrong with the configuration, its plugins and the files that they name.
    #[arg(long)]
    pub check: bool,

    /// What is captured, and with which plugins.
    #[command(flatten)]
    pub capture: CaptureArgs,

    /// How request logs are printed to standard output [default: table].
    #[arg(long, value_enum)]
    pub format: Option<Format>,

    /// Prints all counters to standard error at the end: of every stage, and what each plugin cost.
    #[arg(long)]
    pub stats: bool,

    /// Answers /metrics, /healthz and /readyz over HTTP on this loopback address, say 127.0.0.1:9090.
    #[arg(long, value_name = "ADDRESS", value_parser = loopback)]
    pub metrics_listen: Option<SocketAddr>,

    /// How much the agent says of itself: error, warn, info, debug or trace [default: what WEIR_LOG says, else info].
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    pub log_level: Option<Level>,

    /// How it says that on standard error: text, or json for one object a line [default: text].
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub log_format: Option<LogFormat>,
}

/// Arguments of every command that captures: what, and with which plugins.
#[derive(Debug, Args)]
pub struct CaptureArgs {
    /// An interface, a pattern of names (`eth*`, `veth?`), or `any` for all. May be given several times.
    #[arg(short, long = "interface", value_name = "IFACE")]
    pub interfaces: Vec<String>,

    /// What programs send and receive over sockets by system calls.
    #[command(flatten)]
    pub calls: CallArgs,

    /// Captures only what this filter in tcpdump's language accepts; the kernel drops the rest. Needs libpcap on this machine.
    #[arg(long, value_name = "FILTER")]
    pub bpf: Option<String>,

    /// Captures frames for other machines too.
    #[arg(long)]
    pub promiscuous: bool,

    /// Captures in another network namespace only: of a process id, or of a path like /run/netns/NAME. Needs CAP_SYS_ADMIN.
    #[arg(long, value_name = "PATH|PID")]
    pub netns: Option<String>,

    /// Which plugins and protocols are on, and their limits (YAML, see `weir replay --help`).
    #[arg(long, value_name = "FILE")]
    pub group_config: Option<PathBuf>,

    /// A parser of your own, compiled to WebAssembly. It is asked before the built-in ones. May be given several times.
    #[arg(long, value_name = "FILE")]
    pub plugin: Vec<PathBuf>,

    /// How many workers share the connections [default: 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=THREADS_MAX))]
    pub threads: Option<u16>,

    /// Ends by itself after this time (`500ms`, `30s`, `5m`, `1h`).
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub duration: Option<Duration>,
}

/// Arguments of capture at sockets.
#[derive(Debug, Args)]
pub struct CallArgs {
    /// Captures what programs send and receive over sockets, from their system calls. Needs CAP_BPF and CAP_PERFMON.
    #[arg(long)]
    pub syscalls: bool,

    /// Captures what programs send and receive through TLS libraries, in plaintext (docs/tls.md). Needs CAP_SYS_ADMIN, and CAP_SYS_PTRACE
    /// for programs of other users.
    #[arg(long)]
    pub tls: bool,

    /// Only calls of this process. May be given several times; with --comm and --cgroup, one of them is enough.
    #[arg(long, value_name = "PID")]
    pub pid: Vec<u32>,

    /// Only calls of threads of this name (/proc/PID/comm). May be given several times.
    #[arg(long, value_name = "NAME")]
    pub comm: Vec<String>,

    /// Only calls in this control group and those below it (/sys/fs/cgroup/...). May be given several times.
    #[arg(long, value_name = "FOLDER")]
    pub cgroup: Vec<PathBuf>,

    /// Only connections with this port at either end. May be given several times.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Vec<u16>,

    /// Bytes of one call that are captured; a parser is told that the rest was not [default: 16384].
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(CALL_BYTES))]
    pub call_bytes: Option<u32>,

    /// Captures at the end of each call, as on kernels before 6.3: dearer, in case the better way is at fault.
    #[arg(long, hide = true)]
    pub at_calls: bool,
}

impl AgentArgs {
    /// The file, and over it what was given here. Read anew each time.
    ///
    /// # Errors
    /// The file can not be read, or says something that is not understood; nothing is to be captured.
    pub(crate) fn config(&self) -> Result<AgentConfig, Failure> {
        let file = self.config.as_deref();
        let mut config = file.map_or_else(|| Ok(AgentConfig::default()), AgentConfig::from_file)?;
        self.capture.set(&mut config);
        set_option(&mut config.metrics_listen, &self.metrics_listen);
        set_option(&mut config.log_level, &self.log_level);
        set(&mut config.format, self.format);
        set(&mut config.log_format, self.log_format);
        config.stats |= self.stats;
        config.checked("weir agent")
    }
}

impl CaptureArgs {
    /// Without a file.
    ///
    /// # Errors
    /// Nothing is to be captured.
    pub(crate) fn config(&self) -> Result<AgentConfig, Failure> {
        let mut config = AgentConfig::default();
        self.set(&mut config);
        config.checked("weir")
    }

    /// What was given here wins.
    fn set(&self, config: &mut AgentConfig) {
        set_list(&mut config.interfaces, &self.interfaces);
        set_list(&mut config.plugins, &self.plugin);
        set_option(&mut config.bpf, &self.bpf);
        set_option(&mut config.netns, &self.netns);
        set_option(&mut config.group_config, &self.group_config);
        set_option(&mut config.duration, &self.duration);
        set(&mut config.threads, self.threads);
        config.promiscuous |= self.promiscuous;
        let CallArgs { syscalls, tls, pid, comm, cgroup, port, call_bytes, at_calls } = &self.calls;
        config.calls.syscalls |= syscalls;
        config.calls.tls |= tls;
        set_list(&mut config.calls.pid, pid);
        set_list(&mut config.calls.comm, comm);
        set_list(&mut config.calls.cgroup, cgroup);
        set_list(&mut config.calls.port, port);
        set(&mut config.calls.call_bytes, *call_bytes);
        config.calls.at_calls |= at_calls;
    }
}

fn set_list<T: Clone>(place: &mut Vec<T>, given: &[T]) {
    if !given.is_empty() {
        *place = given.to_vec();
    }
}

fn set_option<T: Clone>(place: &mut Option<T>, given: &Option<T>) {
    if given.is_some() {
        place.clone_from(given);
    }
}

fn set<T>(place: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *place = given;
    }
}
