//! Business ids out of Protobuf payloads, as a plugin of Weir: a message hook.
//!
//! Takes: payloads (of gRPC, HTTP, message brokers), rules, and where there is one a schema. Gives: values as trace ids, fields and
//! attributes. Never guesses: a payload that is not a message from one end to the other has no values.

mod compile;
#[cfg(test)]
mod draft;
mod engine;
mod kind;
mod path;
mod plan;
mod rules;
mod schema;
mod settings;
mod walk;
mod wire;

use weir_plugin_sdk::host::{self, Level};
use weir_plugin_sdk::prelude::{Action, Interest, MessageHook, Patch, Subject};

use engine::Engine;
use settings::Settings;

/// The hook.
#[derive(Debug)]
pub struct Protobuf(Engine);

impl MessageHook for Protobuf {
    /// Reads everything once to say at the start what is wrong with it.
    fn wanted() -> Interest {
        let settings = Settings::read(host::config);
        let (engine, problems) = Engine::new(&settings);
        let (body_limit, problem) = settings.body_limit();
        for problem in problems.iter().chain(&problem) {
            host::log(Level::Error, problem);
        }
        engine.interest(body_limit)
    }

    fn new() -> Self {
        Self(Engine::new(&Settings::read(host::config)).0)
    }

    fn message(&mut self, subject: &Subject<'_>, patch: &mut Patch<'_>) -> Action {
        self.0.message(subject, patch);
        Action::Next
    }
}

weir_plugin_sdk::register!(name = "protobuf", version = env!("CARGO_PKG_VERSION"), message_hook = Protobuf);
