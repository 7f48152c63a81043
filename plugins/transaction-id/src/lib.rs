//! The number of a business transaction as trace id, from the body of the request or else of the response.
//!
//! Takes: JSON objects and forms. Gives: `trace_id`. Does not look into nested objects.

mod form;

use weir_plugin_sdk::host::config;
use weir_plugin_sdk::payload::json::{self, End, Value};
use weir_plugin_sdk::prelude::*;

/// Numbers stand in the front of what clients send; what is longer is an upload.
const BODY_LIMIT: u32 = 64 * 1024;

/// Longer than any number: a UUID has 36 characters, a JWT is no number.
const ID_LIMIT: usize = 256;

/// The hook.
#[derive(Debug)]
pub struct TransactionId {
    fields: Vec<Vec<u8>>,
    /// The flow of the last request when it had a number: its response comes next and is not asked.
    answered: Option<u64>,
    /// Numbers with escapes are put together here.
    buffer: Vec<u8>,
}

impl HttpHook for TransactionId {
    fn wanted() -> Interest {
        Interest::both().protocol("HTTP").protocol("HTTP2").body_limit(BODY_LIMIT)
    }

    fn new() -> Self {
        let list = config("fields").unwrap_or_else(|| "transaction_id,transactionId,txn_no".to_owned());
        let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
        Self {
            fields: names.map(|name| name.as_bytes().to_vec()).collect(),
            answered: None,
            buffer: Vec::new(),
        }
    }

    fn request(&mut self, subject: &Subject<'_>, patch: &mut Patch<'_>) -> Action {
        let found = self.tell(subject, patch);
        let response_follows = subject.session_type() == SessionType::Session;
        self.answered = (found && response_follows).then(|| subject.flow_id());
        Action::Next
    }

    fn response(&mut self, subject: &Subject<'_>, patch: &mut Patch<'_>) -> Action {
        if self.answered.take() != Some(subject.flow_id()) {
            self.tell(subject, patch);
        }
        Action::Next
    }
}

impl TransactionId {
    fn tell(&mut self, subject: &Subject<'_>, patch: &mut Patch<'_>) -> bool {
        let body = subject.body().trim_ascii_start();
        let id = match body.first() {
            Some(b'{' | 0xef) => in_object(body, &self.fields, &mut self.buffer),
            Some(_) => form::find(body, subject.cut(), &self.fields, &mut self.buffer),
            None => None,
        };
        let known = subject.text(Field::TraceId);
        let Some(id) = id else { return false };
        if known != Some(id) {
            patch.trace_id(id);
        }
        true
    }
}

/// The first name of the list that holds a number; of equal names the last one counts.
fn in_object<'a>(body: &'a [u8], fields: &[Vec<u8>], buffer: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let mut best: Option<(usize, Value<'a>)> = None;
    let mut members = json::members(body);
    for (name, value) in members.by_ref() {
        let Some(rank) = fields.iter().position(|field| name.is(field)) else { continue };
        if best.is_none_or(|(known, _)| rank <= known) && has_number(&value) {
            best = Some((rank, value));
        }
    }
    if members.end() == End::Bad {
        return None;
    }
    match best?.1 {
        Value::Text(text) => Some(text.decode(buffer).trim_ascii()).filter(|id| !id.is_empty()),
        Value::Scalar(raw) => Some(raw),
        Value::Null | Value::Nested(_) => None,
    }
}

/// A text of some length, or a number.
fn has_number(value: &Value<'_>) -> bool {
    match value {
        Value::Text(text) => is_number(text.raw().trim_ascii()),
        Value::Scalar(raw) => raw.first().is_some_and(|b| !b.is_ascii_alphabetic()),
        Value::Null | Value::Nested(_) => false,
    }
}

fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && text.len() <= ID_LIMIT
}

weir_plugin_sdk::register!(
    name = "transaction-id",
    version = env!("CARGO_PKG_VERSION"),
    http_hook = TransactionId
);

#[cfg(test)]
#[path = "../../../tests/hooks/cases.rs"]
mod cases;

#[cfg(test)]
mod tests {
    use weir_plugin_sdk::hook::Http;

    use super::{TransactionId, cases};

    #[test]
    fn shared_cases() {
        cases::run::<Http<TransactionId>>("transaction-id.json", 20);
    }
}
