//! Arguments of `weir agent`: live capture.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{Format, THREADS_MAX};

const EXAMPLES: &str = "\
Examples:
  weir agent -i eth0                                       a table for people, as requests come
  weir agent -i 'eth*' -i lo --format jsonl | jq .trace_id one JSON object a request
  weir agent -i any --bpf 'tcp port 3306' --duration 1m    only MySQL, for a minute
  weir agent -i lo --netns 4711                            inside of the container that process 4711 is in
  weir agent --syscalls                                    what all programs send and receive, with their names
  weir agent --syscalls --comm nginx --format jsonl        only what nginx does
  weir agent -i eth0 --plugin my-protocol.wasm --group-config group.yaml

Interfaces need the capability CAP_NET_RAW (docs/agent.md): as root, or after `sudo setcap cap_net_raw+ep weir`. System calls need
CAP_BPF and CAP_PERFMON, and Linux 5.8 or newer.
Interfaces that match and come later are captured too; one that vanishes ends nothing.
SIGINT and SIGTERM end it, after everything that was captured is told. SIGHUP reads --group-config and --plugin files anew, and
so does a change of one of them; connections go on.

Exit status: 0 done, 1 something could not be captured or written, 2 wrong usage.";

/// Arguments of `weir agent`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct AgentArgs {
    /// What is captured, and with which plugins.
    #[command(flatten)]
    pub capture: CaptureArgs,

    /// How request logs are printed to standard output.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,

    /// Prints all counters to standard error at the end: of every stage, and what each plugin cost.
    #[arg(long)]
    pub stats: bool,
}

/// Arguments of every command that captures: what, and with which plugins.
#[derive(Debug, Args)]
pub struct CaptureArgs {
    /// An interface, a pattern of names (`eth*`, `veth?`), or `any` for all. May be given several times.
    #[arg(short, long = "interface", required_unless_present = "syscalls", value_name = "IFACE")]
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

    /// How many workers share the connections.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=THREADS_MAX))]
    pub threads: u16,

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

    /// Only calls of this process. May be given several times; with --comm and --cgroup, one of them is enough.
    #[arg(long, value_name = "PID", requires = "syscalls")]
    pub pid: Vec<u32>,

    /// Only calls of threads of this name (/proc/PID/comm). May be given several times.
    #[arg(long, value_name = "NAME", requires = "syscalls")]
    pub comm: Vec<String>,

    /// Only calls in this control group and those below it (/sys/fs/cgroup/...). May be given several times.
    #[arg(long, value_name = "FOLDER", requires = "syscalls")]
    pub cgroup: Vec<PathBuf>,

    /// Only connections with this port at either end. May be given several times.
    #[arg(long, value_name = "PORT", requires = "syscalls", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Vec<u16>,

    /// Bytes of one call that are captured; a parser is told that the rest was not.
    #[arg(long, value_name = "BYTES", requires = "syscalls", default_value_t = 16384, value_parser = clap::value_parser!(u32).range(64..=65536))]
    pub call_bytes: u32,
}

/// A number with its unit.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => 0,
    };
    let number = number.parse::<u64>().ok().and_then(|number| number.checked_mul(milliseconds));
    match number.filter(|&number| number > 0) {
        Some(milliseconds) => Ok(Duration::from_millis(milliseconds)),
        None => Err("give a number with its unit: `500ms`, `30s`, `5m`, `1h`".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        for (text, milliseconds) in [("500ms", 500), ("30s", 30_000), ("5m", 300_000), ("1h", 3_600_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in
            ["", "5", "s", "0s", "-1s", "1.5s", "5 s", "5d", "99999999999999999999s", "9999999999999999h"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
