//! Frames -> segments. Takes: a link-layer frame. Gives: the innermost TCP segment or UDP datagram, or why there is none.

/// The result of this stage.
pub mod segment;

pub use segment::{Address, Segment, TcpFlags, TcpHeader, TransportHeader};
pub use weir_request_log::Transport;
