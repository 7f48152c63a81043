//! The record of a hook -> a patch of the session.
//!
//! Takes: the last record that the guest handed over. Gives: fields and attributes, and the status when it changes. The rules are those
//! of the original, but for its traps: an empty text changes nothing, and what a text replaces is kept.

use weir_pipeline::parse::outcome::{FieldName, MessageStatus, Value};

use super::super::records::{Record, ResponseStatus, Text};
use super::super::writer::Writer;
use super::http;
use super::view::View;

/// Trace ids of one record that are kept; DeepFlow's server keeps two.
const TRACE_IDS: usize = 8;
/// RFC 9110, 9.1, and RFC 5789.
const METHODS: [&[u8]; 9] =
    [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH"];
const VERSIONS: [&[u8]; 3] = [b"1.0", b"1.1", b"2"];

/// A request takes what is asked, a response what is answered; both take ids and attributes.
pub(super) fn http(record: &Record, view: &View<'_>, to: &mut Writer<'_>) -> MessageStatus {
    let mut status = MessageStatus::None;
    if view.is_request() {
        let is_one_of = |text: Text, known: &[&[u8]]| known.contains(&text.of(to.bytes));
        let version = Some(record.version).filter(|text| is_one_of(*text, &VERSIONS));
        let method = Some(record.request_type).filter(|text| is_one_of(*text, &METHODS));
        to.text(FieldName::Version, version.unwrap_or_default());
        to.text(FieldName::RequestType, method.unwrap_or_default());
        to.text(FieldName::RequestDomain, record.domain);
        to.text(FieldName::RequestResource, record.resource);
        to.text(FieldName::Endpoint, record.endpoint);
        request_id(record, to);
    } else {
        status = answer(record, view, to);
    }
    ids(record, view, to);
    to.own_attributes(record);
    to.business(record);
    status
}

/// Messages of other protocols: for some of them the original takes attributes alone.
pub(super) fn custom(record: &Record, view: &View<'_>, to: &mut Writer<'_>) -> MessageStatus {
    let mut status = MessageStatus::None;
    match view.protocol() {
        b"NATS" | b"ZMTP" => to.text(FieldName::BizProtocol, record.protocol),
        protocol => {
            to.text(FieldName::RequestDomain, record.domain);
            to.text(FieldName::RequestType, record.request_type);
            if protocol != b"Dubbo" {
                to.text(FieldName::Version, record.version);
                to.text(FieldName::RequestResource, record.resource);
                to.text(FieldName::Endpoint, record.endpoint);
            }
            status = answer(record, view, to);
            ids(record, view, to);
        }
    }
    to.own_attributes(record);
    to.business(record);
    status
}

fn request_id(record: &Record, to: &mut Writer<'_>) {
    if let Some(id) = record.request_id {
        to.field(FieldName::RequestId, Value::Number(i64::from(id)));
    }
}

/// A status that is the same changes nothing; an exception belongs to an answer that is not well.
fn answer(record: &Record, view: &View<'_>, to: &mut Writer<'_>) -> MessageStatus {
    if let Some(code) = record.code {
        to.field(FieldName::ResponseCode, Value::Number(i64::from(code)));
    }
    to.text(FieldName::ResponseResult, record.result);
    let before = http::status(view.subject.status);
    let status = record.status.unwrap_or(before);
    if status != ResponseStatus::Ok {
        to.text(FieldName::ResponseException, record.exception);
    }
    if status == before { MessageStatus::None } else { status.message_status() }
}

fn ids(record: &Record, view: &View<'_>, to: &mut Writer<'_>) {
    let ids = record.trace_ids(to.bytes).filter(|id| !id.is_empty());
    for id in ids.take(TRACE_IDS) {
        to.field(FieldName::TraceId, to.value(id));
    }
    if !record.span_id.is_empty() {
        let before = view.text(FieldName::SpanId);
        if let Some(value) = view.value(FieldName::SpanId)
            && !before.is_empty()
            && before != record.span_id.of(to.bytes)
        {
            to.attribute(b"apm_span_id", value);
        }
        to.text(FieldName::SpanId, record.span_id);
    }
    to.text(FieldName::ParentSpanId, record.parent_span_id);
    to.text(FieldName::XRequestId, record.x_request_id);
    to.text(FieldName::HttpProxyClient, record.http_proxy_client);
    if record.is_async == Some(true) {
        let yes = to.own(b"true");
        to.attribute(b"is_async", yes);
    }
}
