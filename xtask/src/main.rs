//! The one door to every task of the repository: `cargo xtask TASK`.
//!
//! Takes: a command line. Gives: built, tested, checked or measured software and a status. No part of the product.

#![expect(clippy::print_stdout, reason = "a task runner talks to the person who called it")]
#![forbid(unsafe_code)]

mod apt;
mod bench;
mod cache;
mod certificate;
mod ci;
mod command;
mod demo;
mod deny;
mod ebpf;
mod fuzz;
mod go;
mod kernels;
mod layers;
mod longest;
mod servers;
mod setup;
mod skipped;
mod steps;
mod test;
mod tool;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tasks of the Weir repository.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Brings what builds and tests need and the machine lacks (the Wasm target, what compiles eBPF programs, Go).
    Setup,
    /// Installs what tests of live capture need and the machine lacks (nginx, wrk, tcpdump, ...), from Debian's packages.
    Servers,
    /// Builds `weir` and shows the request logs of a capture as a table.
    Demo {
        /// A pcap or pcapng file; without it, one from the repository.
        file: Option<PathBuf>,
    },
    /// Runs all tests.
    Test {
        /// Words for the test runner, such as a part of a test's name.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        filter: Vec<String>,
    },
    /// Compiles the eBPF programs alone and shows what is in the object.
    Ebpf,
    /// Checks and tests the Go SDK and builds its examples, as `test` does.
    Go,
    /// Everything that must hold before a change lands: format, layers, licences, lints, tests, fuzz smoke.
    Ci,
    /// Checks which crate may use which.
    Layers,
    /// Checks licences, sources and duplicates of all dependencies.
    Deny,
    /// Runs every fuzz target for a while.
    Fuzz {
        /// Seconds for all targets together.
        #[arg(long, default_value_t = fuzz::SMOKE_SECONDS)]
        seconds: u64,
        /// Only targets whose name contains this.
        target: Option<String>,
    },
    /// Boots other kernels in an emulator and compares what the agent captures there with what servers log.
    Kernels(kernels::Options),
    /// Measures `weir` beside other tools on captures it makes itself; `bench live` measures what capture costs those it observes.
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Setup => setup::all().and_then(|()| setup::go::program().map(drop)),
        Task::Servers => servers::run(),
        Task::Demo { file } => demo::run(file.as_deref()),
        Task::Test { filter } => test::run(&filter),
        Task::Ebpf => ebpf::run(),
        Task::Go => go::test().map(drop),
        Task::Ci => ci::run(),
        Task::Layers => layers::run(),
        Task::Deny => deny::run(),
        Task::Fuzz { seconds, target } => fuzz::run(seconds, target.as_deref()),
        Task::Kernels(options) => kernels::run(&options),
        Task::Bench(options) => bench::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
