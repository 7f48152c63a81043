//! Takes: subjects of a call. Gives: one after the other with its fields, and single values of them.

use weir_pipeline::hooks::hook::{Slice, Subject, Subjects};
use weir_pipeline::parse::event::Direction;
use weir_pipeline::parse::outcome::{FieldName, Value};

/// One subject.
pub(super) struct View<'a> {
    pub(super) subject: &'a Subject,
    all: &'a Subjects,
    fields: &'a [(FieldName, Value)],
    attributes: &'a [(Slice, Value)],
}

impl<'a> View<'a> {
    pub(super) fn all(all: &'a Subjects) -> impl Iterator<Item = Self> {
        let (mut fields, mut attributes) = (all.fields.as_slice(), all.attributes.as_slice());
        all.subjects.iter().map(move |subject| Self {
            subject,
            all,
            fields: first(&mut fields, subject.fields),
            attributes: first(&mut attributes, subject.attributes),
        })
    }

    pub(super) fn is_request(&self) -> bool {
        self.subject.direction == Direction::ClientToServer
    }

    pub(super) fn protocol(&self) -> &'a [u8] {
        self.all.bytes(self.subject.protocol)
    }

    pub(super) fn head(&self) -> &'a [u8] {
        self.all.bytes(self.subject.head)
    }

    pub(super) fn body(&self) -> &'a [u8] {
        self.all.bytes(self.subject.body)
    }

    pub(super) fn value(&self, name: FieldName) -> Option<Value> {
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| *value)
    }

    /// Empty when the field is not there or a number.
    pub(super) fn text(&self, name: FieldName) -> &'a [u8] {
        self.value(name).map_or(&[], |value| self.bytes(value))
    }

    pub(super) fn number(&self, name: FieldName) -> Option<i64> {
        match self.value(name) {
            Some(Value::Number(number)) => Some(number),
            _ => None,
        }
    }

    /// Empty when there is none.
    pub(super) fn attribute(&self, key: &[u8]) -> &'a [u8] {
        let found = self.attributes.iter().find(|(known, _)| self.all.bytes(*known) == key);
        found.map_or(&[], |(_, value)| self.bytes(*value))
    }

    fn bytes(&self, value: Value) -> &'a [u8] {
        match value {
            Value::Slice { offset, length } => self.all.bytes(Slice { offset, length }),
            _ => &[],
        }
    }
}

/// The first `count` of a list that is used up.
fn first<'a, T>(list: &mut &'a [T], count: u16) -> &'a [T] {
    let (taken, rest) = list.split_at(usize::from(count).min(list.len()));
    *list = rest;
    taken
}
