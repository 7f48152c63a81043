//! Trace ids in headers and SQL comments.

mod sql_comment;
mod traceparent;

pub use sql_comment::sql_comment;
pub use traceparent::traceparent;
