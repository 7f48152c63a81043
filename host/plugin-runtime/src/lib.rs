//! Sandboxed protocol parsers: Wasm modules behind the pipeline's trait
//! [`ProtocolParser`](weir_pipeline::parse::parser::ProtocolParser).
//!
//! Takes: the bytes of a `.wasm` file that follows `wit/v0.1` or DeepFlow's contract, batches of stream events. Gives: checked
//! outcomes or faults, and counters. Does not do: files other than the cache of compiled code, protocols, pairing.
//!
//! The path of a plugin: [`Runtime::load`] compiles and asks it who it is -> [`PluginSet`] refuses two that claim one name
//! -> [`Plugin::instantiate`] once a worker -> [`Instance`] is called with batches, and counts into its [`StatsHandle`].
//!
//! Rules of this crate: a guest is hostile. Nothing that it answers is used before it was checked, no call may run for
//! ever, and a broken instance is thrown away, never repaired. No unsafe but what wasmtime's macro writes for the types of the
//! component door. A thread that calls instances needs a stack of 1 MiB.

mod checks;
mod component_door;
mod core_door;
mod deepflow_door;
mod door;
mod fault;
mod guest;
mod instance;
mod limits;
mod load_error;
mod plugin;
mod runtime;
mod set;
mod stats;

pub use fault::{GuestFrame, take_backtrace};
pub use instance::Instance;
pub use limits::Limits;
pub use load_error::LoadError;
pub use plugin::{Plugin, PluginConfig};
pub use runtime::{CodeCache, Runtime};
pub use set::PluginSet;
pub use stats::{PluginStats, StatsHandle};
