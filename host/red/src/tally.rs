//! What is counted of a key in some time. Takes records, gives sums that can be merged.

use std::collections::VecDeque;
use std::sync::Arc;

use weir_request_log::{Field, RequestLog, Status, Value};

use crate::endpoint::cut;
use crate::histogram::Histogram;

/// Codes of responses that are told apart for a key; protocols have few that come often.
const CODES: usize = 8;

/// Failed requests that are kept of a key: as many as there is room for below a table.
pub(crate) const FAILED: usize = 8;

/// Bytes of a code, and of a failure's texts: about a line of a wide terminal.
const CODE_BYTES: usize = 24;
const TEXT_BYTES: usize = 160;

/// Sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests, answered or not.
    pub requests: u64,
    /// Those whose status is `client_error`.
    pub client_errors: u64,
    /// Those whose status is `server_error`.
    pub server_errors: u64,
    /// Those whose status is `timeout`.
    pub timeouts: u64,
    /// Of requests on the wire.
    pub request_bytes: u64,
    /// Of responses on the wire.
    pub response_bytes: u64,
}

impl Counts {
    /// Requests that failed, for whatever reason.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.client_errors + self.server_errors + self.timeouts
    }

    /// Counts a request.
    #[inline]
    pub(crate) fn count(&mut self, log: &RequestLog) {
        self.requests += 1;
        match log.status {
            Status::ClientError => self.client_errors += 1,
            Status::ServerError => self.server_errors += 1,
            Status::Timeout => self.timeouts += 1,
            Status::Ok | Status::Unknown => {}
        }
        self.request_bytes = self.request_bytes.saturating_add(log.request_length.unwrap_or(0));
        self.response_bytes = self.response_bytes.saturating_add(log.response_length.unwrap_or(0));
    }

    /// Adds all of another one.
    pub fn add(&mut self, other: &Self) {
        self.each(other, u64::saturating_add);
    }

    pub(crate) fn take_away(&mut self, other: &Self) {
        self.each(other, u64::saturating_sub);
    }

    fn each(&mut self, other: &Self, apply: impl Fn(u64, u64) -> u64) {
        self.requests = apply(self.requests, other.requests);
        self.client_errors = apply(self.client_errors, other.client_errors);
        self.server_errors = apply(self.server_errors, other.server_errors);
        self.timeouts = apply(self.timeouts, other.timeouts);
        self.request_bytes = apply(self.request_bytes, other.request_bytes);
        self.response_bytes = apply(self.response_bytes, other.response_bytes);
    }
}

/// A protocol's own code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

impl Code {
    fn of(value: Value<'_>) -> Self {
        match value {
            Value::Number(number) => Self::Number(number),
            Value::Text(text) => Self::Text(cut(text, CODE_BYTES).to_owned()),
        }
    }

    fn is(&self, value: Value<'_>) -> bool {
        match (self, value) {
            (Self::Number(own), Value::Number(number)) => *own == number,
            (Self::Text(own), Value::Text(text)) => own == cut(text, CODE_BYTES),
            _ => false,
        }
    }
}

/// How often each code came; the first few that came, and the rest together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Codes {
    pub(crate) known: Vec<(Code, u64)>,
    pub(crate) others: u64,
}

impl Codes {
    #[inline]
    fn count(&mut self, value: Value<'_>) {
        if let Some((_, count)) = self.known.iter_mut().find(|(code, _)| code.is(value)) {
            *count += 1;
        } else if self.known.len() < CODES {
            self.known.push((Code::of(value), 1));
        } else {
            self.others += 1;
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (code, count) in &other.known {
            if let Some((_, own)) = self.known.iter_mut().find(|(own, _)| own == code) {
                *own += count;
            } else if *count > 0 && self.known.len() < CODES {
                self.known.push((code.clone(), *count));
            } else {
                self.others += count;
            }
        }
        self.others += other.others;
    }

    /// Sets all counts to nothing; the codes stay, for their memory.
    fn clear(&mut self) {
        self.known.iter_mut().for_each(|(_, count)| *count = 0);
        self.others = 0;
    }
}

/// A request that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// When its record ended, nanoseconds since 1970.
    pub time: u64,
    /// How.
    pub status: Status,
    /// The text of the error, or the code where there is none; cut.
    pub text: String,
    /// What was asked for, cut.
    pub resource: String,
}

/// The last requests that failed. Its memory is used again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Failures {
    list: VecDeque<Failed>,
    /// Behind these, entries are only kept for their memory.
    used: usize,
}

impl Failures {
    fn count(&mut self, log: &RequestLog) {
        let entry = self.entry(log.end_time, log.status);
        let text = log.fields.value(Field::ResponseException).or(log.fields.value(Field::ResponseCode));
        match text {
            Some(Value::Text(text)) => entry.text.push_str(cut(text, TEXT_BYTES)),
            Some(Value::Number(code)) => {
                // Writing to memory can not fail.
                let _ = std::fmt::Write::write_fmt(&mut entry.text, format_args!("{code}"));
            }
            None => {}
        }
        let resource = log.fields.text(Field::RequestResource).unwrap_or_default();
        entry.resource.push_str(cut(resource, TEXT_BYTES));
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for failed in other.iter() {
            let entry = self.entry(failed.time, failed.status);
            entry.text.push_str(&failed.text);
            entry.resource.push_str(&failed.resource);
        }
    }

    /// Those that are there, the first one first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Failed> {
        self.list.iter().take(self.used)
    }

    /// A new entry with empty texts, in place of the oldest one when there is no more room.
    fn entry(&mut self, time: u64, status: Status) -> &mut Failed {
        let spare = if self.used >= FAILED { self.list.pop_front() } else { self.list.remove(self.used) };
        let mut failed =
            spare.unwrap_or_else(|| Failed { time, status, text: String::new(), resource: String::new() });
        failed.text.clear();
        failed.resource.clear();
        (failed.time, failed.status) = (time, status);
        self.used = (self.used + 1).min(FAILED);
        let place = self.used - 1;
        self.list.insert(place, failed);
        &mut self.list[place]
    }

    fn clear(&mut self) {
        self.used = 0;
    }
}

/// Everything of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) counts: Counts,
    pub(crate) durations: Histogram,
    pub(crate) codes: Codes,
    pub(crate) failures: Failures,
    /// Of the last record that had one.
    pub(crate) process: Option<Arc<str>>,
}

impl Tally {
    #[inline]
    pub(crate) fn count(&mut self, log: &RequestLog) {
        self.counts.count(log);
        if let Some(duration) = log.response_duration {
            self.durations.record(duration);
        }
        if let Some(code) = log.fields.value(Field::ResponseCode) {
            self.codes.count(code);
        }
        if log.process_name.is_some() && self.process != log.process_name {
            self.process.clone_from(&log.process_name);
        }
        if matches!(log.status, Status::ClientError | Status::ServerError | Status::Timeout) {
            self.failures.count(log);
        }
    }

    /// Forgets everything but the memory.
    pub(crate) fn clear(&mut self) {
        self.counts = Counts::default();
        self.durations.clear();
        self.codes.clear();
        self.failures.clear();
    }
}
