//! Takes: one patch. Gives: the request log with it. Texts are cleaned and cut like a parser's.

use weir_request_log::{Field, Fields, RequestLog, Status, Value as LogValue};

use super::hook::{Patch, Patches, Subjects};
use crate::parse::outcome::{FieldName, MessageStatus, Value};
use crate::session::exchange::{Role, field_of};
use crate::session::text;

/// Further trace ids are numbered from here: `trace_id` itself is the first.
const SECOND_TRACE_ID: usize = 2;
/// Ids of one session that are kept; more are noise.
const TRACE_IDS: usize = 9;

/// Fields and attributes of one patch, and where their texts lie.
pub(super) struct Change<'a> {
    pub(super) patch: Patch,
    pub(super) fields: &'a [(FieldName, Value)],
    pub(super) attributes: &'a [(Value, Value)],
    pub(super) subjects: &'a Subjects,
    pub(super) patches: &'a Patches,
    /// Bytes of a text.
    pub(super) limit: usize,
}

impl Change<'_> {
    /// Changes the record; false when there was nothing to change.
    pub(super) fn apply(&self, role: Role, log: &mut RequestLog) -> bool {
        let status = match self.patch.status {
            MessageStatus::None => None,
            MessageStatus::Ok => Some(Status::Ok),
            MessageStatus::ClientError => Some(Status::ClientError),
            MessageStatus::ServerError => Some(Status::ServerError),
        };
        log.status = status.unwrap_or(log.status);
        let mut first_trace_id = true;
        for (name, value) in self.fields {
            self.with(*value, |value| match (name, value) {
                (FieldName::TraceId, LogValue::Text(id)) if !id.is_empty() => {
                    add_trace_id(&mut log.fields, id, std::mem::take(&mut first_trace_id));
                }
                (_, LogValue::Text("")) => log.fields.remove(field_of(*name, role)),
                (_, value) => log.fields.set(field_of(*name, role), value),
            });
        }
        for (key, value) in self.attributes {
            self.with(*key, |key| {
                let LogValue::Text(key) = key else { return };
                self.with(*value, |value| log.fields.set_attribute(key, value));
            });
        }
        status.is_some() || !self.fields.is_empty() || !self.attributes.is_empty()
    }

    fn with(&self, value: Value, use_value: impl FnOnce(LogValue<'_>)) {
        let (bytes, offset, length) = match value {
            Value::Slice { offset, length } => (&self.subjects.arena, offset, length),
            Value::Owned { offset, length } => (&self.patches.owned, offset, length),
            Value::Number(number) => return use_value(LogValue::Number(number)),
        };
        let bytes = bytes.get(offset as usize..).and_then(|rest| rest.get(..length as usize));
        use_value(LogValue::Text(&text::clean(bytes.unwrap_or_default(), self.limit)));
    }
}

/// The first one is the session's; every other one, and the one that was there before, goes on as an attribute.
fn add_trace_id(fields: &mut Fields, id: &str, is_first: bool) {
    let before = fields.text(Field::TraceId).map(str::to_owned);
    let other = match before {
        Some(before) if before == id => return,
        Some(before) if is_first => {
            fields.set(Field::TraceId, LogValue::Text(id));
            before
        }
        Some(_) => id.to_owned(),
        None => return fields.set(Field::TraceId, LogValue::Text(id)),
    };
    for number in SECOND_TRACE_ID..=TRACE_IDS {
        let key = format!("trace_id_{number}");
        let there = fields.attributes().find(|(k, _)| *k == key).map(|(_, value)| value);
        match there {
            Some(LogValue::Text(there)) if there == other => return,
            Some(_) => {}
            None => return fields.add_attribute(&key, LogValue::Text(&other)),
        }
    }
}
