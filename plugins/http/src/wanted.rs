//! Takes: the plugin's configuration. Gives: which fields of heads are read, for all connections of an instance.

use std::rc::Rc;

use weir_plugin_sdk::trace_context::TraceHeaders;

use crate::names::Names;
use crate::{request, response};

/// Which fields are read.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) trace_headers: Rc<TraceHeaders>,
    pub(crate) of_request: Names,
    pub(crate) of_response: Names,
}

impl Wanted {
    /// What the configuration says; it is read once.
    pub(crate) fn configured() -> Rc<Self> {
        thread_local! {
            static CONFIGURED: Rc<Wanted> = Rc::new(Wanted::new(TraceHeaders::configured()));
        }
        CONFIGURED.with(Rc::clone)
    }

    fn new(trace_headers: Rc<TraceHeaders>) -> Self {
        let with_ids = |mut names: Names| {
            trace_headers.names().for_each(|name| names.add(name));
            names
        };
        let (of_request, of_response) = (with_ids(request::NAMES), with_ids(response::NAMES));
        Self { trace_headers, of_request, of_response }
    }
}
