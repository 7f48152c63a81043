//! Takes: header pairs of one message. Gives: the ids that win, and the others as attributes.

use super::headers::{Entry, Form, TraceHeaders, UNRANKED};
use super::id::{ID_LIMIT, Id, Parts};
use super::{b3, jaeger, skywalking, traceparent};
use crate::message::{Field, MessageBuilder};

/// Headers with ids that one message may have: more than all known forms together. Further ones are not read.
const FOUND_LIMIT: usize = 8;

/// Headers of one message that hold ids; they are read when all of them are known.
#[derive(Clone, Copy, Debug, Default)]
pub struct TraceContext<'a> {
    /// Headers with a trace or a span.
    found: [Option<Found<'a>>; FOUND_LIMIT],
    count: u8,
    request: Option<&'a [u8]>,
}

/// Index of an entry in [`TraceHeaders`], and the value.
#[derive(Clone, Copy, Debug)]
struct Found<'a> {
    entry: u8,
    value: &'a [u8],
}

/// The ids of one message.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ids<'a> {
    /// Of the whole trace.
    pub trace: Option<Id<'a>>,
    /// Of the span that sent the message.
    pub span: Option<Id<'a>>,
    /// Of that span's parent; only from the header that gave the span.
    pub parent: Option<&'a [u8]>,
    /// `X-Request-ID`.
    pub request: Option<&'a [u8]>,
    /// Entries that gave the trace and the span.
    winners: [Option<u8>; 2],
    /// More than one header has a trace or a span.
    several: bool,
}

impl<'a> TraceContext<'a> {
    /// Takes a header if it is one of `headers`; says whether it was. The first one of a name counts.
    pub fn header(&mut self, headers: &TraceHeaders, name: &[u8], value: &'a [u8]) -> bool {
        let found = headers.find(name);
        if let Some((index, entry)) = found {
            self.take(index, entry, value);
        }
        found.is_some()
    }

    /// The same for a whole line `name: value`, without searching its colon.
    #[inline]
    pub fn line(&mut self, headers: &TraceHeaders, line: &'a [u8]) -> bool {
        let found = headers.find_line(line);
        if let Some((index, entry, value)) = found {
            self.take(index, entry, value);
        }
        found.is_some()
    }

    fn take(&mut self, index: u8, entry: &Entry, value: &'a [u8]) {
        let value = value.trim_ascii();
        if entry.form == Form::Request {
            if self.request.is_none() && !value.is_empty() {
                self.request = Some(value);
            }
            return;
        }
        let (taken, free) = self.found.split_at_mut(usize::from(self.count).min(FOUND_LIMIT));
        let known = taken.iter().flatten().any(|found| found.entry == index);
        if let (false, Some(slot)) = (known, free.first_mut()) {
            *slot = Some(Found { entry: index, value });
            self.count += 1;
        }
    }

    /// No header with an id was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0 && self.request.is_none()
    }

    /// The ids of the preferred headers; values that do not hold what their form asks for are passed over.
    #[must_use]
    pub fn ids(&self, headers: &TraceHeaders) -> Ids<'a> {
        let mut ids = Ids { request: self.request, ..Ids::default() };
        let mut ranks = [UNRANKED; 2];
        let mut b3_parent = None;
        for (index, entry, value) in self.iter(headers) {
            if entry.form == Form::B3Parent {
                b3_parent = b3::span_id(value);
            }
            let parts = read(entry.form, value);
            let more = parts.trace.is_some() || parts.span.is_some();
            ids.several |= more && ids.winners != [None; 2];
            if parts.trace.is_some() && entry.trace_rank < ranks[0] {
                ranks[0] = entry.trace_rank;
                ids.trace = parts.trace;
                ids.winners[0] = Some(index);
            }
            if parts.span.is_some() && entry.span_rank < ranks[1] {
                ranks[1] = entry.span_rank;
                ids.span = parts.span;
                ids.parent = parts.parent;
                ids.winners[1] = Some(index);
            }
        }
        let span_entry = ids.winners[1].and_then(|index| headers.get(index));
        if span_entry.is_some_and(|entry| entry.form == Form::B3Span) {
            ids.parent = b3_parent;
        }
        ids
    }

    /// Sets the fields of a message: `trace_id`, `span_id`, `parent_span_id`, `x_request_id`, and an attribute for each header
    /// whose id did not win.
    #[inline]
    pub fn tell(&self, headers: &TraceHeaders, message: &mut MessageBuilder<'_>) {
        if let Some(id) = self.request {
            message.text(Field::XRequestId, id);
        }
        if self.count > 0 {
            self.tell_trace(headers, message);
        }
    }

    fn tell_trace(&self, headers: &TraceHeaders, message: &mut MessageBuilder<'_>) {
        let ids = self.ids(headers);
        if let Some(id) = ids.trace {
            tell_id(id, |text| {
                let _ = message.text(Field::TraceId, text);
            });
        }
        if let Some(id) = ids.span {
            tell_id(id, |text| {
                let _ = message.text(Field::SpanId, text);
            });
        }
        if let Some(id) = ids.parent {
            message.text(Field::ParentSpanId, id);
        }
        if ids.several {
            self.tell_others(headers, &ids, message);
        }
    }

    /// The trace id of each header that did not win; its span id when it has no trace id that lost.
    fn tell_others(&self, headers: &TraceHeaders, ids: &Ids<'a>, message: &mut MessageBuilder<'_>) {
        for (index, entry, value) in self.iter(headers) {
            let parts = read(entry.form, value);
            let lost = |rank, winner| rank != UNRANKED && winner != Some(index);
            let trace = parts.trace.filter(|_| lost(entry.trace_rank, ids.winners[0]));
            let span = parts.span.filter(|_| lost(entry.span_rank, ids.winners[1]));
            if let Some(id) = trace.or(span) {
                tell_id(id, |text| {
                    let _ = message.attribute(&entry.name, text);
                });
            }
        }
    }

    fn iter<'h>(&self, headers: &'h TraceHeaders) -> impl Iterator<Item = (u8, &'h Entry, &'a [u8])> {
        let taken = self.found.iter().take(usize::from(self.count)).flatten();
        taken.filter_map(|found| Some((found.entry, headers.get(found.entry)?, found.value)))
    }
}

/// Decodes only what is not a piece of the value.
fn tell_id(id: Id<'_>, tell: impl FnOnce(&[u8])) {
    match id {
        Id::Text(text) => tell(text),
        Id::Base64(_) | Id::Segment(..) => tell(id.text(&mut [0; ID_LIMIT])),
    }
}

fn read(form: Form, value: &[u8]) -> Parts<'_> {
    let parts = match form {
        Form::B3 => b3::single(value),
        Form::B3Span => b3::span_id(value).map(|id| Parts { span: Some(Id::Text(id)), ..Parts::default() }),
        Form::B3Trace => {
            b3::trace_id(value).map(|id| Parts { trace: Some(Id::Text(id)), ..Parts::default() })
        }
        Form::Jaeger => jaeger::uber_trace_id(value),
        Form::Plain => (!value.is_empty()).then(|| Parts::of(value, value)),
        Form::SkyWalking => skywalking::sw(value).map(|(trace, segment, span)| Parts {
            trace: Some(Id::Base64(trace)),
            span: Some(Id::Segment(segment, span)),
            parent: None,
        }),
        Form::Traceparent => traceparent::traceparent(value).map(|(trace, span)| Parts::of(trace, span)),
        Form::B3Parent | Form::Request => None,
    };
    parts.unwrap_or_default()
}

#[cfg(test)]
mod tests;
