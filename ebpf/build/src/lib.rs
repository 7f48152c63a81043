//! How `ebpf/program` is compiled for the kernel, with a stable compiler.
//!
//! Takes: the rustc that cargo uses, the sources of its standard library, bpf-linker. Gives: calls of cargo that build or check
//! the object, or what they lack. Installs nothing (`cargo xtask setup` does) and prints nothing.
#![forbid(unsafe_code)]

mod cargo;
mod compiler;
mod kit;
mod linker;
mod wish;

pub use cargo::{Kernel, object, sources};
pub use compiler::Compiler;
pub use kit::{Kit, Lack};
pub use linker::{LINKER, LINKER_FEATURE, LINKER_LLVM, LINKER_VERSION, WANTED, installed_linker};
pub use wish::{VARIABLE, Wish, runs_on};
