//! Takes: changes of one subject. Gives: the lists of `patches`; a subject that nobody changed takes no place in them.

use crate::abi;
use crate::message::{Field, Status};
use crate::text::{self, TEXT_LIMIT};

use super::Action;

/// The lists of one answer. They are kept from call to call, so nothing is allocated on the path.
#[derive(Debug, Default)]
pub struct Patches {
    pub(super) patches: Vec<abi::Patch>,
    /// Owned values hold offsets into `owned` until [`Patches::place`] turns them into addresses.
    pub(super) fields: Vec<abi::Field>,
    pub(super) attributes: Vec<abi::Attribute>,
    pub(super) owned: Vec<u8>,
}

impl Patches {
    pub(super) fn clear(&mut self) {
        self.patches.clear();
        self.fields.clear();
        self.attributes.clear();
        self.owned.clear();
    }

    /// Adds the address of the owned texts to every value that refers to one.
    #[cfg(target_family = "wasm")]
    pub(crate) fn place(&mut self) {
        let base = self.owned.as_ptr() as u32;
        text::at_address(base, &mut self.fields, &mut self.attributes);
    }

    /// Patches of the last call, ascending by subject.
    #[must_use]
    pub fn patches(&self) -> &[abi::Patch] {
        &self.patches
    }

    /// Fields of all patches, in their order.
    #[must_use]
    pub fn fields(&self) -> &[abi::Field] {
        &self.fields
    }

    /// Attributes of all patches, in their order.
    #[must_use]
    pub fn attributes(&self) -> &[abi::Attribute] {
        &self.attributes
    }

    /// The bytes that owned values and keys refer to by offset and length.
    #[must_use]
    pub fn owned(&self) -> &[u8] {
        &self.owned
    }
}

/// Changes one subject.
#[derive(Debug)]
pub struct Patch<'a> {
    arena: &'a [u8],
    lists: &'a mut Patches,
    record: abi::Patch,
}

impl<'a> Patch<'a> {
    #[inline]
    pub(super) fn new(arena: &'a [u8], lists: &'a mut Patches, subject: u32) -> Self {
        Self { arena, lists, record: abi::Patch { subject, ..abi::Patch::default() } }
    }

    #[inline]
    pub(super) fn finish(mut self, action: Action) {
        self.record.action = action as u8;
        let abi::Patch { action, status, fields, attributes, .. } = self.record;
        if (action, status, fields, attributes) != (0, 0, 0, 0) {
            self.lists.patches.push(self.record);
        }
    }

    /// Replaces what the field held; an empty text removes it. Free of copies when the text is a piece of the subject; a copy is cut
    /// at [`TEXT_LIMIT`].
    pub fn text(&mut self, field: Field, text: impl AsRef<[u8]>) -> &mut Self {
        let value = text::place(self.arena, &mut self.lists.owned, text.as_ref());
        self.push(field, value)
    }

    /// Replaces what the field held with a number.
    pub fn number(&mut self, field: Field, number: i64) -> &mut Self {
        self.push(field, text::number(number))
    }

    /// Adds a trace id. The first of a session is its `trace_id`; the next ones, and the one that was there before, go on as attributes
    /// `trace_id_2`, `trace_id_3`, ...
    pub fn trace_id(&mut self, id: impl AsRef<[u8]>) -> &mut Self {
        self.text(Field::TraceId, id)
    }

    /// Removes a field.
    pub fn remove(&mut self, field: Field) -> &mut Self {
        self.text(field, "")
    }

    /// Sets an attribute, or replaces the one with this key; an empty text removes it.
    pub fn attribute(&mut self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> &mut Self {
        let value = text::place(self.arena, &mut self.lists.owned, value.as_ref());
        self.push_attribute(key.as_ref(), value)
    }

    /// The same with a number.
    pub fn attribute_number(&mut self, key: impl AsRef<[u8]>, number: i64) -> &mut Self {
        self.push_attribute(key.as_ref(), text::number(number))
    }

    /// Removes an attribute.
    pub fn remove_attribute(&mut self, key: impl AsRef<[u8]>) -> &mut Self {
        self.attribute(key, "")
    }

    /// Sets how it went; [`Status::None`] leaves it.
    pub fn status(&mut self, status: Status) -> &mut Self {
        self.record.status = status as u8;
        self
    }

    fn push(&mut self, field: Field, value: abi::Value) -> &mut Self {
        if self.record.fields < u16::MAX {
            self.lists.fields.push(abi::Field { name: field as u8, value, ..abi::Field::default() });
            self.record.fields += 1;
        }
        self
    }

    fn push_attribute(&mut self, key: &[u8], value: abi::Value) -> &mut Self {
        if self.record.attributes < u16::MAX {
            let key = text::own(&mut self.lists.owned, text::cut(key, TEXT_LIMIT));
            let (key, key_length) = (key.bits as u32, (key.bits >> 32) as u32);
            self.lists.attributes.push(abi::Attribute { key, key_length, value });
            self.record.attributes += 1;
        }
        self
    }
}
