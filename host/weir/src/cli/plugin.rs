//! Arguments of `weir plugin`: what an author of plugins has.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  weir plugin new --lang rust my-parser                                    a project that builds, with a passing test
  weir plugin check my-parser.wasm                                         will the host take it?
  weir plugin test my-parser.wasm --pcap t.pcap --expect t.jsonl           does it tell what it shall tell?
  weir plugin bench my-parser.wasm --pcap t.pcap                           what does it cost?
  weir plugin fuzz my-parser.wasm --pcap t.pcap                            what breaks it?

Exit status: 0 well, 1 the plugin is refused, tells something else, or broke, 2 wrong usage.";

const NEW_EXAMPLES: &str = "\
Examples:
  weir plugin new --lang rust my-parser && cd my-parser && cargo test
  weir plugin new --lang go my-parser && cd my-parser && go test
  weir plugin new --lang rust --hook http my-hook && cd my-hook && cargo test

The folder holds all that is needed, the SDK too: nothing is downloaded. Its README.md tells the next commands.";

const CHECK_EXAMPLES: &str = "\
Examples:
  weir plugin check my-parser.wasm
  weir plugin check *.wasm --format jsonl | jq -r 'select(.refused) | .file'

A plugin is refused here for the same reasons and with the same words as by `weir replay --plugin`.";

const INSPECT_EXAMPLES: &str = "\
Examples:
  weir plugin inspect my-parser.wasm
  weir plugin inspect my-parser.wasm --format jsonl | jq '.modules[0].largest_functions[0]'

Looks into files that the host refuses as well, as far as they can be read.";

const TEST_EXAMPLES: &str = "\
Examples:
  weir plugin test my-parser.wasm --pcap t.pcap --expect t.jsonl --bless    writes what it tells now: read it, keep it
  weir plugin test my-parser.wasm --pcap t.pcap --expect t.jsonl            compares

Each line of the expected file is one request log as JSON, in any order. Only the fields that stand there are compared, so leave
out what does not matter. The fields are explained in docs/request-log.md.";

const BENCH_EXAMPLES: &str = "\
Examples:
  weir plugin bench my-parser.wasm --pcap t.pcap
  weir plugin bench my-parser.wasm --pcap t.pcap --batch 32 --seconds 10
  weir plugin bench my-parser.wasm --pcap t.pcap --format jsonl | jq .nanoseconds_a_payload

The capture is read once; what the plugin is called with is kept in memory and given to it over and over.";

const FUZZ_EXAMPLES: &str = "\
Examples:
  weir plugin fuzz my-parser.wasm --pcap t.pcap --seconds 60
  weir plugin fuzz my-parser.wasm --pcap t.pcap --seed 7 --runs 1000        the same inputs every time
  weir replay weir-fuzz/trap-7-1.pcap --plugin my-parser.wasm               the first trap of seed 7 once more

Conversations of the capture that the plugin follows are damaged (bits, lengths, cuts, splices, chunks twice or lost, other
segments) and replayed through it. The input of the first fault of each kind is written to --out.";

/// Arguments of `weir plugin`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub struct PluginArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: PluginCommand,
}

/// The commands of `weir plugin`.
#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// Writes the project of a new plugin into a folder.
    New(NewArgs),
    /// Says what a plugin is, and whether the host takes it.
    Check(FileArgs),
    /// Shows what a plugin file is made of.
    Inspect(InspectArgs),
    /// Replays a capture and compares what the plugin tells.
    Test(TestArgs),
    /// Measures what a plugin costs.
    Bench(BenchArgs),
    /// Damages conversations and looks for what breaks the plugin.
    Fuzz(FuzzArgs),
}

/// Arguments of `weir plugin new`.
#[derive(Debug, Args)]
#[command(after_help = NEW_EXAMPLES)]
pub struct NewArgs {
    /// The language to write it in.
    #[arg(long, value_enum)]
    pub lang: Language,

    /// Writes a hook, which changes request logs, instead of a parser, which makes them.
    #[arg(long, value_enum)]
    pub hook: Option<NewHook>,

    /// Name of the plugin and of the folder: lower-case letters, digits and dashes.
    #[arg(value_name = "NAME")]
    pub name: String,

    /// Uses the SDK in this folder instead of a copy inside of the project.
    #[arg(long, value_name = "FOLDER")]
    pub sdk: Option<PathBuf>,
}

/// Languages that there is an SDK for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Rust.
    Rust,
    /// Go.
    Go,
}

/// Hooks that there is an example of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NewHook {
    /// Sees requests and responses of HTTP, HTTP/2 and gRPC.
    Http,
    /// Sees payloads: bodies, messages of streams, values of brokers.
    Message,
    /// Sees finished records: redaction, dropping, sampling.
    Session,
}

/// Arguments of `weir plugin check`.
#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub struct FileArgs {
    /// Plugins, compiled to WebAssembly.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// How it is printed to standard output.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
}

/// Arguments of `weir plugin inspect`.
#[derive(Debug, Args)]
#[command(after_help = INSPECT_EXAMPLES)]
pub struct InspectArgs {
    /// What to look into.
    #[command(flatten)]
    pub files: FileArgs,
}

/// How reports are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Jsonl,
}

/// What test, bench and fuzz have in common: a plugin and the traffic for it.
#[derive(Debug, Args)]
pub struct TrafficArgs {
    /// The plugin, compiled to WebAssembly.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// A capture with traffic for it: pcap or pcapng, gzip or not.
    #[arg(long, value_name = "FILE")]
    pub pcap: PathBuf,

    /// The group configuration to run with (see `weir replay --help`).
    #[arg(long, value_name = "FILE")]
    pub group_config: Option<PathBuf>,
}

/// Arguments of `weir plugin test`.
#[derive(Debug, Args)]
#[command(after_help = TEST_EXAMPLES)]
pub struct TestArgs {
    /// What is run.
    #[command(flatten)]
    pub traffic: TrafficArgs,

    /// What it shall tell, a JSON object a line.
    #[arg(long, value_name = "FILE")]
    pub expect: PathBuf,

    /// Writes what it tells to the expected file instead of comparing.
    #[arg(long)]
    pub bless: bool,

    /// Looks at all request logs of the capture, not only at those that the plugin had a hand in.
    #[arg(long)]
    pub all: bool,

    /// A field that is told and not expected is a difference too.
    #[arg(long)]
    pub strict: bool,
}

/// Arguments of `weir plugin bench`.
#[derive(Debug, Args)]
#[command(after_help = BENCH_EXAMPLES)]
pub struct BenchArgs {
    /// What is run.
    #[command(flatten)]
    pub traffic: TrafficArgs,

    /// How long it is measured.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub seconds: u32,

    /// How many events a call gets at most.
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub batch: u32,

    /// How it is printed to standard output.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
}

/// Arguments of `weir plugin fuzz`.
#[derive(Debug, Args)]
#[command(after_help = FUZZ_EXAMPLES)]
pub struct FuzzArgs {
    /// What is run.
    #[command(flatten)]
    pub traffic: TrafficArgs,

    /// How long it is tried.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub seconds: u32,

    /// Ends after so many inputs, however long that takes.
    #[arg(long, value_name = "N", conflicts_with = "seconds")]
    pub runs: Option<u64>,

    /// Where the random numbers begin: the same seed, the same inputs. Another one each time when it is not given.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// Folder for the inputs that broke the plugin; made when there is one.
    #[arg(long, value_name = "FOLDER", default_value = "weir-fuzz")]
    pub out: PathBuf,

    /// How it is printed to standard output.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
}
