//! Messages -> sessions -> request logs.
//!
//! Takes: protocol facts with positions, and what the lanes know of times. Gives: one record a session. The only place that
//! pairs, measures durations and decides what a lone half means, for every protocol.

/// One request, its response, and what is known of both.
pub(crate) mod exchange;

/// Which response belongs to which request.
pub(crate) mod pairing;

/// What processes are called.
pub(crate) mod process_names;

/// All exchanges of a connection.
pub(crate) mod sessions;

/// Bytes of a stranger -> text of a request log.
pub mod text;
