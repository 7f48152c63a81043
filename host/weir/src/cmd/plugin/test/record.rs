//! Takes: a line of JSON. Gives: a request log whose fields keep their order. Does not do: know what the fields mean, but for the
//! plugins and the time.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// A request log, or what is expected of one.
#[derive(Debug)]
pub(super) struct Record {
    /// In its file, counted from 1.
    pub(super) number: usize,
    pub(super) text: String,
    pub(super) fields: Vec<(String, Value)>,
}

struct Fields(Vec<(String, Value)>);

impl Record {
    pub(super) fn parse(number: usize, line: &str) -> Result<Self, serde_json::Error> {
        let Fields(fields) = serde_json::from_str(line)?;
        Ok(Self { number, text: line.trim().to_owned(), fields })
    }

    pub(super) fn field(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    /// A plugin whose `name@version` begins so had a hand in it.
    pub(super) fn is_of(&self, prefix: &str) -> bool {
        let plugins = self.field("plugin").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        plugins.iter().filter_map(Value::as_str).any(|plugin| plugin.starts_with(prefix))
    }

    /// As JSON, without some fields.
    pub(super) fn line(&self, left_out: &[&str]) -> String {
        let kept = self.fields.iter().filter(|(name, _)| !left_out.contains(&name.as_str()));
        let fields: Vec<String> =
            kept.map(|(name, value)| format!("{}:{value}", Value::from(name.as_str()))).collect();
        format!("{{{}}}", fields.join(","))
    }
}

/// By time, then by text: the same on every run, in whatever order they were told.
pub(super) fn sort(records: &mut [Record]) {
    let time =
        |record: &Record| record.field("start_time").and_then(Value::as_str).unwrap_or_default().to_owned();
    records.sort_by_cached_key(|record| (time(record), record.text.clone()));
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Ordered;
        impl<'de> Visitor<'de> for Ordered {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        from.deserialize_map(Ordered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_its_order_and_its_texts() {
        let line = r#"{"z":1,"a":{"k\"":"\u0007ä"},"flow_id":7,"m":[1,"x"]}"#;
        let record = Record::parse(1, line).unwrap();
        assert_eq!(record.line(&["flow_id"]), r#"{"z":1,"a":{"k\"":"\u0007ä"},"m":[1,"x"]}"#);
        assert!(Record::parse(1, "[1]").unwrap_err().to_string().contains("a JSON object"));
    }

    #[test]
    fn whose_it_is() {
        let record = Record::parse(1, r#"{"plugin":["echo-two@1.0.0"]}"#).unwrap();
        assert!(record.is_of("echo-two@") && !record.is_of("echo@"));
    }
}
