//! Write a protocol parser or a hook for Weir in Rust.
//!
//! A parser is a type that implements [`Parser`], a hook one that implements a trait of [`hook`]; [`register!`] exports them. The same type runs natively in tests
//! (see [`testing`]) and in the sandbox, so a plugin is developed without any Wasm.
//!
//! Takes: batches of stream events over one arena of bytes, in the canonical layout of `wit/v0.1`.
//! Gives: messages whose texts point into that arena wherever they can.
//! Does not do: pairing, latency, time-outs, cutting of texts: those are the host's.
//!
//! ```
//! use weir_plugin_sdk::prelude::*;
//!
//! /// Lines: `? question` from the client, `! answer` from the server.
//! struct Quiz;
//!
//! impl Parser for Quiz {
//!     fn manifest() -> Manifest {
//!         Manifest::new("quiz", "0.1.0")
//!             .protocol("Quiz")
//!             .signature(Signature::tcp().any_of([b"? ".as_slice(), b"! "]))
//!     }
//!     fn check(payload: &[u8], _: &Probe) -> Verdict {
//!         match payload {
//!             [b'?', b' ', ..] => Verdict::ClientSpeaks,
//!             [b'!', b' ', ..] => Verdict::ServerSpeaks,
//!             _ => Verdict::No,
//!         }
//!     }
//!     fn open(_: &Flow) -> Self {
//!         Self
//!     }
//!     fn parse(&mut self, input: Input<'_>, output: &mut Output<'_>) -> Step {
//!         let Some(end) = input.bytes.iter().position(|b| *b == b'\n') else { return Step::NeedMore };
//!         let kind = if input.direction == Direction::ClientToServer { Kind::Request } else { Kind::Response };
//!         output.message(kind, end as u64 + 1).text(Field::RequestResource, &input.bytes[2..end]);
//!         Step::Consumed(end as u64 + 1)
//!     }
//! }
//! weir_plugin_sdk::register!(Quiz);
//! # let quiz = weir_plugin_sdk::testing::Harness::<Quiz>::tcp().client(b"? 6*7\n");
//! # assert_eq!(quiz.messages()[0].text(Field::RequestResource), Some("6*7"));
//! ```

/// The records that cross the sandbox's border, in the canonical layout of `wit/v0.1`.
pub mod abi;

/// Events of one batch -> calls of a [`Parser`]; the rules of the contract that every parser would have to repeat.
pub mod instance;

/// What a parser says of itself: [`Manifest`](manifest::Manifest) and [`Signature`](manifest::Signature).
pub mod manifest;

/// What a parser answers: [`Output`](message::Output) and [`Field`](message::Field).
pub mod message;

/// The [`Parser`] trait and its arguments.
pub mod parser;

/// [`Reader`](payload::Reader): a cursor that knows "need more" from "wrong".
pub mod payload;

/// Hooks: change, drop and sample what parsers told.
pub mod hook;

/// Texts on their way out.
pub mod text;

mod find;

/// Log, configuration and counters of the host.
pub mod host;

/// Status codes and reason phrases of HTTP.
pub mod http;

/// Trace ids in headers: W3C, B3, Jaeger, SkyWalking, X-Request-ID.
pub mod trace_context;

/// Run a parser natively: every prefix, every split.
#[cfg(not(target_family = "wasm"))]
pub mod testing;

#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod export;

/// The snippets of the README are compiled. (`memchr`: the copy in an author's project has neither the feature nor the README.)
#[cfg(all(doctest, feature = "memchr"))]
#[doc = include_str!("../README.md")]
pub mod readme {}

/// So are those of the book.
#[cfg(all(doctest, feature = "memchr"))]
pub mod book {
    #[doc = include_str!("../../docs/plugins/debugging.md")]
    pub mod debugging {}
    #[doc = include_str!("../../docs/plugins/hooks.md")]
    pub mod hooks {}
    #[doc = include_str!("../../docs/plugins/limits.md")]
    pub mod limits {}
    #[doc = include_str!("../../docs/plugins/performance.md")]
    pub mod performance {}
    #[doc = include_str!("../../docs/plugins/rust.md")]
    pub mod rust {}
}

pub use parser::Parser;

/// What a parser or a hook needs to name.
pub mod prelude {
    pub use crate::hook::{
        Action, FieldValue, HttpHook, Interest, MessageHook, Patch, SessionHook, SessionStatus, SessionType,
        Subject,
    };
    pub use crate::manifest::{Manifest, Signature};
    pub use crate::message::{Encoding, Field, Kind, Output, Part, Status};
    pub use crate::parser::{Direction, Flow, Gap, Input, Parser, Probe, Step, Transport, Verdict};
    pub use crate::payload::{Reader, Shortage};
}

/// Exports a plugin under the names that the host looks for. Natively it does nothing.
///
/// - `register!(MyParser)`: a parser; its manifest says name and version.
/// - `register!(name = "json-status", version = env!("CARGO_PKG_VERSION"), http_hook = MyHook)`: hooks without a parser. `http_hook`,
///   `message_hook` and `session_hook`, each once at most.
/// - `register!(parser = MyParser, session_hook = MyHook)`: both. One instance serves all of them, but each has a value of its own.
#[macro_export]
macro_rules! register {
    (parser = $parser:ty $(, $kind:ident = $hook:ty)* $(,)?) => {
        #[cfg(target_family = "wasm")]
        $crate::export_memory!();
        #[cfg(target_family = "wasm")]
        $crate::export_parser!($parser);
        $(#[cfg(target_family = "wasm")]
        $crate::export_hook!($kind, $hook);)*
    };
    (name = $name:expr, version = $version:expr $(, $kind:ident = $hook:ty)+ $(,)?) => {
        #[cfg(target_family = "wasm")]
        $crate::export_memory!();
        #[cfg(target_family = "wasm")]
        $crate::export_identity!($name, $version);
        $(#[cfg(target_family = "wasm")]
        $crate::export_hook!($kind, $hook);)+
    };
    ($parser:ty) => {
        $crate::register!(parser = $parser);
    };
}
