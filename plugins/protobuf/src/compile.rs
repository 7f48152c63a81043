//! Takes: a path and the type of the message that it begins in. Gives: field numbers and the type of the value.
//!
//! Numbers work without a type; what lies behind a field that the type does not have, or whose own type is in no file, has none.

use crate::kind::Kind;
use crate::path::{FieldRef, Part};
use crate::plan::{Hop, Pick};
use crate::rules::hint;
use crate::schema::well_known::WRAPPERS;
use crate::schema::{Field, Message, Schema, Shape};

/// A path that can be walked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Compiled {
    /// Never empty.
    pub(crate) hops: Vec<Hop>,
    pub(crate) kind: Kind,
    /// Index of the enum whose names are written.
    pub(crate) names: Option<usize>,
}

/// What is known of the message that the next part is in.
enum At<'a> {
    Message(&'a Message),
    /// Numbers only; why there are no names.
    Untyped(String),
}

/// Compiles one path; `kind` when the rule says what the value is.
pub(crate) fn compile(
    schema: &Schema,
    message: Option<usize>,
    path: &[Part],
    kind: Option<Kind>,
) -> Result<Compiled, String> {
    let mut at = start(schema, message);
    let mut hops = Vec::with_capacity(path.len() + 1);
    let mut shape = None;
    for part in path {
        if let Some(Shape::Scalar(_) | Shape::Enum(_)) = shape {
            let Some(hop) = hops.last() else { break };
            let Hop { number, .. } = hop;
            return Err(format!("field {number} on the way has no fields: it is no message"));
        }
        let field = find(&at, &part.field)?;
        shape = hop(schema, part, field, &mut hops)?;
        at = behind(schema, shape.as_ref(), &hops);
    }
    leaf(schema, shape.as_ref(), kind, hops)
}

fn start(schema: &Schema, message: Option<usize>) -> At<'_> {
    message.and_then(|index| schema.message(index)).map_or_else(
        || {
            let why = if schema.is_empty() {
                "without `proto` or `descriptor-set` there are numbers only"
            } else {
                "the message's type is not known; say it with `type`"
            };
            At::Untyped(why.to_owned())
        },
        At::Message,
    )
}

/// The field when its message's type is known; else the number has to do.
fn find<'a>(at: &At<'a>, field: &FieldRef) -> Result<Option<&'a Field>, String> {
    match (at, field) {
        (At::Message(message), FieldRef::Name(name)) => message.by_name(name).map(Some).ok_or_else(|| {
            let names = message.fields.iter().map(|field| field.name.as_str());
            format!("{} has no field `{name}`{}", message.name, hint(name, names))
        }),
        (At::Message(message), FieldRef::Number(number)) => Ok(message.by_number(*number)),
        (At::Untyped(why), FieldRef::Name(name)) => Err(format!("`{name}` is a name, but {why}")),
        (At::Untyped(_), FieldRef::Number(_)) => Ok(None),
    }
}

fn hop(
    schema: &Schema,
    part: &Part,
    field: Option<&Field>,
    hops: &mut Vec<Hop>,
) -> Result<Option<Shape>, String> {
    let number = match (field, &part.field) {
        (Some(field), _) => field.number,
        (None, FieldRef::Number(number)) => *number,
        (None, FieldRef::Name(name)) => return Err(format!("`{name}` has no number")),
    };
    let pick = match (&part.pick, field) {
        // One that stands there once is where its only occurrence is.
        (Some(Pick::First | Pick::Last | Pick::All) | None, Some(field)) if !field.repeated => Pick::Single,
        (Some(pick), _) => pick.clone(),
        (None, _) => Pick::First,
    };
    let is_key = matches!(pick, Pick::Key(_));
    hops.push(Hop { number, pick });
    if !is_key {
        return Ok(field.map(|field| field.shape.clone()));
    }
    // The key is field 1 of the entry, what it leads to field 2.
    hops.push(Hop { number: 2, pick: Pick::Single });
    let Some(field) = field else { return Ok(None) };
    let entry = match field.shape {
        Shape::Message(index) => schema.message(index).filter(|message| message.is_entry),
        _ => None,
    };
    let value = entry.and_then(|entry| entry.by_number(2));
    value.map(|value| Some(value.shape.clone())).ok_or_else(|| format!("`{}` is no map", field.name))
}

fn behind<'a>(schema: &'a Schema, shape: Option<&Shape>, hops: &[Hop]) -> At<'a> {
    let number = hops.last().map_or(0, |hop| hop.number);
    match shape {
        Some(Shape::Message(index)) => schema
            .message(*index)
            .map_or_else(|| At::Untyped("its message is not known".to_owned()), At::Message),
        Some(Shape::Missing(name)) => At::Untyped(format!("the type {name} is in no file that was given")),
        _ => At::Untyped(format!("nothing is known of field {number} before it")),
    }
}

fn leaf(
    schema: &Schema,
    shape: Option<&Shape>,
    kind: Option<Kind>,
    mut hops: Vec<Hop>,
) -> Result<Compiled, String> {
    let (known, names) = match shape {
        Some(Shape::Scalar(scalar)) => (*scalar, None),
        Some(Shape::Enum(index)) => (Kind::Enum, Some(*index)),
        Some(Shape::Message(index)) if kind.is_none() => {
            let Some(message) = schema.message(*index) else { return Err("unknown message".to_owned()) };
            let wrapped = message.by_number(1).filter(|_| WRAPPERS.contains(&message.name.as_str()));
            match wrapped.map(|field| &field.shape) {
                Some(Shape::Scalar(scalar)) => {
                    hops.push(Hop { number: 1, pick: Pick::Single });
                    (*scalar, None)
                }
                _ => return Err(is_message(message)),
            }
        }
        _ => (Kind::Unknown, None),
    };
    Ok(Compiled { hops, kind: kind.unwrap_or(known), names })
}

fn is_message(message: &Message) -> String {
    let fields: Vec<&str> = message.fields.iter().take(5).map(|field| field.name.as_str()).collect();
    format!("leads to a message, {}; name one of its fields ({})", message.name, fields.join(", "))
}

#[cfg(test)]
mod tests;
