//! Hooks of DeepFlow's plugins over finished sessions.
//!
//! Takes: subjects of the http hook and of the message hook. Gives: patches. One call of the guest for each subject.

/// Subjects -> what `on_custom_message` is told.
mod custom;
/// HTTP/2 and gRPC messages as frames.
mod frames;
/// Subjects -> what the hooks for HTTP are told.
mod http;
/// Records -> patches.
mod merge;
/// One subject and what it says.
mod view;

use wasmtime::Store;
use weir_pipeline::hooks::hook::{Action, HookKind, Interest, Patch, Patches, Subjects};
use weir_pipeline::parse::event::Direction;
use weir_pipeline::parse::outcome::MessageStatus;
use weir_pipeline::parse::parser::PluginFault;

use super::call::{Call, Hook};
use super::context::Base;
use super::messages::within;
use super::writer::{Lists, Writer};
use super::{DeepflowDoor, HookFunction, PAYLOADS_A_DEADLINE, is_dealt_with};
use crate::fault;
use crate::guest::{self, HostState};
use custom::{CUSTOM_MESSAGES, HOOK_POINT};
use view::View;

/// `get_custom_message_hook`: this part set means every message.
const EVERYTHING: u64 = 0xffff << 48;

/// The hooks that a plugin has.
pub(super) struct Exports {
    pub(super) on_http_req: Option<HookFunction>,
    pub(super) on_http_resp: Option<HookFunction>,
    pub(super) on_custom_message: Option<HookFunction>,
    /// Protocols whose messages it wants.
    pub(super) custom_messages: Vec<Box<str>>,
}

impl Exports {
    /// The protocols that an answer of `get_custom_message_hook` means.
    pub(super) fn custom_messages(wish: u64) -> Vec<Box<str>> {
        let (point, code) = ((wish >> 32) as u16, wish as u32);
        let is_wanted = |number: u8| wish != 0 && point == HOOK_POINT && code == u32::from(number);
        let wanted = CUSTOM_MESSAGES.iter().filter(|(_, n)| wish & EVERYTHING != 0 || is_wanted(*n));
        wanted.map(|(name, _)| Box::from(*name)).collect()
    }
}

impl DeepflowDoor {
    pub(crate) fn interest(&self, kind: HookKind) -> Option<Interest> {
        let Exports { on_http_req, on_http_resp, on_custom_message, custom_messages } = &self.hooks;
        let all = Interest {
            head: true,
            body_limit: self.truncation as u32,
            requests: true,
            responses: true,
            ..Interest::default()
        };
        let (requests, responses) = (on_http_req.is_some(), on_http_resp.is_some());
        match kind {
            HookKind::Http if requests || responses => Some(Interest { requests, responses, ..all }),
            HookKind::Message if on_custom_message.is_some() && !custom_messages.is_empty() => {
                Some(Interest { protocols: custom_messages.clone(), ..all })
            }
            _ => None,
        }
    }

    /// Fills `patches`; what stands there after a fault is of no use.
    pub(crate) fn observe(
        &self,
        store: &mut Store<HostState>,
        kind: HookKind,
        subjects: &Subjects,
        patches: &mut Patches,
    ) -> Result<(), PluginFault> {
        guest::expect_calls(store, subjects.subjects.len() / PAYLOADS_A_DEADLINE);
        for (index, view) in View::all(subjects).enumerate() {
            let (hook, name, function) = match (kind, view.is_request()) {
                (HookKind::Http, true) => (Hook::HttpRequest, "on_http_req", &self.hooks.on_http_req),
                (HookKind::Http, false) => (Hook::HttpResponse, "on_http_resp", &self.hooks.on_http_resp),
                _ => (Hook::Custom, "on_custom_message", &self.hooks.on_custom_message),
            };
            let Some(function) = function else { continue };
            self.prepare(hook, &view, store.data_mut());
            let answer = function.call(&mut *store, ());
            let answer = answer.map_err(|error| fault::of_call(&error, store.data(), name))?;
            if is_dealt_with(answer, name)? {
                let state = store.data();
                take(&state.deepflow, &view, index as u32, patches);
                within(
                    state.limits(),
                    [patches.fields.len(), patches.attributes.len(), patches.owned.len()],
                )?;
            }
        }
        Ok(())
    }

    fn prepare(&self, hook: Hook, view: &View<'_>, state: &mut HostState) {
        let subject = view.subject;
        let (source, destination) = match subject.direction {
            Direction::ClientToServer => (subject.client, subject.server),
            Direction::ServerToClient => (subject.server, subject.client),
        };
        let base = Base {
            source,
            destination,
            transport: subject.transport,
            l7: if hook == Hook::Custom { 0 } else { http::number(view.protocol()) },
            time: subject.time,
            direction: subject.direction,
            flow_id: subject.flow_id,
            buffer: self.truncation,
        };
        state.time = subject.time;
        let call = &mut state.deepflow;
        call.begin(hook, &base);
        let Call { info, payload, .. } = call;
        match hook {
            Hook::HttpRequest => http::request(view, info, payload),
            Hook::HttpResponse => http::response(view, info, payload),
            _ => custom::message(view, info, payload),
        }
        payload.truncate(self.truncation);
    }
}

/// The last record counts. A plugin that dealt with a subject keeps it from the plugins behind it, as in the original.
fn take(call: &Call, view: &View<'_>, subject: u32, patches: &mut Patches) {
    let Patches { patches, fields, attributes, owned } = patches;
    let mut patch =
        Patch { subject, action: Action::Stop, status: MessageStatus::None, fields: 0, attributes: 0 };
    if let Some(record) = call.slot.records().last() {
        let mut writer = Writer::new(&call.slot.bytes, Lists { fields, attributes, owned });
        patch.status = match call.hook {
            Hook::Custom => merge::custom(record, view, &mut writer),
            _ => merge::http(record, view, &mut writer),
        };
        (patch.fields, patch.attributes) = (writer.fields, writer.attributes);
    }
    patches.push(patch);
}
