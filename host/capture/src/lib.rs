//! Capture files and network interfaces -> frames.
//!
//! Takes: a path, a byte source, or names of interfaces (Linux). Gives: [`Block`]s of frames that borrow from one read buffer. Does not do: looking into
//! frames (that is `weir_pipeline::decode`), threads, retries.
//!
//! pcap in micro- and nanoseconds and the "modified" form, pcapng with any number of sections and interfaces, both in both
//! byte orders, both compressed with gzip, from a file or standard input.
//!
//! ```no_run
//! # fn main() -> Result<(), weir_capture::CaptureError> {
//! let mut file = weir_capture::CaptureFile::open("trace.pcap".as_ref())?;
//! let mut block = weir_capture::Block::default();
//! while file.fill(&mut block)? {
//!     for frame in block.frames() {
//!         // decode it
//! #       let _ = frame;
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! Unsafe code is in `live/kernel`, `live/filter/libpcap.rs`, `mapped.rs`, `sockets/lanes.rs` and `sockets/tls/wait.rs` alone.
#![deny(unsafe_code)]

mod block;
mod counts;
mod error;
mod file;
mod link;
#[cfg(target_os = "linux")]
mod mapped;

/// Network interfaces.
#[cfg(target_os = "linux")]
pub mod live;

/// System calls of sockets.
#[cfg(target_os = "linux")]
pub mod sockets;

/// Capture files from frames, for tests and benchmarks.
pub mod write;

pub use block::{Block, FrameAt};
pub use counts::InterfaceCounts;
pub use error::CaptureError;
pub use file::{CaptureFile, fuzz};
