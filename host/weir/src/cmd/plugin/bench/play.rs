//! Takes: recorded calls and an instance. Gives: how long each took and what memory the guest had. Does not do: anything between
//! two calls but look at the clock.

use std::time::{Duration, Instant};

use weir_pipeline::hooks::hook::{Hook, Patches};
use weir_pipeline::parse::outcome::Outcome;
use weir_pipeline::parse::parser::ProtocolParser;
use weir_plugin_runtime::Instance;

use super::histogram::Histogram;
use super::record::{Call, Calls};
use crate::cmd::plugin::faults::Faults;
use crate::cmd::plugin::print::Ticker;

/// What was measured.
#[derive(Debug, Default)]
pub(super) struct Played {
    pub(super) rounds: u64,
    pub(super) payloads: u64,
    pub(super) payload_bytes: u64,
    pub(super) messages: u64,
    /// In `process`.
    pub(super) time: Duration,
    pub(super) calls: Histogram,
    pub(super) check_time: Duration,
    pub(super) checks: u64,
    /// Bytes of guest memory before the first call, at half of the time, at the end, and at most.
    pub(super) memory: [u64; 4],
    /// Payloads and subjects between half of the time and the end; 0 when there was no second half.
    pub(super) second_half: u64,
    /// By kind of hook.
    pub(super) hooks: [HookPlayed; 3],
}

/// What was measured of one hook.
#[derive(Debug, Default)]
pub(super) struct HookPlayed {
    pub(super) subjects: u64,
    pub(super) patches: u64,
    pub(super) time: Duration,
    pub(super) calls: Histogram,
}

/// Plays whole rounds until the time is over; one at least.
pub(super) fn play(calls: &Calls, instance: &mut Instance, seconds: u32, faults: &Faults) -> Played {
    let stats = instance.stats();
    let mut played = Played { memory: [stats.read().memory; 4], ..Played::default() };
    let (began, length) = (Instant::now(), Duration::from_secs(u64::from(seconds)));
    let mut ticker = Ticker::new();
    let mut answers = Answers::default();
    let mut at_half = 0;
    loop {
        for call in &calls.calls {
            played.call(call, instance, &mut answers, faults);
        }
        played.rounds += 1;
        let now = Instant::now();
        let passed = now.duration_since(began);
        if at_half == 0 && 2 * passed >= length {
            played.memory[1] = stats.read().memory;
            at_half = played.given();
        }
        ticker.tick(now, || format!("weir: bench: {} of {seconds} s", passed.as_secs()));
        if passed >= length {
            break;
        }
    }
    let end = stats.read();
    played.memory[2] = end.memory;
    played.memory[3] = end.memory_peak;
    played.second_half = played.given() - at_half;
    played
}

/// What calls answer. Used again, as in the pipeline.
#[derive(Default)]
struct Answers {
    outcome: Outcome,
    patches: Patches,
}

impl Played {
    /// Payloads and subjects so far.
    fn given(&self) -> u64 {
        self.payloads + self.hooks.iter().map(|hook| hook.subjects).sum::<u64>()
    }

    fn call(&mut self, call: &Call, instance: &mut Instance, answers: &mut Answers, faults: &Faults) {
        let Answers { outcome, patches } = answers;
        let began = Instant::now();
        match call {
            Call::Check { payload, probe } => {
                let result = instance.check(payload, probe);
                self.check_time += began.elapsed();
                self.checks += 1;
                if let Err(fault) = result {
                    faults.see(&fault);
                }
            }
            Call::Process { arena, flows, events } => {
                outcome.clear();
                let result = instance.process(arena, flows, events, outcome);
                let took = began.elapsed();
                self.time += took;
                self.calls.add(took.as_nanos() as u64);
                self.payloads += call.payloads();
                self.payload_bytes += arena.len() as u64;
                self.messages += outcome.messages.len() as u64;
                if let Err(fault) = result {
                    faults.see(&fault);
                }
            }
            Call::Observe { kind, subjects } => {
                patches.clear();
                let result = instance.observe(*kind, subjects, patches);
                let took = began.elapsed();
                let hook = &mut self.hooks[*kind as usize];
                hook.time += took;
                hook.calls.add(took.as_nanos() as u64);
                hook.subjects += subjects.subjects.len() as u64;
                hook.patches += patches.patches.len() as u64;
                if let Err(fault) = result {
                    faults.see(&fault);
                }
            }
        }
    }
}
