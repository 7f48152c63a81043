//! Errors that a service tells in the JSON body of a response while HTTP says 200.
//!
//! Takes: bodies of responses. Gives: code 500, the status and the description as exception; from 400 on the body as result. Does not
//! read nested objects.

use weir_plugin_sdk::host::config;
use weir_plugin_sdk::payload::json::{self, End, Value};
use weir_plugin_sdk::prelude::*;

/// An object with a status is short; what is longer is a document. A description behind it is not seen.
const BODY_LIMIT: u32 = 64 * 1024;

/// The hook.
#[derive(Debug)]
pub struct JsonStatus {
    status: String,
    success: String,
    description: String,
    /// Descriptions with escapes are put together here.
    buffer: Vec<u8>,
}

impl HttpHook for JsonStatus {
    fn wanted() -> Interest {
        Interest::responses().protocol("HTTP").protocol("HTTP2").body_limit(BODY_LIMIT)
    }

    fn new() -> Self {
        let configured = |key, other: &str| config(key).unwrap_or_else(|| other.to_owned());
        Self {
            status: configured("status-field", "OPT_STATUS"),
            success: configured("success-value", "SUCCESS"),
            description: configured("description-field", "DESCRIPTION"),
            buffer: Vec::new(),
        }
    }

    fn response(&mut self, subject: &Subject<'_>, patch: &mut Patch<'_>) -> Action {
        let Some(code) = subject.number(Field::ResponseCode) else { return Action::Next };
        let body = subject.body().trim_ascii();
        let names = [self.status.as_bytes(), self.description.as_bytes()];
        let ([status, description], end) = json::find(body, names);
        if body.is_empty() || end == End::Bad {
            return Action::Next;
        }
        if code >= 400 {
            patch.text(Field::ResponseResult, body);
        }
        if self.failed(status) {
            if code < 400 {
                patch.number(Field::ResponseCode, 500).status(Status::ServerError);
            }
            match description {
                Some(Value::Text(text)) => {
                    patch.text(Field::ResponseException, text.decode(&mut self.buffer));
                }
                Some(Value::Scalar(raw)) => {
                    patch.text(Field::ResponseException, raw);
                }
                _ => {}
            }
        }
        Action::Next
    }
}

impl JsonStatus {
    /// There is a status, a text or a number, and it is not the one of success.
    fn failed(&self, status: Option<Value<'_>>) -> bool {
        match status {
            Some(Value::Text(text)) => !text.is(self.success.as_bytes()),
            Some(Value::Scalar(raw)) => raw != self.success.as_bytes(),
            _ => false,
        }
    }
}

weir_plugin_sdk::register!(name = "json-status", version = env!("CARGO_PKG_VERSION"), http_hook = JsonStatus);

#[cfg(test)]
#[path = "../../../tests/hooks/cases.rs"]
mod cases;

#[cfg(test)]
mod tests {
    use weir_plugin_sdk::hook::Http;

    use super::{JsonStatus, cases};

    #[test]
    fn shared_cases() {
        cases::run::<Http<JsonStatus>>("json-status.json", 20);
    }
}
