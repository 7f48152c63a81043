//! Redis: RESP2, RESP3 and inline commands, as a plugin of Weir.
//!
//! Takes: the bytes of a connection. Gives: a message a command and a message a top-level reply. Does not pair them, and
//! does not look into what scripts and transactions do.

mod check;
mod command;
mod conversation;
mod draft;
mod inline;
mod nesting;
mod parser;
mod push;
mod reply;
mod request;
mod turns;
mod wire;

pub use parser::Redis;

weir_plugin_sdk::register!(Redis);

#[cfg(test)]
mod tests;
