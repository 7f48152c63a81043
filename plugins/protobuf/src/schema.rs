//! Takes: descriptors of `.proto` files. Gives: small tables of messages, enums and methods by name.
//!
//! What a file imports need not be there: its types are then unknown, and fields of them are reached by number.

mod build;
mod source;
pub(crate) mod well_known;

use std::collections::HashMap;

use crate::kind::Kind;

pub(crate) use source::{from_descriptor_set, from_text};

/// All types of all files that were given.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    messages: Vec<Message>,
    enums: Vec<Enum>,
    /// By full name, without the leading dot.
    types: HashMap<String, Type>,
    /// By `package.Service/Method`.
    methods: HashMap<String, Method>,
}

/// Index of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Message(usize),
    Enum(usize),
}

/// A message type.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
    /// The entry of a map: 1 is the key, 2 the value.
    pub(crate) is_entry: bool,
}

/// A field of a message type.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) number: u32,
    pub(crate) repeated: bool,
    pub(crate) shape: Shape,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Scalar(Kind),
    Enum(usize),
    Message(usize),
    /// A type that is in no file.
    Missing(String),
}

/// An enum type.
#[derive(Debug)]
pub(crate) struct Enum {
    values: Vec<(i32, String)>,
}

impl Enum {
    /// The first name of a number; aliases come later.
    pub(crate) fn name(&self, number: i32) -> Option<&str> {
        self.values.iter().find(|(n, _)| *n == number).map(|(_, name)| name.as_str())
    }
}

/// Message types of a method; `None` where they are in no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Method {
    pub(crate) request: Option<usize>,
    pub(crate) response: Option<usize>,
}

impl Schema {
    pub(crate) fn is_empty(&self) -> bool {
        self.types.is_empty() && self.methods.is_empty()
    }

    pub(crate) fn message(&self, index: usize) -> Option<&Message> {
        self.messages.get(index)
    }

    pub(crate) fn names_of(&self, index: usize) -> Option<&Enum> {
        self.enums.get(index)
    }

    /// The message type of that full name.
    pub(crate) fn message_named(&self, name: &str) -> Option<usize> {
        match self.types.get(name.strip_prefix('.').unwrap_or(name)) {
            Some(Type::Message(index)) => Some(*index),
            _ => None,
        }
    }

    /// Of a path as gRPC has it, `package.Service/Method`; what stands before (a proxy's prefix) is passed over.
    pub(crate) fn method(&self, path: &str) -> Option<Method> {
        let (front, method) = path.rsplit_once('/')?;
        let service = front.rsplit_once('/').map_or(front, |(_, service)| service);
        let start = path.len() - method.len() - 1 - service.len();
        self.methods.get(path.get(start..)?).copied()
    }

    pub(crate) fn method_names(&self) -> impl Iterator<Item = &str> {
        self.methods.keys().map(String::as_str)
    }

    pub(crate) fn message_names(&self) -> impl Iterator<Item = &str> {
        self.messages.iter().filter(|message| !message.is_entry).map(|message| message.name.as_str())
    }
}

impl Message {
    pub(crate) fn by_name(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub(crate) fn by_number(&self, number: u32) -> Option<&Field> {
        self.fields.iter().find(|field| field.number == number)
    }
}

#[cfg(test)]
mod tests;
