//! Takes: a configuration, then one payload after the other. Gives: values and where they go.

mod check;
mod memory;
mod plans;

use weir_plugin_sdk::hook::Interest;
use weir_plugin_sdk::host;
use weir_plugin_sdk::prelude::{Direction, Field, FieldValue, Patch, Subject};

use crate::kind::{Text, Writer};
use crate::rules::{Protocols, Rule, Target};
use crate::schema::Schema;
use crate::settings::Settings;
use crate::walk::{Ended, Found};

use memory::{Memory, Told};
use plans::Plans;

/// Everything that one instance keeps. Nothing in it is allocated for a payload once a method is known.
#[derive(Debug)]
pub(crate) struct Engine {
    schema: Schema,
    rules: Vec<Rule>,
    plans: Plans,
    found: Found,
    /// Values that had to be written.
    out: String,
    memory: Memory,
}

impl Engine {
    /// An engine with all rules that can be used, and a line for each other one.
    pub(crate) fn new(settings: &Settings) -> (Self, Vec<String>) {
        let (schema, mut problems) = settings.schema();
        let mut rules = settings.rules();
        problems.append(&mut rules.problems);
        let rules = check::usable(rules.rules, &schema, &mut problems);
        let engine = Self {
            schema,
            rules,
            plans: Plans::default(),
            found: Found::default(),
            out: String::new(),
            memory: Memory::default(),
        };
        (engine, problems)
    }

    /// What the rules need to be shown.
    pub(crate) fn interest(&self, body_limit: u32) -> Interest {
        let requests = self.rules.iter().any(|rule| rule.requests);
        let responses = self.rules.iter().any(|rule| rule.responses);
        let mut interest = match (requests, responses) {
            (true, false) => Interest::requests(),
            (false, true) => Interest::responses(),
            _ => Interest::both(),
        };
        if self.rules.is_empty() {
            // None at all would be every protocol.
            return interest.protocol("none");
        }
        let mut names: Vec<&str> = self.rules.iter().flat_map(|rule| rule.protocols.names()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            interest = interest.protocol(name);
        }
        if self.rules.iter().any(|rule| rule.protocols == Protocols::Http) {
            interest = interest.head();
        }
        interest.body_limit(body_limit)
    }

    /// Reads one payload.
    pub(crate) fn message(&mut self, subject: &Subject<'_>, patch: &mut Patch<'_>) {
        let payload = subject.body();
        let protocol = subject.protocol();
        let resource = subject.text(Field::RequestResource).unwrap_or_default();
        let is_request = subject.direction() == Direction::ClientToServer;
        if payload.is_empty() || (Protocols::Http.holds(protocol) && !may_be_protobuf(subject)) {
            return;
        }
        let Some(plan) = self.plans.find(&self.rules, &self.schema, protocol, is_request, resource) else {
            return;
        };
        if self.found.read(&plan.tree, payload, subject.cut()) == Ended::Malformed {
            host::count("malformed_payloads", 1);
            return;
        }
        self.memory.turn_to(subject.flow_id(), request_id(subject), is_request);
        self.out.clear();
        for output in &plan.outputs {
            let names = output.names.and_then(|index| self.schema.names_of(index));
            let writer = Writer { kind: output.kind, names, pick: &output.pick, payload };
            let Some(text) = writer.write(self.found.values(output.node), &mut self.out) else { continue };
            let value = match text {
                Text::There(span) => span.of(payload),
                Text::Built(span) => span.of(self.out.as_bytes()),
            };
            let Some(rule) = self.rules.get(output.rule) else { continue };
            for target in &rule.to {
                tell(&mut self.memory, target, value, patch);
            }
        }
    }
}

/// The first value of a session counts.
fn tell(memory: &mut Memory, target: &Target, value: &[u8], patch: &mut Patch<'_>) {
    match memory.tell(target, value) {
        Told::First => {}
        Told::Before => return,
        Told::Differs => return host::count("differing_values", 1),
    }
    match target {
        Target::Field(field) => match integer(value).filter(|_| target.takes_numbers()) {
            Some(number) => patch.number(*field, number),
            None => patch.text(*field, value),
        },
        Target::Attribute(key) => patch.attribute(key, value),
    };
}

/// A number that is written the way numbers are.
fn integer(value: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(value).ok()?;
    let canonical = text == "0" || !text.trim_start_matches('-').starts_with('0');
    text.parse().ok().filter(|_| canonical && !text.starts_with('+'))
}

/// What ties the payloads of a session together, where the protocol has it.
fn request_id(subject: &Subject<'_>) -> Option<u64> {
    match subject.field(Field::RequestId)? {
        FieldValue::Number(number) => Some(number as u64),
        FieldValue::Text(text) => Some(memory::hash(text)),
    }
}

/// Senders of Protobuf name it in several ways or not at all; what names something else is that.
fn may_be_protobuf(subject: &Subject<'_>) -> bool {
    let Some(kind) = subject.header("content-type") else { return true };
    let contains = |needle: &[u8]| kind.windows(needle.len()).any(|part| part.eq_ignore_ascii_case(needle));
    contains(b"protobuf") || contains(b"octet-stream") || contains(b"x-google-proto")
}

#[cfg(test)]
mod tests;
