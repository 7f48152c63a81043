//! Asks an agent for its counters, and reads the answer as Prometheus would.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use crate::agent::Agent;
use crate::space::Space;

/// Samples by `name{label="value",...}` as they stand there, and kinds by name.
pub(crate) struct Scrape {
    pub(crate) samples: BTreeMap<String, f64>,
    pub(crate) kinds: BTreeMap<String, String>,
}

/// The address that the agent says it answers on.
pub(crate) fn address(agent: &mut Agent) -> String {
    agent.says("metrics on http://");
    let stderr = agent.stderr();
    stderr.split_once("metrics on http://").unwrap().1.split('/').next().unwrap().to_owned()
}

/// Status and body.
pub(crate) fn get(space: &Space, address: &str, path: &str) -> (u16, String) {
    let mut stream = space.inside(|| TcpStream::connect(address).unwrap());
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: */*\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect(&answer);
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
    assert_eq!(length.parse::<usize>().unwrap(), body.len());
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

pub(crate) fn scrape(space: &Space, address: &str) -> Scrape {
    let (status, body) = get(space, address, "/metrics");
    assert_eq!(status, 200);
    Scrape::read(&body)
}

impl Scrape {
    /// Reads the text format 0.0.4: every sample has its family's head before it, no name and no sample stands there twice.
    fn read(text: &str) -> Self {
        let mut scrape = Self { samples: BTreeMap::new(), kinds: BTreeMap::new() };
        let (mut family, mut helped) = (String::new(), String::new());
        assert!(text.ends_with('\n'));
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                helped = help.split_once(' ').unwrap().0.to_owned();
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert!(name == helped && ["counter", "gauge"].contains(&kind), "{line}");
                family = name.to_owned();
                assert!(scrape.kinds.insert(family.clone(), kind.to_owned()).is_none(), "{name} twice");
            } else {
                let (series, value) = line.rsplit_once(' ').expect(line);
                assert_eq!(name(series), family, "{line}");
                let value: f64 = value.parse().expect(line);
                assert!(value >= 0.0, "{line}");
                assert!(scrape.samples.insert(series.to_owned(), value).is_none(), "{line} twice");
            }
        }
        scrape
    }

    pub(crate) fn value(&self, series: &str) -> f64 {
        *self.samples.get(series).unwrap_or_else(|| panic!("{series} is missing in {:#?}", self.samples))
    }
}

/// The name of a series whose labels are well formed.
fn name(series: &str) -> &str {
    let Some((name, labels)) = series.split_once('{') else { return series };
    let mut rest = labels.strip_suffix('}').expect(series);
    while !rest.is_empty() {
        let (label, value) = rest.split_once("=\"").expect(series);
        assert!(!label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{series}");
        let (mut end, mut escaped) = (None, false);
        for (place, c) in value.char_indices() {
            match c {
                '"' if !escaped => {
                    end = Some(place);
                    break;
                }
                _ => escaped = c == '\\' && !escaped,
            }
        }
        rest = &value[end.expect(series) + 1..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    name
}
