//! `weir replay` with the parsers linked in: the same code but for the sandbox. `cargo xtask bench` compares the two.

use std::process::ExitCode;

use clap::Parser;
use weir::cli::ReplayArgs;
use weir_pipeline::worker::WorkerConfig;
use weir_tests::native::NativeParsers;

/// Takes what `weir` takes, so that one can stand for the other in a script.
#[derive(Debug, Parser)]
#[command(name = "weir-native", version)]
enum Cli {
    /// Reads capture files and prints their request logs.
    Replay(ReplayArgs),
}

fn main() -> ExitCode {
    let Cli::Replay(arguments) = Cli::parse();
    let failures = weir::cmd::replay::run_with(&arguments, &NativeParsers, &WorkerConfig::default());
    weir::cli::end(&failures)
}
