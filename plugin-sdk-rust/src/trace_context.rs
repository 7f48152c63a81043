//! Trace ids in headers and SQL comments.
//!
//! Takes: header names and values, one pair at a time. Gives: trace id, span id, parent span id and request id, as pieces
//! of the values wherever they stand there as they are. Does not follow `tracestate`, `baggage` or sampling flags.
//!
//! | header | trace id | span id | parent | source |
//! |---|---|---|---|---|
//! | `traceparent` | 2nd part | 3rd part | - | W3C Trace Context 3.2 |
//! | `sw8`, `sw6` | 2nd part, decoded | 3rd part, decoded, `-`, 4th part | - | SkyWalking cross-process propagation headers v3, v2 |
//! | `b3` | 1st part | 2nd part | 4th part | openzipkin/b3-propagation, single header |
//! | `x-b3-traceid`, `x-b3-spanid`, `x-b3-parentspanid` | value | value | value | the same, multiple headers |
//! | `uber-trace-id` | 1st part | 2nd part | 3rd part, unless `0` | Jaeger client libraries, propagation format |
//! | any other one in the configuration | value | value | - | |
//!
//! When several headers hold an id, the first one in the order of the configuration wins (the default is the order of the
//! table), whatever their order in the message; the ids of the others become attributes under the name of their header in
//! lower case.
//!
//! ```
//! use weir_plugin_sdk::trace_context::{TraceContext, TraceHeaders};
//!
//! let headers = TraceHeaders::new("b3, traceparent", "b3, traceparent", "x-request-id");
//! let mut context = TraceContext::default();
//! context.header(&headers, b"X-Request-ID", b"7f3a");
//! context.header(&headers, b"B3", b"80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1");
//! let ids = context.ids(&headers);
//! assert_eq!(ids.trace.and_then(|id| id.as_slice()), Some(b"80f198ee56343ba864fe8b2a57d3eff7".as_slice()));
//! assert_eq!(ids.request, Some(b"7f3a".as_slice()));
//! ```

mod b3;
mod collect;
mod headers;
mod id;
mod jaeger;
mod skywalking;
mod sql_comment;
mod traceparent;

pub use collect::{Ids, TraceContext};
pub use headers::{TraceHeaders, same_name};
pub use id::{ID_LIMIT, Id};
pub use sql_comment::sql_comment;
pub use traceparent::traceparent;
