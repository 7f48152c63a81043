//! DNS over UDP and TCP, as a plugin of Weir.
//!
//! Takes: datagrams, or the bytes of a connection. Gives: a message a query and a message a response, tied by transaction
//! id and question. Does not pair them, and does not remember what names mean.

mod answers;
mod check;
mod header;
mod kinds;
mod name;
mod parser;
mod question;
mod recent;
mod record;
mod scratch;
mod stream;

pub use parser::Dns;

weir_plugin_sdk::register!(Dns);

#[cfg(test)]
mod tests;
