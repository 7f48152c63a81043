//! The binary. All of it is in the library, so that tests and benchmarks can use it.

use std::process::ExitCode;

fn main() -> ExitCode {
    weir::run(std::env::args_os())
}
