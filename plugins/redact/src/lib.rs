//! Hides what must not be stored: card numbers, values of keys that name a secret, and where the configuration says so the literals of
//! SQL statements. The README has the rules.
//!
//! Takes: finished sessions. Gives: them with `***` and `?`. What it could not see because it broke is dropped, not told as it was.

mod card;
mod rewrite;
mod secret;
mod sql;

use std::io::Write as _;

use weir_plugin_sdk::host::config;
use weir_plugin_sdk::prelude::*;

use secret::Names;
use sql::Dialect;

/// Stands for what was hidden.
const HIDDEN: &[u8] = b"***";

/// The hook.
#[derive(Debug)]
pub struct Redact {
    names: Names,
    sql_literals: bool,
    /// Each rule writes from one into the other.
    buffers: [Vec<u8>; 2],
    /// A number as text.
    digits: Vec<u8>,
}

impl SessionHook for Redact {
    fn wanted() -> Interest {
        Interest::both().required()
    }

    fn new() -> Self {
        Self {
            names: Names::with(config("keys").as_deref().unwrap_or_default()),
            sql_literals: config("sql-literals").is_some_and(|value| value.trim() == "true"),
            buffers: [Vec::new(), Vec::new()],
            digits: Vec::new(),
        }
    }

    fn session(&mut self, subject: &Subject<'_>, patch: &mut Patch<'_>) -> Action {
        for (field, value) in subject.fields() {
            let FieldValue::Text(text) = value else { continue };
            if is_id(field) {
                continue;
            }
            let statement = self.sql_literals && field == Field::RequestResource;
            let dialect = if statement { Dialect::of(subject.protocol()) } else { None };
            if let Some(text) = redacted(&mut self.buffers, &self.names, text, dialect) {
                patch.text(field, text);
            }
        }
        for (key, value) in subject.attributes() {
            self.attribute(key, value, patch);
        }
        Action::Next
    }
}

impl Redact {
    fn attribute(&mut self, key: &[u8], value: FieldValue<'_>, patch: &mut Patch<'_>) {
        if key.starts_with(b"trace_id") {
            return;
        }
        let text = match value {
            FieldValue::Text(text) => text,
            FieldValue::Number(number) => {
                self.digits.clear();
                // Into memory: it does not fail.
                let _ = write!(self.digits, "{number}");
                &self.digits
            }
        };
        if self.names.has(key) && text != HIDDEN {
            patch.attribute(key, HIDDEN);
        } else if let Some(text) = redacted(&mut self.buffers, &self.names, text, None) {
            patch.attribute(key, text);
        }
    }
}

/// Ids join records: one in ten decimal numbers looks like a card's, and a trace that is torn apart helps nobody.
fn is_id(field: Field) -> bool {
    use Field::{ParentSpanId, RequestId, SpanId, TraceId, XRequestId};
    matches!(field, RequestId | TraceId | SpanId | ParentSpanId | XRequestId)
}

/// All rules, in this order; what one has hidden the next does not see. `None`: nothing to hide.
fn redacted<'b>(
    [first, second]: &'b mut [Vec<u8>; 2],
    names: &Names,
    text: &[u8],
    dialect: Option<Dialect>,
) -> Option<&'b [u8]> {
    let (mut now, mut next) = (first, second);
    let mut changed = dialect.is_some_and(|dialect| sql::hide(dialect, text, now));
    let hit = secret::hide(names, if changed { now } else { text }, next);
    if hit {
        std::mem::swap(&mut now, &mut next);
        changed = true;
    }
    if card::hide(if changed { now } else { text }, next) {
        return Some(next);
    }
    changed.then_some(now.as_slice())
}

weir_plugin_sdk::register!(name = "redact", version = env!("CARGO_PKG_VERSION"), session_hook = Redact);

#[cfg(test)]
#[path = "../../../tests/hooks/cases.rs"]
mod cases;

#[cfg(test)]
mod tests;
