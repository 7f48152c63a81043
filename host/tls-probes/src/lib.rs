//! Processes and their files -> the places where TLS plaintext can be seen.
//!
//! Takes: a `/proc` folder, and the executables and libraries that processes map. Gives: [`Target`]s, one for each file that holds a TLS
//! library, with the offsets in the file where uprobes belong; says when no process maps a file any more, and why one can not be used.
//! Does not do: BPF, attaching, reading memory of processes, threads, time (the caller says when it is).
//!
//! The unit is a file, not a process: a uprobe belongs to an inode, so a thousand processes with one `libssl.so.3` are one target.
//!
//! Two kinds of library are known: those with OpenSSL's functions ([`Library::OpenSsl`]: OpenSSL, BoringSSL, LibreSSL, shared or linked in
//! with their symbols), and Go's `crypto/tls` ([`Library::Go`]), stripped or not. docs/tls.md says what is not seen.
//!
//! Everything in a file was written by whoever owns the process. So every number from it is checked, what is read of a file has a limit
//! ([`limits`]), and nothing is mapped: a file that gets shorter meanwhile is an error, not a signal.
#![forbid(unsafe_code)]
#![cfg(target_os = "linux")]

mod disassembly;
mod elf;
mod examine;
mod explain;
mod go;
mod openssl;
mod source;
mod target;
mod watcher;

/// How much is done for one file and one look, and why.
pub mod limits;

pub use examine::{Examined, examine, fuzz};
pub use explain::{Explanation, explain};
pub use source::ReadAt;
pub use target::{
    At, FileId, Flavour, Function, GoLayout, GoLibrary, GoroutineIdOffset, Http2Hook, Http2Hooks, Library,
    Missing, NotUsable, Probe, Role, Target, WhyMissing, WhyNoHttp2, WhyNot,
};
pub use watcher::{Changes, Watcher};
