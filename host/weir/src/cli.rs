//! Takes: arguments. Gives: an exit status. Does not do: anything but choose the command and print its failure.

/// Arguments of `weir agent`.
#[cfg(target_os = "linux")]
pub mod agent;

/// Arguments of `weir plugin`.
pub mod plugin;

/// Arguments of `weir top`.
#[cfg(target_os = "linux")]
pub mod top;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing::Level;

use self::plugin::PluginArgs;
use crate::cmd;
use crate::failure::Failure;

/// Workers of one replay: more than any machine that reads one file can feed.
pub(crate) const THREADS_MAX: i64 = 64;

const EXAMPLES: &str = "\
Examples:
  weir replay trace.pcap
  weir replay --format jsonl trace.pcapng.gz > requests.jsonl
  weir agent -i eth0
  weir top -i eth0
  weir plugin new --lang rust my-parser

Exit status: 0 done, 1 something could not be read or written, 2 wrong usage.
WEIR_LOG=info (or debug) shows more of what plugins and the program say; the default is warn, info for `weir agent`.";

const REPLAY_EXAMPLES: &str = "\
Examples:
  weir replay trace.pcap                                   a table for people
  weir replay trace.pcap --format jsonl | jq .trace_id     one JSON object a request
  tcpdump -i any -w - | weir replay -                      what is on the wire now
  weir replay *.pcap.gz --format null --stats              only the counters
  weir replay trace.pcap --plugin my-protocol.wasm         with a parser of your own
  weir replay trace.pcap --group-config group.yaml

A group configuration is YAML:
  wasm-plugins: [my-protocol]                 which --plugin files run, in this order
  l7-protocol-enabled: [HTTP, MySQL, Custom]  only these are parsed; Custom: what --plugin files add
  trace-id-headers: [traceparent, x-trace]    the first one that a request has wins (also span-id-headers)
  plugin-config: {my-protocol: {key: value}}  what a plugin gets when it asks
  limits: {flows: 100000, text: 8KiB}
  timeouts: {tcp-response: 30s}

Exit status: 0 done, 1 something could not be read or written, 2 wrong usage.";

/// Turns network traffic into request logs; every protocol parser is a sandboxed plugin.
#[derive(Debug, Parser)]
#[command(name = "weir", version, after_help = EXAMPLES, max_term_width = 110, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Reads capture files and prints their request logs.
    Replay(ReplayArgs),
    /// Captures packets of network interfaces and prints their request logs as they come.
    #[cfg(target_os = "linux")]
    Agent(self::agent::AgentArgs),
    /// Shows the busiest endpoints of network interfaces: rate, errors and latency, each second.
    #[cfg(target_os = "linux")]
    Top(self::top::TopArgs),
    /// Makes, checks, tests, measures and attacks plugins of your own.
    Plugin(PluginArgs),
}

/// Arguments of `weir replay`.
#[derive(Debug, Args)]
#[command(after_help = REPLAY_EXAMPLES)]
pub struct ReplayArgs {
    /// Captures: pcap or pcapng, gzip or not, `-` for standard input. Each is a capture of its own.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// How request logs are printed to standard output.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,

    /// Which plugins and protocols are on, and their limits (YAML, see below).
    #[arg(long, value_name = "FILE")]
    pub group_config: Option<PathBuf>,

    /// A parser of your own, compiled to WebAssembly. It is asked before the built-in ones. May be given several times.
    #[arg(long, value_name = "FILE")]
    pub plugin: Vec<PathBuf>,

    /// How many workers share the connections. The logs are the same whatever the number, their order is not.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=THREADS_MAX))]
    pub threads: u16,

    /// Prints all counters to standard error: of every stage, and what each plugin cost.
    #[arg(long)]
    pub stats: bool,
}

/// How request logs are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object a line; its fields are explained in docs/request-log.md.
    Jsonl,
    /// Columns for people.
    Table,
    /// Nothing, for measuring.
    Null,
}

/// Runs a command. Everything that goes wrong is one line on standard error.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) if !error.use_stderr() => {
            // Help or the version; whoever closed the pipe has read enough.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            return ExitCode::from(2);
        }
        Err(error) => return end(&[usage(&error)]),
    };
    match cli.command {
        Command::Replay(arguments) => {
            cmd::start_log(Level::WARN);
            end(&cmd::replay::run(&arguments))
        }
        #[cfg(target_os = "linux")]
        Command::Agent(arguments) => cmd::agent::run(&arguments),
        #[cfg(target_os = "linux")]
        Command::Top(arguments) => {
            if arguments.once {
                cmd::start_held_log(Level::WARN);
            } else {
                cmd::start_screen_log(Level::WARN);
            }
            end(&cmd::top::run(arguments))
        }
        Command::Plugin(arguments) => cmd::plugin::run(&arguments.command),
    }
}

/// Prints failures, a line each; the worst decides the status.
#[must_use]
pub fn end(failures: &[Failure]) -> ExitCode {
    let mut error = std::io::stderr().lock();
    for failure in failures {
        // Nobody may be there to read it.
        let _ = writeln!(error, "weir: {failure}");
    }
    status(failures)
}

/// The status that a command with these failures ends with.
pub(crate) fn status(failures: &[Failure]) -> ExitCode {
    failures.iter().map(Failure::exit_status).max().map_or(ExitCode::SUCCESS, ExitCode::from)
}

/// Clap explains an error over several lines: the first paragraph and its tips make one.
fn usage(error: &clap::Error) -> Failure {
    let text = error.to_string();
    let (what, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    let what = what.trim_start_matches("error: ").split_whitespace().collect::<Vec<_>>().join(" ");
    let tips: String =
        rest.lines().filter_map(|l| l.trim().strip_prefix("tip: ")).map(|t| format!("; {t}")).collect();
    Failure::usage(format_args!("{what}{tips}; see `{} --help`", command_of(&text)))
}

/// The command that clap's `Usage: weir plugin test [OPTIONS] ...` is about.
fn command_of(text: &str) -> String {
    let usage = text.lines().find_map(|line| line.strip_prefix("Usage: ")).unwrap_or_default();
    let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    let words: Vec<&str> = usage.split(' ').take_while(is_word).collect();
    if words.is_empty() { "weir".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn errors_are_one_line_with_a_way_out() {
        for (arguments, words) in [
            (&["weir", "reply"][..], &["unrecognized subcommand 'reply'", "'replay'", "weir --help"][..]),
            (&["weir", "replay"], &["<FILE>...", "weir replay --help"]),
            (&["weir", "replay", "x", "--formt", "jsonl"], &["--formt", "--format", "weir replay --help"]),
            (&["weir", "replay", "x", "--format", "json"], &["'json'", "jsonl, table, null", "'jsonl'"]),
            (&["weir", "replay", "x", "--threads", "0"], &["'0'", "1..=64"]),
            (&["weir", "replay", "x", "--threads", "two"], &["'two'"]),
            (&["weir", "plugin", "tset"], &["'tset'", "'test'", "weir plugin --help"]),
            (&["weir", "plugin", "test", "x"], &["--pcap", "--expect", "weir plugin test --help"]),
            (&["weir", "plugin", "new", "x"], &["--lang", "weir plugin new --help"]),
        ] {
            let failure = usage(&Cli::try_parse_from(arguments).unwrap_err());
            assert_eq!(failure.exit_status(), 2);
            let line = failure.to_string();
            assert!(!line.contains('\n') && words.iter().all(|w| line.contains(w)), "{line}");
        }
    }
}
