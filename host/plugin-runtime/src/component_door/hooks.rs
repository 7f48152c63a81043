//! Hooks of components. Takes: subjects. Gives: checked patches.

use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};
use weir_pipeline::decode::Transport;
use weir_pipeline::hooks::hook::{
    Action, HookKind, Interest, Patch, Patches, SessionType, Slice, Status, Subject, Subjects,
};
use weir_pipeline::parse::outcome::{FieldName, Value};
use weir_pipeline::parse::parser::PluginFault;

use super::ComponentDoor;
use super::bindings::exports::weir::plugin::{http_hook, message_hook, session_hook};
use super::bindings::weir::plugin::{hooks, types};
use super::convert;
use crate::checks::{Checks, Lie};
use crate::fault;
use crate::guest::HostState;

/// Which hooks a component exports.
#[derive(Clone)]
pub(super) struct HookIndices {
    http: Option<http_hook::GuestIndices>,
    message: Option<message_hook::GuestIndices>,
    session: Option<session_hook::GuestIndices>,
}

impl HookIndices {
    /// `exports` tells whether an interface is there; its types must be right then.
    pub(super) fn new(
        pre: &InstancePre<HostState>,
        exports: impl Fn(&str) -> bool,
    ) -> wasmtime::Result<Self> {
        let there = |name: &str| exports(&format!("weir:plugin/{name}@0.1.0")).then_some(());
        Ok(Self {
            http: there("http-hook").map(|()| http_hook::GuestIndices::new(pre)).transpose()?,
            message: there("message-hook").map(|()| message_hook::GuestIndices::new(pre)).transpose()?,
            session: there("session-hook").map(|()| session_hook::GuestIndices::new(pre)).transpose()?,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.http.is_none() && self.message.is_none() && self.session.is_none()
    }

    pub(super) fn load(&self, store: &mut Store<HostState>, instance: &Instance) -> wasmtime::Result<Hooks> {
        Ok(Hooks {
            http: self.http.as_ref().map(|hook| hook.load(&mut *store, instance)).transpose()?,
            message: self.message.as_ref().map(|hook| hook.load(&mut *store, instance)).transpose()?,
            session: self.session.as_ref().map(|hook| hook.load(&mut *store, instance)).transpose()?,
            ..Hooks::default()
        })
    }
}

/// The hooks of one instance, and lists that are used again.
#[derive(Default)]
pub(super) struct Hooks {
    http: Option<http_hook::Guest>,
    message: Option<message_hook::Guest>,
    session: Option<session_hook::Guest>,
    subjects: Vec<hooks::Subject>,
    fields: Vec<types::Field>,
    attributes: Vec<hooks::KnownAttribute>,
}

impl ComponentDoor {
    /// What a hook wants to be shown; none: there is no such hook.
    pub(crate) fn interest(
        &self,
        store: &mut Store<HostState>,
        kind: HookKind,
    ) -> Result<Option<Interest>, PluginFault> {
        let hooks = &self.hooks;
        let answer = match kind {
            HookKind::Http => hooks.http.as_ref().map(|hook| hook.call_wanted(&mut *store)),
            HookKind::Message => hooks.message.as_ref().map(|hook| hook.call_wanted(&mut *store)),
            HookKind::Session => hooks.session.as_ref().map(|hook| hook.call_wanted(&mut *store)),
        };
        match answer {
            None => Ok(None),
            Some(Ok(interest)) => interest_out(interest).map(Some),
            Some(Err(error)) => Err(fault::of_call(&error, store.data(), "wanted")),
        }
    }

    /// Fills `patches`; what stands there after a fault is of no use.
    pub(crate) fn observe(
        &mut self,
        store: &mut Store<HostState>,
        kind: HookKind,
        shown: &Subjects,
        patches: &mut Patches,
        mut checks: Checks<'_>,
    ) -> Result<(), PluginFault> {
        let Hooks { http, message, session, subjects, fields, attributes } = &mut self.hooks;
        fill(subjects, shown.subjects.iter().map(subject));
        fill(fields, shown.fields.iter().map(field));
        fill(attributes, shown.attributes.iter().map(known_attribute));
        let arena = &shown.arena;
        let answer = match kind {
            HookKind::Http => {
                http.as_ref().map(|hook| hook.call_observe(&mut *store, arena, subjects, fields, attributes))
            }
            HookKind::Message => message
                .as_ref()
                .map(|hook| hook.call_observe(&mut *store, arena, subjects, fields, attributes)),
            HookKind::Session => session
                .as_ref()
                .map(|hook| hook.call_observe(&mut *store, arena, subjects, fields, attributes)),
        };
        match answer {
            None => Ok(()),
            Some(Ok(answer)) => {
                let (p, f, a) = (answer.patches.len(), answer.fields.len(), answer.attributes.len());
                checks.hook_lengths(p, f, a, shown.subjects.len())?;
                lists(&answer, shown.subjects.len(), &mut checks, patches).map_err(|lie| lie.fault("observe"))
            }
            Some(Err(error)) => Err(fault::of_call(&error, store.data(), "observe")),
        }
    }
}

fn fill<T>(list: &mut Vec<T>, items: impl Iterator<Item = T>) {
    list.clear();
    list.extend(items);
}

fn interest_out(interest: hooks::Interest) -> Result<Interest, PluginFault> {
    let hooks::Interest { protocols, requests, responses, head, body_limit, required } = interest;
    convert::check_texts(protocols.iter().map(String::len), [protocols.len()].into_iter())?;
    let protocols = protocols.into_iter().map(String::into_boxed_str).collect();
    Ok(Interest { protocols, requests, responses, head, body_limit, required })
}

fn slice(slice: Slice) -> types::Slice {
    types::Slice { offset: slice.offset, length: slice.length }
}

fn subject(subject: &Subject) -> hooks::Subject {
    hooks::Subject {
        protocol: slice(subject.protocol),
        client: convert::endpoint(subject.client),
        server: convert::endpoint(subject.server),
        flow_id: subject.flow_id,
        time: subject.time,
        duration: subject.duration,
        head: slice(subject.head),
        body: slice(subject.body),
        fields: subject.fields,
        attributes: subject.attributes,
        transport: match subject.transport {
            Transport::Tcp => types::Transport::Tcp,
            Transport::Udp => types::Transport::Udp,
        },
        direction: convert::direction_in(subject.direction),
        status: match subject.status {
            Status::Unknown => hooks::SessionStatus::Unknown,
            Status::Ok => hooks::SessionStatus::Ok,
            Status::ClientError => hooks::SessionStatus::ClientError,
            Status::ServerError => hooks::SessionStatus::ServerError,
            Status::Timeout => hooks::SessionStatus::Timeout,
        },
        session_type: match subject.session_type {
            SessionType::Session => hooks::SessionType::Session,
            SessionType::Request => hooks::SessionType::Request,
            SessionType::Response => hooks::SessionType::Response,
        },
        cut: subject.cut,
    }
}

/// What the host gives is a slice or a number.
fn value_in(value: Value) -> types::Value {
    match value {
        Value::Number(number) => types::Value::Number(number),
        Value::Slice { offset, length } | Value::Owned { offset, length } => {
            types::Value::Slice(types::Slice { offset, length })
        }
    }
}

fn field((name, value): &(FieldName, Value)) -> types::Field {
    types::Field { name: convert::field_name_in(*name), value: value_in(*value) }
}

fn known_attribute((key, value): &(Slice, Value)) -> hooks::KnownAttribute {
    hooks::KnownAttribute { key: slice(*key), value: value_in(*value) }
}

fn lists(
    answer: &hooks::Patches,
    subjects: usize,
    checks: &mut Checks<'_>,
    into: &mut Patches,
) -> Result<(), Lie> {
    for patch in &answer.patches {
        let patch = Patch {
            subject: patch.subject,
            action: match patch.action {
                hooks::Action::Next => Action::Next,
                hooks::Action::Stop => Action::Stop,
                hooks::Action::Drop => Action::Drop,
            },
            status: convert::status_out(patch.status),
            fields: patch.fields,
            attributes: patch.attributes,
        };
        checks.patch(&patch, subjects)?;
        into.patches.push(patch);
    }
    checks.claims(answer.fields.len(), answer.attributes.len(), 0)?;
    convert::fields(&answer.fields, checks, &mut into.owned, &mut into.fields)?;
    convert::attributes(&answer.attributes, checks, &mut into.owned, &mut into.attributes)
}
