//! The MySQL and MariaDB client/server protocol: one request log a command.
//!
//! Takes: both directions of a TCP connection. Gives: requests named after their commands, responses with error codes.
//! Does not do: pairing, latency, the reading of rows. See `README.md` for what is filled and what is not understood.

mod attributes;
mod budget;
mod capability;
mod charset;
mod check;
mod command;
mod compress;
mod handshake;
mod packet;
mod parser;
mod request;
mod response;
mod result;
mod resync;
mod session;
mod statements;

pub use parser::MySql;

weir_plugin_sdk::register!(MySql);
