//! Takes: what the configuration gives: text of `.proto` files, or a descriptor set. Gives: a schema, or what is wrong.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

use super::{Schema, build, well_known};

/// Text of all `.proto` files together. Taking text apart costs a quarter of a microsecond a byte; the call that reads the
/// configuration may take 0.8 s, also on a busy machine.
const TEXT_BYTES: usize = 1 << 20;
/// A descriptor set has no text to take apart: it costs a quarter of that.
const SET_BYTES: usize = 3 << 20;
/// Brackets in brackets: the parser of `.proto` text is recursive, and so is an operator's file not.
const DEPTH: usize = 64;

/// Reads `.proto` files; they are numbered from 1 in what is said of them.
pub(crate) fn from_text(files: &[String]) -> Result<Schema, String> {
    if files.iter().map(String::len).sum::<usize>() > TEXT_BYTES {
        return Err(format!(
            "more than {TEXT_BYTES} bytes of text; give the files that the rules need, or a descriptor set"
        ));
    }
    let parsed = files.iter().enumerate().map(|(index, text)| parse(index + 1, text));
    Ok(complete(parsed.collect::<Result<_, _>>()?))
}

/// Reads a binary `FileDescriptorSet`, or base64 of it.
pub(crate) fn from_descriptor_set(text: &str) -> Result<Schema, String> {
    if text.len() > SET_BYTES.div_ceil(3) * 4 {
        return Err(format!("more than {SET_BYTES} bytes; describe the files that the rules need"));
    }
    // Its first byte is the tag of field 1, a line feed: base64 never begins so.
    let bytes = if text.starts_with('\n') {
        text.as_bytes().to_vec()
    } else {
        BASE64.decode(text.trim_end()).map_err(|_| "neither a FileDescriptorSet nor base64 of one")?
    };
    let set = FileDescriptorSet::decode(bytes.as_slice())
        .map_err(|error| format!("no FileDescriptorSet: {error}"))?;
    if set.file.is_empty() {
        return Err("holds no file".to_owned());
    }
    Ok(complete(set.file))
}

fn parse(index: usize, text: &str) -> Result<FileDescriptorProto, String> {
    if let Some(line) = too_deep(text) {
        return Err(format!("file {index} line {line}: brackets in more than {DEPTH} brackets"));
    }
    protox_parse::parse("", text).map_err(|error| {
        let line = error.span().map(|span| format!(" line {}", line_of(text, span.start)));
        format!("file {index}{}: {error}", line.unwrap_or_default())
    })
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|b| *b == b'\n').count() + 1
}

/// Line where brackets are too deep; those in strings and comments count as well, which does no harm.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' | b'[' | b'<' | b'(' => depth += 1,
            b'}' | b']' | b'>' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH {
            return Some(line_of(text, at));
        }
    }
    None
}

/// Adds Protobuf's own types where they are imported and were not given.
fn complete(mut files: Vec<FileDescriptorProto>) -> Schema {
    let own = |name: &str| name.starts_with("google/protobuf/");
    if files.iter().any(|file| file.dependency.iter().any(|name| own(name)))
        && let Ok(known) = protox_parse::parse("", well_known::TEXT)
    {
        files.push(known);
    }
    build::schema(&files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_a_line() {
        let error = from_text(&["syntax = \"proto3\";\n\nmessage A { strin }\n".to_owned()]).unwrap_err();
        assert!(error.starts_with("file 1 line 3: "), "{error}");
        let deep = format!("message A {{\n{}", "message B {".repeat(70));
        assert!(from_text(&[String::new(), deep]).unwrap_err().starts_with("file 2 line 2: brackets"));
    }

    #[test]
    fn a_number_that_is_octal_only_at_first_has_an_error() {
        let error = from_text(&["message A { string b = 009; }".to_owned()]).unwrap_err();
        assert!(error.starts_with("file 1 line 1: "), "{error}");
    }

    #[test]
    fn too_much_is_refused() {
        assert!(from_text(&[" ".repeat(TEXT_BYTES), "  ".to_owned()]).unwrap_err().contains("more than"));
        assert!(from_descriptor_set(&"A".repeat(SET_BYTES * 2)).unwrap_err().contains("more than"));
        assert!(from_descriptor_set("no base64!").unwrap_err().contains("neither"));
        assert!(from_descriptor_set("").unwrap_err().contains("holds no file"));
        assert!(from_descriptor_set("////").unwrap_err().contains("no FileDescriptorSet"));
    }
}
