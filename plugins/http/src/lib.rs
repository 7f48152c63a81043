//! HTTP/1.0 and HTTP/1.1: a plugin like any other.
//!
//! Takes: the bytes of a connection. Gives: requests and responses with the fields of the request log, and heads and bodies where a
//! hook wants them. Does not read bodies: without a hook they are stepped over. See the README for the rules and for what is not
//! covered.

mod check;
mod chunked;
mod connection;
mod framing;
mod head;
mod lines;
mod marks;
mod names;
mod outstanding;
mod packing;
mod request;
mod response;
mod start_line;
mod strict;
mod wanted;

pub use connection::Http;

weir_plugin_sdk::register!(Http);
