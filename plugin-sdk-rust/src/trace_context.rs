//! Trace ids in headers.
