//! Takes: which session a payload is of, and values. Says: whether the session has one for that target.
//!
//! Payloads of a session come one behind the other, so one session is remembered.

use crate::rules::Target;
use weir_plugin_sdk::prelude::Field;

/// What was told of one session.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    flow: u64,
    request_id: Option<u64>,
    is_request: bool,
    /// Counts the payloads of the session.
    payload: u32,
    told: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    target: u64,
    value: u64,
    payload: u32,
}

/// What a value is to its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    First,
    /// It was told already, or an earlier rule found another one in the same payload.
    Before,
    /// An earlier payload had another one.
    Differs,
}

impl Memory {
    /// The next payload. Without an id a session has one request and one response.
    pub(crate) fn turn_to(&mut self, flow: u64, request_id: Option<u64>, is_request: bool) {
        let goes_on = request_id.is_some() || (self.is_request && !is_request);
        if self.flow == flow && self.request_id == request_id && goes_on {
            self.payload = self.payload.saturating_add(1);
        } else {
            (self.flow, self.request_id, self.payload) = (flow, request_id, 0);
            self.told.clear();
        }
        self.is_request = is_request;
    }

    pub(crate) fn tell(&mut self, target: &Target, value: &[u8]) -> Told {
        let several = *target == Target::Field(Field::TraceId);
        let (target, value) = (key(target), hash(value));
        let mut answer = Told::First;
        for entry in self.told.iter().filter(|entry| entry.target == target) {
            match (entry.value == value, entry.payload == self.payload) {
                (true, _) => return Told::Before,
                (false, true) if !several => answer = Told::Before,
                (false, true) => {}
                (false, false) => answer = Told::Differs,
            }
        }
        if answer == Told::First {
            self.told.push(Entry { target, value, payload: self.payload });
        }
        answer
    }
}

fn key(target: &Target) -> u64 {
    match target {
        Target::Field(field) => *field as u64,
        Target::Attribute(key) => hash(key.as_bytes()),
    }
}

/// FNV-1a; the texts are short, and who makes two of them equal loses his own second value.
pub(crate) fn hash(text: &[u8]) -> u64 {
    text.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
