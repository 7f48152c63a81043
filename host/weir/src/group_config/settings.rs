//! Takes: what stands under a plugin's name in `plugin-config`. Gives: its values as texts, for that is what a plugin asks for. A
//! list or mapping becomes compact JSON; `{file: PATH}` becomes what the file holds. Does not know what any value means.

use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};

use super::ConfigError;
use super::yaml::{Content, Entry, Node};

/// A file of settings: schemas of large companies have some hundred KiB.
const FILE_BYTES: u64 = 4 << 20;
/// The key that stands alone in a mapping which names a file.
pub(super) const FILE: &str = "file";

/// The value of one setting. Files are looked for from `folder` on.
pub(super) fn value(setting: &Entry, folder: &Path) -> Result<String, ConfigError> {
    match json(&setting.value, folder)? {
        // Numbers and words reach the plugin as they were written.
        _ if setting.value.is_null() => Ok(setting.value.text(&setting.key)?.text),
        Value::String(text) => Ok(text),
        other => match &setting.value.content {
            Content::Scalar { text, .. } => Ok(text.clone()),
            _ => Ok(other.to_string()),
        },
    }
}

fn json(node: &Node, folder: &Path) -> Result<Value, ConfigError> {
    Ok(match &node.content {
        Content::Scalar { .. } if node.is_null() => Value::Null,
        Content::Scalar { text, plain: true } => plain(text),
        Content::Scalar { text, .. } => Value::String(text.clone()),
        Content::Sequence(items) => {
            Value::Array(items.iter().map(|item| json(item, folder)).collect::<Result<_, _>>()?)
        }
        Content::Mapping(entries) => match entries.as_slice() {
            [only] if only.key == FILE => Value::String(file(&only.value, folder)?),
            entries => {
                let pair = |entry: &Entry| Ok((entry.key.clone(), json(&entry.value, folder)?));
                Value::Object(entries.iter().map(pair).collect::<Result<Map<_, _>, _>>()?)
            }
        },
    })
}

/// Whole numbers and truth values. Everything else stays a text: `3.20` may be a path and `1e3` a name.
fn plain(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => Value::from(number),
            _ => Value::String(text.to_owned()),
        },
    }
}

/// Text as it is, anything else in base64 (RFC 4648, section 4).
fn file(path: &Node, folder: &Path) -> Result<String, ConfigError> {
    let name = path.text(FILE)?;
    let path = folder.join(&name.text);
    let bytes = read(&path).map_err(|error| {
        ConfigError::new(name.line, format!("can not read the file {}: {error}", path.display()))
    })?;
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| BASE64.encode(error.as_bytes())))
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path)?.take(FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if read as u64 > FILE_BYTES {
        return Err(std::io::Error::other("it is larger than 4 MiB"));
    }
    Ok(bytes)
}
