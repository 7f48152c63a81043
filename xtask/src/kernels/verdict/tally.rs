//! Requests that were made beside those that were told.
//!
//! Takes: both. Gives: how many are the same, and the others by name.

use std::collections::BTreeMap;
use std::fmt;

/// What servers and agents both tell of a request.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Request {
    /// Whose view it is; empty for a packet's.
    process: String,
    /// The server's.
    pub(super) port: u64,
    method: String,
    resource: String,
    status: String,
}

impl Request {
    pub(super) fn new(process: &str, port: u64, method: &str, resource: &str, status: &str) -> Self {
        let [process, method, resource, status] = [process, method, resource, status].map(str::to_owned);
        Self { process, port, method, resource, status }
    }

    /// The same in the view of this process.
    pub(super) fn of(&self, process: &str) -> Self {
        Self { process: process.to_owned(), ..self.clone() }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { process, port, method, resource, status } = self;
        let comma = if process.is_empty() { "" } else { ", " };
        write!(formatter, "{process}{comma}port {port}: {method} {resource} {status}")
    }
}

/// The comparison.
pub(super) struct Tally {
    pub(super) wanted: usize,
    pub(super) right: usize,
    /// `missing: ...`, `too much: ...`
    pub(super) wrong: Vec<String>,
}

impl Tally {
    pub(super) fn of(wanted: Vec<Request>, told: Vec<Request>) -> Self {
        let number = wanted.len();
        let mut counts: BTreeMap<Request, i64> = BTreeMap::new();
        wanted.into_iter().for_each(|request| *counts.entry(request).or_default() += 1);
        told.into_iter().for_each(|request| *counts.entry(request).or_default() -= 1);
        let missing: i64 = counts.values().filter(|count| **count > 0).sum();
        let wrong = counts.iter().flat_map(|(request, count)| {
            let word = if *count > 0 { "missing" } else { "too much" };
            (0..count.abs()).map(move |_| format!("{word}: {request}"))
        });
        Self { wanted: number, right: number - missing as usize, wrong: wrong.collect() }
    }
}
