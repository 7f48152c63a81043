//! Takes: the calls that the pipeline makes. Gives: them once more, as one talk that begins and ends: every connection is opened in
//! it and closed. Does not do: time them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use weir_pipeline::hooks::hook::{Hook, HookKind, Interest, Patches, Subjects};
use weir_pipeline::parse::event::{FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::Outcome;
use weir_pipeline::parse::parser::{CheckVerdict, Manifest, PluginFault, Probe, ProtocolParser};

use crate::cmd::plugin::drive::Wrap;

/// Payload bytes that are kept: far beyond any cache of a processor, so more would measure nothing else.
const KEPT: usize = 256 << 20;

/// One call.
pub(super) enum Call {
    Check { payload: Vec<u8>, probe: Probe },
    Process { arena: Vec<u8>, flows: Vec<FlowFacts>, events: Vec<StreamEvent> },
    Observe { kind: HookKind, subjects: Subjects },
}

/// Calls in their order.
#[derive(Default)]
pub(super) struct Calls {
    pub(super) calls: Vec<Call>,
    bytes: usize,
    open: BTreeSet<u32>,
    /// There was more than is kept.
    pub(super) cut: bool,
}

/// Shared by the recorder and who waits for it.
#[derive(Clone, Default)]
pub(super) struct Recording(Arc<Mutex<Calls>>);

impl Recording {
    /// What was recorded.
    pub(super) fn take(&self) -> Calls {
        let mut calls = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        calls.close_all();
        calls
    }

    fn add(&self, bytes: usize, call: impl FnOnce() -> Call) {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.cut |= calls.bytes + bytes > KEPT;
        if !calls.cut {
            calls.bytes += bytes;
            calls.push(call());
        }
    }
}

impl Calls {
    fn push(&mut self, call: Call) {
        if let Call::Process { flows, events, .. } = &call {
            for event in events {
                match event {
                    StreamEvent::Opened { flow } => {
                        self.open.extend(flows.get(*flow as usize).map(|flow| flow.connection));
                    }
                    StreamEvent::Closed { connection } => {
                        self.open.remove(connection);
                    }
                    StreamEvent::Data { .. } | StreamEvent::Gap { .. } => {}
                }
            }
        }
        self.calls.push(call);
    }

    /// Else the plugin would hold them for ever when the talk begins anew.
    fn close_all(&mut self) {
        let open = std::mem::take(&mut self.open);
        if !open.is_empty() {
            let events = open.into_iter().map(|connection| StreamEvent::Closed { connection }).collect();
            self.calls.push(Call::Process { arena: Vec::new(), flows: Vec::new(), events });
        }
    }

    /// Payloads in one round.
    pub(super) fn payloads(&self) -> u64 {
        self.calls.iter().map(Call::payloads).sum()
    }

    /// Messages and sessions that hooks are shown in one round.
    pub(super) fn subjects(&self) -> u64 {
        let subjects = |call: &Call| match call {
            Call::Observe { subjects, .. } => subjects.subjects.len() as u64,
            Call::Check { .. } | Call::Process { .. } => 0,
        };
        self.calls.iter().map(subjects).sum()
    }

    /// Connections that the plugin was asked about.
    pub(super) fn checks(&self) -> u64 {
        self.calls.iter().filter(|call| matches!(call, Call::Check { .. })).count() as u64
    }
}

impl Call {
    /// Data events of a batch.
    pub(super) fn payloads(&self) -> u64 {
        match self {
            Self::Check { .. } | Self::Observe { .. } => 0,
            Self::Process { events, .. } => {
                events.iter().filter(|event| matches!(event, StreamEvent::Data { .. })).count() as u64
            }
        }
    }
}

/// A parser or hook whose calls are kept.
struct Recorder<P> {
    plugin: P,
    recording: Recording,
}

impl Wrap for Recording {
    fn parser(&self, parser: Box<dyn ProtocolParser>, own: bool) -> Box<dyn ProtocolParser> {
        if own { Box::new(Recorder { plugin: parser, recording: self.clone() }) } else { parser }
    }

    fn hook(&self, hook: Box<dyn Hook>, own: bool) -> Box<dyn Hook> {
        if own { Box::new(Recorder { plugin: hook, recording: self.clone() }) } else { hook }
    }
}

impl ProtocolParser for Recorder<Box<dyn ProtocolParser>> {
    fn manifest(&self) -> &Arc<Manifest> {
        self.plugin.manifest()
    }

    fn advance(&mut self, time: u64) {
        self.plugin.advance(time);
    }

    fn check(&mut self, payload: &[u8], probe: &Probe) -> Result<CheckVerdict, PluginFault> {
        self.recording.add(payload.len(), || Call::Check { payload: payload.to_vec(), probe: *probe });
        self.plugin.check(payload, probe)
    }

    fn process(
        &mut self,
        arena: &[u8],
        flows: &[FlowFacts],
        events: &[StreamEvent],
        outcome: &mut Outcome,
    ) -> Result<(), PluginFault> {
        self.recording.add(arena.len(), || Call::Process {
            arena: arena.to_vec(),
            flows: flows.to_vec(),
            events: events.to_vec(),
        });
        self.plugin.process(arena, flows, events, outcome)
    }
}

impl Hook for Recorder<Box<dyn Hook>> {
    fn plugin(&self) -> &Arc<str> {
        self.plugin.plugin()
    }

    fn interest(&self, kind: HookKind) -> Option<&Interest> {
        self.plugin.interest(kind)
    }

    fn advance(&mut self, time: u64) {
        self.plugin.advance(time);
    }

    fn observe(
        &mut self,
        kind: HookKind,
        subjects: &Subjects,
        patches: &mut Patches,
    ) -> Result<(), PluginFault> {
        let bytes = subjects.arena.len();
        self.recording.add(bytes, || Call::Observe { kind, subjects: subjects.clone() });
        self.plugin.observe(kind, subjects, patches)
    }
}
