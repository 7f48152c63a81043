//! Finished sessions -> what plugins make of them -> the sink.
//!
//! Takes: request logs with the heads and bodies of their messages. Gives: them, changed by hooks, or nothing when one dropped
//! them. Does not do: know how a hook is run. Without hooks this stage is not entered.

/// The door to a hook, and what goes through it.
pub mod hook;

/// Patches -> request logs.
mod apply;

/// Heads and bodies that a session holds for hooks.
pub(crate) mod payloads;

/// Sessions that wait for hooks.
pub(crate) mod stage;

/// Request logs -> subjects.
mod subjects;

/// Compressed bodies -> plain ones.
mod unpack;

pub use stage::HOOKS;
