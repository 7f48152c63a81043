//! Takes: the text of a path, `order.items[].id`. Gives: its parts. Does not know whether there is such a field.

use crate::plan::{Key, Pick};
use crate::wire::NUMBER_LIMIT;

/// Messages inside of messages; Protobuf's own parsers stop at 100, nobody writes a path of more than this.
pub(crate) const PARTS: usize = 16;

/// Which field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FieldRef {
    Name(String),
    Number(u32),
}

/// A field, and which of its occurrences when the path says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) field: FieldRef,
    pub(crate) pick: Option<Pick>,
}

/// Reads a path.
pub(crate) fn parse(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let field = field(name, text)?;
        let (pick, behind) = pick(behind, text)?;
        parts.push(Part { field, pick });
        if parts.len() > PARTS {
            return Err(format!("`{text}` has more than {PARTS} parts"));
        }
        match behind.strip_prefix('.') {
            Some(next) => rest = next,
            None if behind.is_empty() => return Ok(parts),
            None => return Err(format!("`{text}`: a dot is missing before `{behind}`")),
        }
    }
}

fn field(name: &str, path: &str) -> Result<FieldRef, String> {
    if name.is_empty() {
        return Err(format!("`{path}` has an empty part"));
    }
    if name.bytes().all(|b| b.is_ascii_digit()) {
        let number = name.parse().ok().filter(|n| (1..=NUMBER_LIMIT).contains(n));
        return number
            .map(FieldRef::Number)
            .ok_or_else(|| format!("`{path}`: numbers go from 1 to {NUMBER_LIMIT}, not {name}"));
    }
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if is_name && !name.starts_with(|c: char| c.is_ascii_digit()) {
        Ok(FieldRef::Name(name.to_owned()))
    } else {
        Err(format!("`{path}`: `{name}` is neither a field's name nor its number"))
    }
}

/// `[]`, `[first]`, `[last]`, `[key]`, `["any key"]`.
fn pick<'a>(text: &'a str, path: &str) -> Result<(Option<Pick>, &'a str), String> {
    let Some(inner) = text.strip_prefix('[') else { return Ok((None, text)) };
    if let Some(quoted) = inner.strip_prefix('"') {
        let (key, behind) =
            quoted.split_once("\"]").ok_or_else(|| format!("`{path}`: a quoted key ends with `\"]`"))?;
        return Ok((Some(Pick::Key(Key::new(key))), behind));
    }
    let (inner, behind) = inner.split_once(']').ok_or_else(|| format!("`{path}`: `]` is missing"))?;
    let pick = match inner {
        "" => Pick::All,
        "first" => Pick::First,
        "last" => Pick::Last,
        key => Pick::Key(Key::new(key)),
    };
    Ok((Some(pick), behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str, pick: Option<Pick>) -> Part {
        Part { field: FieldRef::Name(name.to_owned()), pick }
    }

    fn number(number: u32, pick: Option<Pick>) -> Part {
        Part { field: FieldRef::Number(number), pick }
    }

    #[test]
    fn every_form() {
        let key = |text| Some(Pick::Key(Key::new(text)));
        for (text, parts) in [
            ("business_id", vec![name("business_id", None)]),
            ("1235", vec![number(1235, None)]),
            ("3.2", vec![number(3, None), number(2, None)]),
            ("a[].b[last]", vec![name("a", Some(Pick::All)), name("b", Some(Pick::Last))]),
            ("3[first]._x", vec![number(3, Some(Pick::First)), name("_x", None)]),
            ("labels[tenant]", vec![name("labels", key("tenant"))]),
            ("labels[\"a.b]\"].c", vec![name("labels", key("a.b]")), name("c", None)]),
            ("labels[\"last\"]", vec![name("labels", key("last"))]),
        ] {
            assert_eq!(parse(text), Ok(parts), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, part) in [
            ("", "empty part"),
            ("a..b", "empty part"),
            (".a", "empty part"),
            ("a.", "empty part"),
            ("0", "from 1 to 536870911"),
            ("536870912", "from 1 to 536870911"),
            ("99999999999999999999", "from 1 to 536870911"),
            ("1a", "neither"),
            ("a-b", "neither"),
            ("größe", "neither"),
            ("a[", "`]` is missing"),
            ("a[]b", "a dot is missing before `b`"),
            ("a[\"b]", "ends with"),
            ("1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1", "more than 16"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
