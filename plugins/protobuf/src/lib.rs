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

use std::cell::Cell;

use weir_plugin_sdk::host::{self, Level};
use weir_plugin_sdk::prelude::{Action, Interest, MessageHook, Patch, Subject};

use engine::Engine;
use settings::Settings;

/// The hook.
#[derive(Debug)]
pub struct Protobuf(Engine);

thread_local! {
    /// What `wanted` made: reading a schema is the longest that this plugin does, so `new` does not do it again.
    static READY: Cell<Option<(Settings, Engine)>> = const { Cell::new(None) };
}

impl MessageHook for Protobuf {
    /// Reads everything, and says at the start what is wrong with it.
    fn wanted() -> Interest {
        let settings = Settings::read(host::config);
        let (engine, problems) = Engine::new(&settings);
        let (body_limit, problem) = settings.body_limit();
        for problem in problems.iter().chain(&problem) {
            host::log(Level::Error, problem);
        }
        let interest = engine.interest(body_limit);
        READY.set(Some((settings, engine)));
        interest
    }

    fn new() -> Self {
        let settings = Settings::read(host::config);
        match READY.take() {
            Some((same, engine)) if same == settings => Self(engine),
            _ => Self(Engine::new(&settings).0),
        }
    }

    fn message(&mut self, subject: &Subject<'_>, patch: &mut Patch<'_>) -> Action {
        self.0.message(subject, patch);
        Action::Next
    }
}

weir_plugin_sdk::register!(name = "protobuf", version = env!("CARGO_PKG_VERSION"), message_hook = Protobuf);
