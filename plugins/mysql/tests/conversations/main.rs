//! Whole conversations, real ones from `fixtures` and hand-written ones, through the parser as the host drives it.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)] // a panic is how a test fails

mod compressed;
mod fixture;
mod handshakes;
mod joined;
mod limits;
mod loss;
mod results;
mod statements;
mod truth;
mod wire;
