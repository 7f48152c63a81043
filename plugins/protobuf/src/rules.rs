//! Takes: the configuration value `rules`, JSON text. Gives: rules, and what is wrong with the others. Knows no schema.

mod pattern;
mod target;

use serde_json::{Map, Value};

use crate::kind::{KINDS, Kind};
use crate::path::{self, Part};

pub(crate) use pattern::Pattern;
pub(crate) use target::Target;

/// A payload is held against each once; who needs more should send the traces.
const RULES: usize = 256;
const KEYS: [&str; 9] = ["method", "http", "protocol", "topic", "message", "type", "field", "as", "to"];
/// Protocols that have built-in parsers or will; others are taken as they are written.
const PROTOCOLS: [&str; 15] = [
    "HTTP", "HTTP2", "gRPC", "Triple", "Dubbo", "Kafka", "MQTT", "NATS", "AMQP", "Pulsar", "RocketMQ",
    "ZMTP", "SofaRPC", "Redis", "bRPC",
];

/// Whose payloads a rule reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Protocols {
    /// gRPC and Triple.
    Rpc,
    /// HTTP and HTTP2.
    Http,
    Named(String),
}

impl Protocols {
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let names: &[&str] = match self {
            Self::Rpc => &["gRPC", "Triple"],
            Self::Http => &["HTTP", "HTTP2"],
            Self::Named(_) => &[],
        };
        let own = if let Self::Named(name) = self { Some(name.as_str()) } else { None };
        names.iter().copied().chain(own)
    }

    pub(crate) fn holds(&self, protocol: &[u8]) -> bool {
        self.names().any(|name| name.as_bytes() == protocol)
    }
}

/// Reads one value of a message into fields of the request log.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// From 1.
    pub(crate) index: usize,
    pub(crate) protocols: Protocols,
    /// Held against `request_resource`: without its first slash (methods), without its query (HTTP).
    pub(crate) resource: Pattern,
    /// The resource is a method, `package.Service/Method`.
    pub(crate) is_method: bool,
    pub(crate) requests: bool,
    pub(crate) responses: bool,
    pub(crate) type_name: Option<String>,
    pub(crate) path_text: String,
    pub(crate) path: Vec<Part>,
    pub(crate) kind: Option<Kind>,
    pub(crate) to: Vec<Target>,
}

/// All rules that can be used, and a line for each other one.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    pub(crate) rules: Vec<Rule>,
    pub(crate) problems: Vec<String>,
}

/// Reads the list.
pub(crate) fn parse(json: &str) -> Rules {
    let list = match serde_json::from_str(json) {
        Ok(Value::Array(list)) => list,
        Ok(one @ Value::Object(_)) => vec![one],
        Ok(_) => return failed("rules: not a list of rules".to_owned()),
        Err(error) => return failed(format!("rules: {error}")),
    };
    let mut all = Rules::default();
    if list.len() > RULES {
        all.problems.push(format!("rules: there are {}, those behind {RULES} are left out", list.len()));
    }
    for (index, value) in list.iter().take(RULES).enumerate() {
        match rule(index + 1, value) {
            Ok(rule) => all.rules.push(rule),
            Err(problem) => all.problems.push(format!("rule {}: {problem}", index + 1)),
        }
    }
    all
}

fn failed(problem: String) -> Rules {
    Rules { rules: Vec::new(), problems: vec![problem] }
}

fn rule(index: usize, value: &Value) -> Result<Rule, String> {
    let Value::Object(map) = value else { return Err("not a map of keys".to_owned()) };
    for key in map.keys() {
        if !KEYS.contains(&key.as_str()) {
            return Err(format!("unknown key `{key}`{}", hint(key, KEYS)));
        }
    }
    let (protocols, resource, is_method) = selector(map)?;
    let (requests, responses) = directions(map)?;
    let path_text = path_text(map)?;
    Ok(Rule {
        index,
        protocols,
        resource: Pattern::new(resource),
        is_method,
        requests,
        responses,
        type_name: text(map, "type")?.map(str::to_owned),
        path: path::parse(&path_text).map_err(|error| format!("field {error}"))?,
        path_text,
        kind: kind(map)?,
        to: targets(map)?,
    })
}

fn selector(map: &Map<String, Value>) -> Result<(Protocols, &str, bool), String> {
    let [method, http, protocol, topic] =
        [text(map, "method")?, text(map, "http")?, text(map, "protocol")?, text(map, "topic")?];
    match (method, http, protocol, topic) {
        (Some(method), None, protocol, None) => {
            let protocols = protocol.map_or(Protocols::Rpc, named);
            Ok((protocols, method.strip_prefix('/').unwrap_or(method), true))
        }
        (None, Some(http), None, None) => Ok((Protocols::Http, http, false)),
        (None, None, Some(protocol), topic) => Ok((named(protocol), topic.unwrap_or("*"), false)),
        (None, None, None, None) => {
            Err("whose messages? one of `method`, `http`, `protocol` is missing".to_owned())
        }
        _ => Err("`method`, `http` and `topic` exclude each other; `topic` needs `protocol`".to_owned()),
    }
}

fn named(name: &str) -> Protocols {
    let known = PROTOCOLS.iter().find(|known| known.eq_ignore_ascii_case(name));
    Protocols::Named((*known.unwrap_or(&name)).to_owned())
}

fn directions(map: &Map<String, Value>) -> Result<(bool, bool), String> {
    match text(map, "message")?.unwrap_or("both") {
        "request" => Ok((true, false)),
        "response" => Ok((false, true)),
        "both" => Ok((true, true)),
        other => Err(format!("`message: {other}`; it is `request`, `response` or `both`")),
    }
}

fn path_text(map: &Map<String, Value>) -> Result<String, String> {
    match map.get("field") {
        None => Err("`field` is missing".to_owned()),
        Some(Value::String(path)) => Ok(path.clone()),
        Some(Value::Number(number)) if number.is_u64() => Ok(number.to_string()),
        // 3.10 and 3.1 are one number and two paths.
        Some(Value::Number(number)) => Err(format!("`field: {number}` is a number; put the path in quotes")),
        Some(_) => Err("`field` is not a text".to_owned()),
    }
}

fn kind(map: &Map<String, Value>) -> Result<Option<Kind>, String> {
    let Some(name) = text(map, "as")? else { return Ok(None) };
    let found = KINDS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
    let names = || KINDS.iter().map(|(name, _)| *name);
    found.map(Some).ok_or_else(|| format!("`as: {name}` is no type{}", hint(name, names())))
}

fn targets(map: &Map<String, Value>) -> Result<Vec<Target>, String> {
    let names: Vec<&str> = match map.get("to") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) if !names.is_empty() => names
            .iter()
            .map(|name| name.as_str().ok_or("`to` holds what is not a text"))
            .collect::<Result<_, _>>()?,
        None => return Err("`to` is missing".to_owned()),
        Some(_) => return Err("`to` is neither a text nor a list of texts".to_owned()),
    };
    names.into_iter().map(Target::parse).collect()
}

fn text<'a>(map: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, String> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => Err(format!("`{key}` is not a text")),
    }
}

/// Names what may have been meant.
pub(crate) fn hint<'a>(name: &str, valid: impl IntoIterator<Item = &'a str>) -> String {
    let near = valid.into_iter().map(|valid| (strsim::damerau_levenshtein(name, valid), valid));
    match near.min() {
        Some((_, nearest)) => format!("; the nearest valid name is `{nearest}`"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests;
