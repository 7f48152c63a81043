//! Writes fields and attributes of one message or patch. Takes: texts of what a guest handed over, and texts of the host. Gives: entries
//! whose texts stand in `owned`. Does not check limits.

use weir_pipeline::parse::outcome::{FieldName, Value};

use super::records::{Record, Text};

/// The lists that are written to.
pub(super) struct Lists<'a> {
    pub(super) fields: &'a mut Vec<(FieldName, Value)>,
    pub(super) attributes: &'a mut Vec<(Value, Value)>,
    pub(super) owned: &'a mut Vec<u8>,
}

pub(super) struct Writer<'a> {
    /// What the guest handed over; it stands in `owned` from `base` on.
    pub(super) bytes: &'a [u8],
    base: u32,
    to: Lists<'a>,
    /// Entries since [`Writer::start`].
    pub(super) fields: u16,
    pub(super) attributes: u16,
}

impl<'a> Writer<'a> {
    pub(super) fn new(bytes: &'a [u8], to: Lists<'a>) -> Self {
        let base = to.owned.len() as u32;
        to.owned.extend_from_slice(bytes);
        Self { bytes, base, to, fields: 0, attributes: 0 }
    }

    /// The entries that follow are another one's.
    pub(super) fn start(&mut self) {
        (self.fields, self.attributes) = (0, 0);
    }

    pub(super) fn value(&self, text: Text) -> Value {
        Value::Owned { offset: self.base + text.at, length: text.length }
    }

    pub(super) fn own(&mut self, text: &[u8]) -> Value {
        let offset = self.to.owned.len() as u32;
        self.to.owned.extend_from_slice(text);
        Value::Owned { offset, length: text.len() as u32 }
    }

    pub(super) fn field(&mut self, name: FieldName, value: Value) {
        self.to.fields.push((name, value));
        self.fields += 1;
    }

    /// An empty text is no text.
    pub(super) fn text(&mut self, name: FieldName, text: Text) {
        if !text.is_empty() {
            self.field(name, self.value(text));
        }
    }

    pub(super) fn attribute(&mut self, key: &[u8], value: Value) {
        let key = self.own(key);
        self.pair(key, value);
    }

    pub(super) fn text_attribute(&mut self, key: &[u8], text: Text) {
        if !text.is_empty() {
            self.attribute(key, self.value(text));
        }
    }

    /// A record has 65535 bytes and each of its attributes three, so that they can be counted.
    fn pair(&mut self, key: Value, value: Value) {
        self.to.attributes.push((key, value));
        self.attributes += 1;
    }

    /// The attributes that the guest names itself.
    pub(super) fn own_attributes(&mut self, record: &Record) {
        for (key, value) in record.attributes(self.bytes).filter(|(key, _)| !key.is_empty()) {
            self.pair(self.value(key), self.value(value));
        }
    }

    /// What request logs have no field for.
    pub(super) fn business(&mut self, record: &Record) {
        self.text_attribute(b"biz_code", record.biz_code);
        self.text_attribute(b"biz_scenario", record.biz_scenario);
        self.text_attribute(b"biz_response_code", record.biz_response_code);
        if record.biz_type > 0 {
            self.attribute(b"biz_type", Value::Number(i64::from(record.biz_type)));
        }
        if record.is_reversed == Some(true) {
            let yes = self.own(b"true");
            self.attribute(b"is_reversed", yes);
        }
    }
}
