//! Segments -> ordered chunks of each direction of a flow.
//!
//! Takes: segments in capture order. Gives: chunks, gaps and ends. Does not know what the bytes mean.

/// Five-tuples.
pub mod key;

/// What is known of the segment that brought bytes.
pub mod origin;

/// Ordered bytes out of unordered segments.
pub mod reassembly;

/// All flows of a worker, bounded.
pub mod table;

/// TCP's life of a flow: handshake, ends, ports used again, losses that acknowledgments prove.
pub mod tcp;
