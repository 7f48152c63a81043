//! Which parser follows a flow?
//!
//! Takes: first bytes of flows. Gives: candidates, and remembers what server endpoints spoke. The verdict is always a
//! parser's `check`; signatures, ports and memory only decide who is asked, and in which order.

/// What server endpoints spoke before.
pub(crate) mod endpoints;

/// Bytes of a flow that nobody claimed yet.
pub(crate) mod probing;

/// All signatures of all parsers in one matcher.
pub mod signatures;

/// Sockets whose bytes nobody wants.
pub(crate) mod unwanted;
