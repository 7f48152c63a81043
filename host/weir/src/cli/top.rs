//! Arguments of `weir top`: the busiest endpoints.

use clap::Args;

use super::agent::CaptureArgs;

const EXAMPLES: &str = "\
Examples:
  weir top -i eth0                                         a screen that changes each second
  weir top -i any --bpf 'tcp port 3306'                    only MySQL
  weir top -i lo --netns 4711                              inside of the container that process 4711 is in
  weir top -i eth0 --once --duration 30s                   counts for 30 seconds, prints one table, ends

Keys: r rate, e errors, l latency, n name: what lines are sorted by; / filters; space pauses; up, down and Enter: details of a line;
q or Ctrl-C ends. Columns are explained in docs/top.md.

It captures as `weir agent` does, and needs the same capability CAP_NET_RAW (docs/agent.md).

Exit status: 0 done, 1 something could not be captured or shown, 2 wrong usage.";

/// Arguments of `weir top`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct TopArgs {
    /// What is captured, and with which plugins.
    #[command(flatten)]
    pub capture: CaptureArgs,

    /// Prints one table to standard output when `--duration` is over (5 s without it), or at SIGINT or SIGTERM, and ends. Needs no terminal.
    #[arg(long)]
    pub once: bool,
}
