//! Takes: the calls that the pipeline makes. Gives: them once more, as one talk that begins and ends: every connection is opened in
//! it and closed. Does not do: time them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use weir_pipeline::parse::event::{FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::Outcome;
use weir_pipeline::parse::parser::{CheckVerdict, Manifest, PluginFault, Probe, ProtocolParser};

/// Payload bytes that are kept: far beyond any cache of a processor, so more would measure nothing else.
const KEPT: usize = 256 << 20;

/// One call.
pub(super) enum Call {
    Check { payload: Vec<u8>, probe: Probe },
    Process { arena: Vec<u8>, flows: Vec<FlowFacts>, events: Vec<StreamEvent> },
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

    /// Connections that the plugin was asked about.
    pub(super) fn checks(&self) -> u64 {
        self.calls.iter().filter(|call| matches!(call, Call::Check { .. })).count() as u64
    }
}

impl Call {
    /// Data events of a batch.
    pub(super) fn payloads(&self) -> u64 {
        match self {
            Self::Check { .. } => 0,
            Self::Process { events, .. } => {
                events.iter().filter(|event| matches!(event, StreamEvent::Data { .. })).count() as u64
            }
        }
    }
}

/// A parser whose calls are kept.
pub(super) struct Recorder {
    pub(super) parser: Box<dyn ProtocolParser>,
    pub(super) recording: Recording,
}

impl ProtocolParser for Recorder {
    fn manifest(&self) -> &Arc<Manifest> {
        self.parser.manifest()
    }

    fn advance(&mut self, time: u64) {
        self.parser.advance(time);
    }

    fn check(&mut self, payload: &[u8], probe: &Probe) -> Result<CheckVerdict, PluginFault> {
        self.recording.add(payload.len(), || Call::Check { payload: payload.to_vec(), probe: *probe });
        self.parser.check(payload, probe)
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
        self.parser.process(arena, flows, events, outcome)
    }
}
