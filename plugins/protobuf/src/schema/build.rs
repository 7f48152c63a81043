//! Takes: file descriptors whose type names may be relative. Gives: the tables, every name resolved where it can be.

use std::collections::HashMap;

use prost_types::field_descriptor_proto::{Label, Type as Wire};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, ServiceDescriptorProto,
};

use super::{Enum, Field, Message, Method, Schema, Shape, Type};
use crate::kind::Kind;

/// Builds the tables. A name that is there twice (a file given twice) keeps its first meaning.
pub(crate) fn schema(files: &[FileDescriptorProto]) -> Schema {
    let mut schema = Schema::default();
    for file in files {
        for message in &file.message_type {
            declare(&mut schema, file.package(), message);
        }
        for values in &file.enum_type {
            declare_enum(&mut schema, file.package(), values);
        }
    }
    for file in files {
        for message in &file.message_type {
            fill(&mut schema, file.package(), message);
        }
        for service in &file.service {
            add_service(&mut schema, file.package(), service);
        }
    }
    schema
}

/// Nested messages are as deep as the text (64) or the decoder of descriptors (100) allows.
fn declare(schema: &mut Schema, scope: &str, message: &DescriptorProto) {
    let name = join(scope, message.name());
    for nested in &message.nested_type {
        declare(schema, &name, nested);
    }
    for values in &message.enum_type {
        declare_enum(schema, &name, values);
    }
    if !schema.types.contains_key(&name) {
        schema.types.insert(name.clone(), Type::Message(schema.messages.len()));
        let is_entry = message.options.as_ref().is_some_and(prost_types::MessageOptions::map_entry);
        schema.messages.push(Message { name, fields: Vec::new(), is_entry });
    }
}

fn declare_enum(schema: &mut Schema, scope: &str, values: &EnumDescriptorProto) {
    let name = join(scope, values.name());
    if schema.types.contains_key(&name) {
        return;
    }
    schema.types.insert(name, Type::Enum(schema.enums.len()));
    let values = values.value.iter().map(|value| (value.number(), value.name().to_owned()));
    schema.enums.push(Enum { values: values.collect() });
}

fn fill(schema: &mut Schema, scope: &str, message: &DescriptorProto) {
    let name = join(scope, message.name());
    for nested in &message.nested_type {
        fill(schema, &name, nested);
    }
    let fields = message.field.iter().filter_map(|f| field(&schema.types, &name, f)).collect();
    if let Some(Type::Message(index)) = schema.types.get(&name)
        && let Some(found) = schema.messages.get_mut(*index)
        && found.fields.is_empty()
    {
        found.fields = fields;
    }
}

fn field(types: &HashMap<String, Type>, scope: &str, field: &FieldDescriptorProto) -> Option<Field> {
    let number = u32::try_from(field.number()).ok()?;
    let shape = match &field.type_name {
        Some(type_name) => match resolve(types, scope, type_name) {
            Some(Type::Message(index)) => Shape::Message(index),
            Some(Type::Enum(index)) => Shape::Enum(index),
            None => Shape::Missing(type_name.clone()),
        },
        None => Shape::Scalar(kind(field.r#type())),
    };
    let repeated = field.label() == Label::Repeated;
    // The text of a group has its type's name, the field's is in lower case.
    let name = match field.r#type {
        Some(wire) if wire == Wire::Group as i32 => field.name().to_ascii_lowercase(),
        _ => field.name().to_owned(),
    };
    Some(Field { name, number, repeated, shape })
}

fn add_service(schema: &mut Schema, package: &str, service: &ServiceDescriptorProto) {
    let name = join(package, service.name());
    for method in &service.method {
        let message = |type_name: &str| match resolve(&schema.types, &name, type_name) {
            Some(Type::Message(index)) => Some(index),
            _ => None,
        };
        let types = Method { request: message(method.input_type()), response: message(method.output_type()) };
        schema.methods.entry(format!("{name}/{}", method.name())).or_insert(types);
    }
}

/// Names are looked up from the innermost scope to the outermost; one with a leading dot is complete.
fn resolve(types: &HashMap<String, Type>, scope: &str, name: &str) -> Option<Type> {
    if let Some(full) = name.strip_prefix('.') {
        return types.get(full).copied();
    }
    let mut scope = scope;
    loop {
        if let Some(found) = types.get(&join(scope, name)) {
            return Some(*found);
        }
        if scope.is_empty() {
            return None;
        }
        scope = scope.rsplit_once('.').map_or("", |(outer, _)| outer);
    }
}

fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}

fn kind(wire: Wire) -> Kind {
    match wire {
        Wire::Double => Kind::Double,
        Wire::Float => Kind::Float,
        Wire::Int64 => Kind::Int64,
        Wire::Uint64 => Kind::Uint64,
        Wire::Int32 => Kind::Int32,
        Wire::Fixed64 => Kind::Fixed64,
        Wire::Fixed32 => Kind::Fixed32,
        Wire::Bool => Kind::Bool,
        Wire::String => Kind::Text,
        Wire::Bytes => Kind::Bytes,
        Wire::Uint32 => Kind::Uint32,
        Wire::Enum => Kind::Enum,
        Wire::Sfixed32 => Kind::Sfixed32,
        Wire::Sfixed64 => Kind::Sfixed64,
        Wire::Sint32 => Kind::Sint32,
        Wire::Sint64 => Kind::Sint64,
        Wire::Group | Wire::Message => Kind::Unknown,
    }
}
