//! HTTP/2, gRPC and Dubbo's Triple: a plugin like any other.
//!
//! Takes: the bytes of a connection. Gives: one session a stream with the fields of the request log. Does not read TLS, and
//! bodies only where a hook asks for them. See the README for the rules and for what is not covered.

mod body;
mod check;
mod connection;
mod frame;
mod grpc;
mod head;
mod hpack;
mod resync;
mod streams;

pub use connection::Http2;

weir_plugin_sdk::register!(Http2);
