//! Takes: the name of a field of the request log, as in `docs/request-log.md`, or `attributes.NAME`. Gives: where a value goes.

use weir_plugin_sdk::prelude::Field;

use super::hint;

/// Longer names help nobody; they stand in every record.
const NAME_BYTES: usize = 128;
const PREFIX: &str = "attributes.";

const FIELDS: [(&str, Field); 15] = [
    ("trace_id", Field::TraceId),
    ("span_id", Field::SpanId),
    ("parent_span_id", Field::ParentSpanId),
    ("x_request_id", Field::XRequestId),
    ("request_type", Field::RequestType),
    ("request_domain", Field::RequestDomain),
    ("request_resource", Field::RequestResource),
    ("request_id", Field::RequestId),
    ("endpoint", Field::Endpoint),
    ("response_code", Field::ResponseCode),
    ("response_exception", Field::ResponseException),
    ("response_result", Field::ResponseResult),
    ("version", Field::Version),
    ("http_proxy_client", Field::HttpProxyClient),
    ("biz_protocol", Field::BizProtocol),
];

/// Where a value goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Field(Field),
    Attribute(String),
}

impl Target {
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        if let Some(key) = name.strip_prefix(PREFIX) {
            return match key.len() {
                1..=NAME_BYTES => Ok(Self::Attribute(key.to_owned())),
                _ => Err(format!("`to: {name}`: an attribute's name has 1 to {NAME_BYTES} bytes")),
            };
        }
        let found = FIELDS.iter().find(|(known, _)| *known == name).map(|(_, field)| Self::Field(*field));
        found.ok_or_else(|| {
            let names = FIELDS.iter().map(|(name, _)| *name).chain([PREFIX]);
            format!("`to: {name}` is no field{}, or `{PREFIX}{name}`", hint(name, names))
        })
    }

    /// Fields that are numbers where they can be.
    pub(crate) fn takes_numbers(&self) -> bool {
        matches!(self, Self::Field(Field::ResponseCode | Field::RequestId))
    }
}
