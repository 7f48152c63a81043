//! Takes: the plugin's configuration values as texts. Gives: schema, rules and limits, and what is wrong with them.

use serde_json::Value;

use crate::rules::{self, Rules};
use crate::schema::{self, Schema};

/// Bytes of a payload that are looked at: ids stand at the front of messages.
const BODY_LIMIT: u32 = 64 << 10;
/// The host's own limit.
const BODY_LIMIT_MOST: u32 = 1 << 20;

/// The values, as the host gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) rules: Option<String>,
    pub(crate) proto: Option<String>,
    pub(crate) descriptor_set: Option<String>,
    pub(crate) body_limit: Option<String>,
}

impl Settings {
    pub(crate) fn read(value: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            rules: value("rules"),
            proto: value("proto"),
            descriptor_set: value("descriptor-set"),
            body_limit: value("body-limit"),
        }
    }

    pub(crate) fn rules(&self) -> Rules {
        self.rules.as_deref().map(rules::parse).unwrap_or_default()
    }

    /// Of both sources the descriptor set counts.
    pub(crate) fn schema(&self) -> (Schema, Vec<String>) {
        let read = match (&self.descriptor_set, &self.proto) {
            (Some(set), _) => {
                schema::from_descriptor_set(set).map_err(|error| format!("descriptor-set: {error}"))
            }
            (None, Some(text)) => files(text)
                .and_then(|files| schema::from_text(&files))
                .map_err(|error| format!("proto: {error}")),
            (None, None) => return (Schema::default(), Vec::new()),
        };
        let mut problems = Vec::new();
        if self.descriptor_set.is_some() && self.proto.is_some() {
            problems.push("proto: not read, since there is a descriptor-set".to_owned());
        }
        let schema = read.unwrap_or_else(|problem| {
            problems.push(problem);
            Schema::default()
        });
        (schema, problems)
    }

    /// In bytes, or what is wrong with it.
    pub(crate) fn body_limit(&self) -> (u32, Option<String>) {
        let Some(text) = &self.body_limit else { return (BODY_LIMIT, None) };
        match size(text) {
            Some(size @ 1..=BODY_LIMIT_MOST) => (size, None),
            Some(0) | None => (BODY_LIMIT, Some(format!("body-limit: `{text}` is no size like `64KiB`"))),
            Some(_) => {
                (BODY_LIMIT_MOST, Some(format!("body-limit: `{text}` is more than 1MiB, which is taken")))
            }
        }
    }
}

/// One file, or a list of them.
fn files(text: &str) -> Result<Vec<String>, String> {
    if !text.trim_start().starts_with('[') {
        return Ok(vec![text.to_owned()]);
    }
    match serde_json::from_str(text) {
        Ok(Value::Array(files)) => files
            .into_iter()
            .map(|file| match file {
                Value::String(text) => Ok(text),
                _ => Err("the list holds what is not a text".to_owned()),
            })
            .collect(),
        Ok(_) => Err("not a list".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn size(text: &str) -> Option<u32> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let factor: u64 = match unit.trim() {
        "" | "B" => 1,
        "KB" => 1000,
        "KiB" => 1 << 10,
        "MB" => 1_000_000,
        "MiB" => 1 << 20,
        _ => return None,
    };
    let bytes = number.parse::<u64>().ok()?.saturating_mul(factor);
    Some(u32::try_from(bytes).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let limit =
            |text: &str| Settings { body_limit: Some(text.to_owned()), ..Settings::default() }.body_limit();
        assert_eq!(Settings::default().body_limit(), (65_536, None));
        for (text, bytes) in [("1", 1), ("2KiB", 2048), ("3 KB", 3000), ("1MiB", 1 << 20), ("1MB", 1_000_000)]
        {
            assert_eq!(limit(text), (bytes, None), "{text}");
        }
        for (text, bytes) in [("0", 65_536), ("x", 65_536), ("1GiB", 65_536), ("2MiB", 1 << 20), ("", 65_536)]
        {
            let (taken, problem) = limit(text);
            assert_eq!((taken, problem.is_some()), (bytes, true), "{text}");
        }
        assert_eq!(limit("99999999999999MiB").0, 1 << 20);
    }
}
