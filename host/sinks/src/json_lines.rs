//! Takes: records. Gives: one JSON object a line, fields as docs/request-log.md has them and in its order; a field without
//! a value is left out.

use std::sync::Arc;

use weir_request_log::{Field, LogSink, RequestLog, Value};

use self::address::AddressWriter;
use self::text::push_string;
use crate::sink::Sink;
use crate::time::TimeWriter;

mod address;
mod text;

/// Writes records as JSON, one a line.
#[derive(Debug, Default)]
pub struct JsonLines {
    buffer: Vec<u8>,
    times: TimeWriter,
    clients: AddressWriter,
    servers: AddressWriter,
}

impl Sink for JsonLines {
    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }
}

impl LogSink for JsonLines {
    fn log(&mut self, log: &RequestLog) {
        let fields = ByField::new(log);
        self.head(log, &fields);
        self.peers(log);
        let out = &mut self.buffer;
        push_request_and_response(out, log, &fields);
        push_traces(out, &fields);
        self.attributes(log);
        let out = &mut self.buffer;
        push_caller(out, log);
        push_number(out, b",\"req_tcp_seq\":", log.req_tcp_seq.map(u64::from));
        push_number(out, b",\"resp_tcp_seq\":", log.resp_tcp_seq.map(u64::from));
        push_plugins(out, &log.plugins);
        out.extend_from_slice(b"}\n");
    }
}

impl JsonLines {
    fn head(&mut self, log: &RequestLog, fields: &ByField<'_>) {
        let out = &mut self.buffer;
        out.extend_from_slice(b"{\"start_time\":\"");
        self.times.push(out, log.start_time);
        out.extend_from_slice(b"\",\"end_time\":\"");
        self.times.push(out, log.end_time);
        out.push(b'"');
        push_number(out, b",\"response_duration\":", log.response_duration.map(|d| d / 1000));
        push_word(out, b",\"signal_source\":\"", log.signal_source.name());
        out.extend_from_slice(b",\"l7_protocol\":");
        push_string(out, &log.l7_protocol);
        fields.push(out, Field::Version, b",\"version\":");
        fields.push(out, Field::BizProtocol, b",\"biz_protocol\":");
        push_word(out, b",\"type\":\"", log.session_type.name());
    }

    fn peers(&mut self, log: &RequestLog) {
        let out = &mut self.buffer;
        out.extend_from_slice(b",\"client_ip\":\"");
        self.clients.push(out, log.client.ip());
        push_number(out, b"\",\"client_port\":", Some(u64::from(log.client.port())));
        out.extend_from_slice(b",\"server_ip\":\"");
        self.servers.push(out, log.server.ip());
        push_number(out, b"\",\"server_port\":", Some(u64::from(log.server.port())));
        push_word(out, b",\"transport\":\"", log.transport.name());
        push_number(out, b",\"flow_id\":", Some(log.flow_id));
    }

    /// An object has each key once: of attributes with the same key, the last one is written.
    fn attributes(&mut self, log: &RequestLog) {
        let count = log.fields.attributes().len();
        let repeated = if count > 1 { Repeated::new(log, count) } else { Repeated::None };
        let out = &mut self.buffer;
        let mut opening = b",\"attributes\":{".as_slice();
        for (index, (key, value)) in log.fields.attributes().enumerate() {
            if repeated.contains(log, index, key) {
                continue;
            }
            out.extend_from_slice(opening);
            opening = b",";
            push_string(out, key);
            out.push(b':');
            push_quoted(out, value);
        }
        if count > 0 {
            out.push(b'}');
        }
    }
}

/// Attributes that a later one with the same key replaces.
enum Repeated {
    None,
    /// Few enough to compare each with those behind it.
    Search,
    /// By index. Sorting keeps a plugin that adds thousands far from quadratic.
    Marked(Vec<bool>),
}

impl Repeated {
    /// Above this many, sorting is cheaper than comparing all pairs.
    const SEARCHED: usize = 16;

    fn new(log: &RequestLog, count: usize) -> Self {
        if count <= Self::SEARCHED {
            return Self::Search;
        }
        let mut keys: Vec<(&str, usize)> =
            log.fields.attributes().enumerate().map(|(index, (key, _))| (key, index)).collect();
        keys.sort_unstable();
        let mut marks = vec![false; count];
        for pair in keys.windows(2) {
            if let [(key, index), (next, _)] = pair {
                marks[*index] = key == next;
            }
        }
        Self::Marked(marks)
    }

    fn contains(&self, log: &RequestLog, index: usize, key: &str) -> bool {
        match self {
            Self::None => false,
            Self::Search => log.fields.attributes().skip(index + 1).any(|(later, _)| later == key),
            Self::Marked(marks) => marks[index],
        }
    }
}

fn push_request_and_response(out: &mut Vec<u8>, log: &RequestLog, fields: &ByField<'_>) {
    fields.push(out, Field::RequestType, b",\"request_type\":");
    fields.push(out, Field::RequestDomain, b",\"request_domain\":");
    fields.push(out, Field::RequestResource, b",\"request_resource\":");
    fields.push(out, Field::Endpoint, b",\"endpoint\":");
    fields.push(out, Field::RequestId, b",\"request_id\":");
    fields.push(out, Field::ResponseCode, b",\"response_code\":");
    push_word(out, b",\"response_status\":\"", log.status.name());
    fields.push(out, Field::ResponseException, b",\"response_exception\":");
    fields.push(out, Field::ResponseResult, b",\"response_result\":");
    push_number(out, b",\"request_length\":", log.request_length);
    push_number(out, b",\"response_length\":", log.response_length);
}

fn push_traces(out: &mut Vec<u8>, fields: &ByField<'_>) {
    fields.push(out, Field::TraceId, b",\"trace_id\":");
    fields.push(out, Field::SpanId, b",\"span_id\":");
    fields.push(out, Field::ParentSpanId, b",\"parent_span_id\":");
    fields.push(out, Field::XRequestId, b",\"x_request_id\":");
    fields.push(out, Field::XRequestId1, b",\"x_request_id_1\":");
    fields.push(out, Field::HttpProxyClient, b",\"http_proxy_client\":");
}

fn push_caller(out: &mut Vec<u8>, log: &RequestLog) {
    push_number(out, b",\"process_id\":", log.process_id.map(u64::from));
    if let Some(name) = &log.process_name {
        out.extend_from_slice(b",\"process_name\":");
        push_string(out, name);
    }
    push_number(out, b",\"thread_id\":", log.thread_id.map(u64::from));
    push_number(out, b",\"coroutine_id\":", log.coroutine_id);
    push_number(out, b",\"syscall_trace_id_request\":", log.syscall_trace_id_request);
    push_number(out, b",\"syscall_trace_id_response\":", log.syscall_trace_id_response);
}

fn push_plugins(out: &mut Vec<u8>, plugins: &[Arc<str>]) {
    let mut opening = b",\"plugin\":[".as_slice();
    for plugin in plugins {
        out.extend_from_slice(opening);
        opening = b",";
        push_string(out, plugin);
    }
    if !plugins.is_empty() {
        out.push(b']');
    }
}

fn push_word(out: &mut Vec<u8>, key: &[u8], word: &'static str) {
    out.extend_from_slice(key);
    out.extend_from_slice(word.as_bytes());
    out.push(b'"');
}

fn push_number(out: &mut Vec<u8>, key: &[u8], number: Option<u64>) {
    if let Some(number) = number {
        out.extend_from_slice(key);
        out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }
}

/// A value as a string, whatever it is.
fn push_quoted(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Text(text) => push_string(out, text),
        Value::Number(number) => {
            out.push(b'"');
            out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
            out.push(b'"');
        }
    }
}

/// The set fields of a record by their number, so that they are looked for once and not once a field.
struct ByField<'a>([Option<Value<'a>>; Field::HttpProxyClient as usize + 1]);

impl<'a> ByField<'a> {
    fn new(log: &'a RequestLog) -> Self {
        let mut fields = [None; Field::HttpProxyClient as usize + 1];
        for (field, value) in log.fields.iter() {
            fields[field as usize] = Some(value);
        }
        Self(fields)
    }

    /// Appends key and value when the field is set. Only codes and ids may be numbers; the rest is strings. `key` is written
    /// out where this is called, as a copy of known length is one instruction or two.
    #[inline(always)]
    fn push<const KEY: usize>(&self, out: &mut Vec<u8>, field: Field, key: &'static [u8; KEY]) {
        let Some(value) = self.0[field as usize] else { return };
        out.extend_from_slice(key);
        match value {
            Value::Number(number) if matches!(field, Field::RequestId | Field::ResponseCode) => {
                out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
            }
            value => push_quoted(out, value),
        }
    }
}

#[cfg(test)]
mod tests;
