//! Sections of a text, and the requests in them.
//!
//! Takes: what init.sh wrote. Gives: its sections in order; requests of nginx's log, of dnsmasq's, and of request logs.

use anyhow::{Context, Result, bail};
use serde_json::Value as Json;

use super::DNS;
use super::tally::Request;

/// A line `== NAME TITLE` and what follows it.
pub(super) struct Section<'a> {
    pub(super) title: &'a str,
    pub(super) body: &'a str,
}

/// Those that were not taken yet.
pub(super) struct Sections<'a>(&'a str);

const MARK: &str = "== ";

impl<'a> Sections<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self(text.find(MARK).map_or("", |at| &text[at..]))
    }

    /// The next one, if it has this name.
    pub(super) fn next_if(&mut self, name: &str) -> Option<Section<'a>> {
        let rest = self.0.strip_prefix(MARK)?.strip_prefix(name)?;
        let (title, rest) = rest.split_once('\n')?;
        let end = if rest.starts_with(MARK) { 0 } else { rest.find("\n== ").map_or(rest.len(), |at| at + 1) };
        let (body, rest) = rest.split_at(end);
        self.0 = rest;
        Some(Section { title: title.trim(), body })
    }

    /// The next one, which must have this name.
    pub(super) fn next_of(&mut self, name: &str) -> Result<Section<'a>> {
        let found = self.next_if(name);
        found.with_context(|| format!("the machine did not tell of {name}; what follows is: {:.200}", self.0))
    }
}

/// Of nginx's log: port, method, path, status.
pub(super) fn requests(log: &str) -> Result<Vec<Request>> {
    let request = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        let [port, method, resource, status] = words[..] else { bail!("nginx wrote: {line}") };
        Ok(Request::new("", port.parse()?, method, resource, status))
    };
    log.lines().filter(|line| !line.is_empty()).map(request).collect()
}

/// Of dnsmasq's log: `... query[TYPE] NAME from ADDRESS`. All of them have an answer without error.
pub(super) fn queries(log: &str) -> Vec<Request> {
    let query = |line: &str| {
        let (kind, rest) = line.split_once("query[")?.1.split_once("] ")?;
        Some(Request::new("", DNS, kind, rest.split(' ').next()?, "0"))
    };
    log.lines().filter_map(query).collect()
}

/// How many request logs have no address of the server.
pub(super) fn nowhere(lines: &str) -> usize {
    lines.lines().filter(|line| line.contains(r#""server_ip":"0.0.0.0""#)).count()
}

/// Of request logs.
pub(super) fn sessions(lines: &str) -> Result<Vec<Request>> {
    let session = |line: &str| {
        let log: Json = serde_json::from_str(line).with_context(|| format!("the agent wrote: {line}"))?;
        let text = |name: &str| log[name].as_str().unwrap_or_default();
        // A request without its response has no code.
        let code = log["response_code"].as_u64().map_or_else(|| "none".to_owned(), |code| code.to_string());
        let port = log["server_port"].as_u64().unwrap_or_default();
        Ok(Request::new(text("process_name"), port, text("request_type"), text("request_resource"), &code))
    };
    lines.lines().filter(|line| !line.is_empty()).map(session).collect()
}
