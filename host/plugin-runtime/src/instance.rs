//! One plugin instance of one worker: calls, counts, throws away, rebuilds.
//!
//! Takes: batches. Gives: checked outcomes or faults. Does not do: remember connections; after a fault the guest has
//! forgotten them all, and the pipeline opens them again.

mod breaker;

use std::sync::Arc;
use std::time::Instant;

use weir_pipeline::hooks::hook::{Hook, HookKind, Interest, Patches, Subjects};
use weir_pipeline::parse::event::{FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::Outcome;
use weir_pipeline::parse::parser::{CheckVerdict, FaultKind, Manifest, PluginFault, Probe, ProtocolParser};

use crate::checks::Checks;
use crate::deepflow_door::Claims;
use crate::guest;
use crate::plugin::{Live, Loaded, PluginConfig};
use crate::stats::{Counters, StatsHandle};
use breaker::{Breaker, REFUSED_BATCH, REFUSED_CHECK};

/// A plugin at work. One thread at a time may use it.
pub struct Instance {
    loaded: Arc<Loaded>,
    config: PluginConfig,
    /// None when the last guest broke; the next call makes a new one, and until then it holds no memory.
    live: Option<Live>,
    breaker: Breaker,
    /// What a plugin of DeepFlow claimed; outlives its guests.
    claims: Claims,
    counters: Arc<Counters>,
    /// What its hooks want, by kind.
    interests: [Option<Interest>; 3],
    /// Event time: the latest that is known.
    time: u64,
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance").field("plugin", &self.loaded.name).finish_non_exhaustive()
    }
}

impl Instance {
    pub(crate) fn new(loaded: Arc<Loaded>, config: PluginConfig) -> Result<Self, PluginFault> {
        let counters = Arc::new(Counters::default());
        let breaker = Breaker::new(&loaded.runtime.limits);
        let mut live = loaded.start(&config, &counters, 0)?;
        let (interests, claims) = (live.interests(0)?, Claims::default());
        Ok(Self { loaded, config, live: Some(live), breaker, claims, counters, interests, time: 0 })
    }

    /// Reads this instance's counts, also while it works in another thread.
    #[must_use]
    pub fn stats(&self) -> StatsHandle {
        StatsHandle::new(Arc::clone(&self.loaded.name), Arc::clone(&self.counters))
    }

    /// Makes one call, throws the guest away when it breaks. In quarantine it is not made, and costs `refused` nanoseconds of
    /// it.
    fn call<T>(
        &mut self,
        payload: &[u8],
        refused: u64,
        call: impl FnOnce(&mut Live, &Loaded) -> Result<T, PluginFault>,
    ) -> Result<T, PluginFault> {
        if let Err(fault) = self.breaker.admit(self.time) {
            self.time = self.breaker.refused(self.time, refused);
            self.counters.fault(fault.kind);
            return Err(fault);
        }
        let began = Instant::now();
        let result = self.ready().and_then(|(live, loaded)| call(live, loaded));
        self.counters.calls.add(1);
        self.counters.payload_bytes.add(payload.len() as u64);
        self.counters.nanoseconds.add(began.elapsed().as_nanos() as u64);
        result.inspect_err(|fault| self.throw_away(fault))
    }

    /// The guest, its deadline begun; a new one when the last one broke.
    fn ready(&mut self) -> Result<(&mut Live, &Loaded), PluginFault> {
        if self.live.is_none() {
            self.counters.rebuilds.add(1);
            let mut live = self.loaded.start(&self.config, &self.counters, self.time)?;
            // Plugins read their configuration when they are asked this.
            self.interests = live.interests(self.time)?;
            self.live = Some(live);
        }
        let Some(live) = &mut self.live else {
            return Err(PluginFault { kind: FaultKind::Trap, detail: "it could not be started".into() });
        };
        guest::begin_call(&mut live.store, self.time);
        Ok((live, &self.loaded))
    }

    #[cold]
    fn throw_away(&mut self, fault: &PluginFault) {
        self.live = None;
        self.counters.memory.set(0);
        self.counters.fault(fault.kind);
        let plugin = &*self.loaded.name;
        if self.breaker.fault(self.time) {
            self.counters.quarantines.add(1);
            let seconds = self.breaker.quarantine().as_secs_f64();
            tracing::warn!(plugin, %fault, seconds, "the plugin broke too often and is in quarantine");
        } else {
            tracing::warn!(plugin, %fault, "the plugin broke; its connections are opened again");
        }
    }
}

impl ProtocolParser for Instance {
    fn manifest(&self) -> &Arc<Manifest> {
        &self.loaded.manifest
    }

    fn advance(&mut self, time: u64) {
        self.time = self.time.max(time);
    }

    fn check(&mut self, payload: &[u8], probe: &Probe) -> Result<CheckVerdict, PluginFault> {
        let mut claims = std::mem::take(&mut self.claims);
        let result = self.call(payload, REFUSED_CHECK, |live, _| {
            live.door.check(&mut live.store, &mut claims, payload, probe)
        });
        self.claims = claims;
        result
    }

    fn process(
        &mut self,
        arena: &[u8],
        flows: &[FlowFacts],
        events: &[StreamEvent],
        outcome: &mut Outcome,
    ) -> Result<(), PluginFault> {
        ProtocolParser::advance(self, latest(events));
        let mut claims = std::mem::take(&mut self.claims);
        let result = self.call(arena, REFUSED_BATCH, |live, loaded| {
            let checks = Checks::new(arena, events, loaded.manifest.protocols.len(), &loaded.runtime.limits);
            live.door.process(&mut live.store, &mut claims, arena, flows, events, outcome, checks)
        });
        self.claims = claims;
        match &result {
            Ok(()) => {
                self.counters.events.add(events.len() as u64);
                self.counters.messages.add(outcome.messages.len() as u64);
            }
            // What was read before the fault showed is worth as little as the rest.
            Err(_) => outcome.clear(),
        }
        result
    }
}

impl Hook for Instance {
    fn plugin(&self) -> &Arc<str> {
        &self.loaded.label
    }

    fn interest(&self, kind: HookKind) -> Option<&Interest> {
        self.interests[kind as usize].as_ref()
    }

    fn advance(&mut self, time: u64) {
        self.time = self.time.max(time);
    }

    fn observe(
        &mut self,
        kind: HookKind,
        subjects: &Subjects,
        patches: &mut Patches,
    ) -> Result<(), PluginFault> {
        let result = self.call(&subjects.arena, REFUSED_BATCH, |live, loaded| {
            let checks = Checks::new(&subjects.arena, &[], 0, &loaded.runtime.limits);
            live.door.observe(&mut live.store, kind, subjects, patches, checks)
        });
        match &result {
            Ok(()) => {
                self.counters.events.add(subjects.subjects.len() as u64);
                self.counters.messages.add(patches.patches.len() as u64);
            }
            Err(_) => patches.clear(),
        }
        result
    }
}

/// Of the data of a batch; 0 when there is none.
fn latest(events: &[StreamEvent]) -> u64 {
    let times = events.iter().map(|event| match event {
        StreamEvent::Data { time, .. } => *time,
        _ => 0,
    });
    times.max().unwrap_or(0)
}
