//! Takes: faults with what was running. Gives: them by what they have in common, with the first of each whole. Does not do: stop
//! anything.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use weir_pipeline::hooks::hook::{Hook, HookKind, Interest, Patches, Subjects};
use weir_pipeline::parse::event::{FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::Outcome;
use weir_pipeline::parse::parser::{CheckVerdict, Manifest, PluginFault, Probe, ProtocolParser};
use weir_plugin_runtime::{GuestFrame, take_backtrace};

use super::drive::Wrap;
use super::print::{grouped, harmless};

/// Different faults that are told apart: an author mends them one by one.
const DIFFERENT: usize = 32;

/// Faults of one run.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults(Arc<Mutex<BTreeMap<String, FaultSeen>>>);

/// Faults that have a place or a message in common.
#[derive(Clone, Debug, Serialize)]
pub(super) struct FaultSeen {
    /// `trap`, `deadline`, ...
    pub(super) kind: &'static str,
    /// Of the first one.
    pub(super) detail: String,
    /// What was running, innermost first; the language's runtime, which only carries the news, is left out at its front.
    pub(super) backtrace: Vec<String>,
    /// Functions that were left out.
    pub(super) runtime_frames: usize,
    /// It is written in Go, whose debug information is not in the module.
    #[serde(skip)]
    is_go: bool,
    pub(super) count: u64,
}

impl Faults {
    /// Counts a fault that just happened on this thread.
    pub(super) fn see(&self, fault: &PluginFault) {
        let frames = take_backtrace();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key(fault);
        if seen.len() >= DIFFERENT && !seen.contains_key(&key) {
            return;
        }
        let seen = seen.entry(key).or_insert_with(|| FaultSeen {
            kind: fault.kind.name(),
            detail: harmless(&fault.detail),
            backtrace: frames.iter().skip(carriers(&frames)).map(line).collect(),
            runtime_frames: carriers(&frames),
            is_go: frames.iter().any(|frame| frame.function.starts_with("runtime.")),
            count: 0,
        });
        seen.count += 1;
    }

    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().map(|seen| seen.count).sum()
    }

    /// What tells the different ones apart; the kind is the first word.
    pub(super) fn keys(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// All of them, in the order of their keys.
    pub(super) fn list(&self) -> Vec<FaultSeen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

/// Without its numbers: offsets differ from input to input.
fn key(fault: &PluginFault) -> String {
    let detail: String = fault.detail.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect();
    let mut key = format!("{} {detail}", fault.kind.name());
    while key.contains("##") {
        key = key.replace("##", "#");
    }
    key
}

/// How many functions of the runtime are in front. When there is nothing else, they are what there is to show.
fn carriers(frames: &[GuestFrame]) -> usize {
    frames.iter().position(|frame| !frame.is_runtime).unwrap_or_default()
}

fn line(frame: &GuestFrame) -> String {
    let place = frame.place.as_ref().map_or_else(String::new, |place| format!(" at {place}"));
    harmless(&format!("{}{place}", frame.function))
}

/// The list for people: each fault once, with its backtrace.
pub(super) fn text(faults: &[FaultSeen]) -> String {
    let mut text = String::new();
    for fault in faults {
        let times = if fault.count == 1 { String::new() } else { format!(" ({})", times(fault.count)) };
        // Writing to memory can not fail; the same holds below.
        let _ = writeln!(text, "fault {}: {}{times}", fault.kind, fault.detail);
        if fault.runtime_frames > 0 {
            let functions = if fault.runtime_frames == 1 { "function" } else { "functions" };
            let _ = writeln!(text, "  ({} {functions} of the runtime left out)", fault.runtime_frames);
        }
        for (depth, frame) in fault.backtrace.iter().enumerate() {
            let _ = writeln!(text, "  {depth:>2}: {frame}");
        }
    }
    text
}

/// `once`, `7 times`.
pub(super) fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{} times", grouped(count)) }
}

/// What to do when a backtrace has no lines.
pub(super) fn advice(faults: &[FaultSeen]) -> Option<&'static str> {
    let frames = || faults.iter().flat_map(|fault| &fault.backtrace);
    if frames().next().is_none() {
        None
    } else if frames().all(|frame| frame.starts_with("function ")) {
        Some("the module has no names of functions; build it without stripping them to see where it breaks")
    } else if frames().any(|frame| frame.contains(" at ")) {
        None
    } else if faults.iter().any(|fault| fault.is_go) {
        // Its own panic prints lines.
        Some("the log tells the lines of a Go plugin (WEIR_LOG=warn shows it)")
    } else {
        Some(
            "build it with debug information to see lines (Rust: `debug = \"line-tables-only\"`, `strip = \"none\"`)",
        )
    }
}

/// A parser or hook whose faults are looked at.
struct Watched<P> {
    plugin: P,
    faults: Faults,
}

impl Wrap for Faults {
    fn parser(&self, parser: Box<dyn ProtocolParser>, own: bool) -> Box<dyn ProtocolParser> {
        if own { Box::new(Watched { plugin: parser, faults: self.clone() }) } else { parser }
    }

    fn hook(&self, hook: Box<dyn Hook>, own: bool) -> Box<dyn Hook> {
        if own { Box::new(Watched { plugin: hook, faults: self.clone() }) } else { hook }
    }
}

impl ProtocolParser for Watched<Box<dyn ProtocolParser>> {
    fn manifest(&self) -> &Arc<Manifest> {
        self.plugin.manifest()
    }

    fn advance(&mut self, time: u64) {
        self.plugin.advance(time);
    }

    fn check(&mut self, payload: &[u8], probe: &Probe) -> Result<CheckVerdict, PluginFault> {
        self.plugin.check(payload, probe).inspect_err(|fault| self.faults.see(fault))
    }

    fn process(
        &mut self,
        arena: &[u8],
        flows: &[FlowFacts],
        events: &[StreamEvent],
        outcome: &mut Outcome,
    ) -> Result<(), PluginFault> {
        self.plugin.process(arena, flows, events, outcome).inspect_err(|fault| self.faults.see(fault))
    }
}

impl Hook for Watched<Box<dyn Hook>> {
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
        self.plugin.observe(kind, subjects, patches).inspect_err(|fault| self.faults.see(fault))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_pipeline::parse::parser::FaultKind;

    #[test]
    fn faults_that_differ_in_numbers_are_one() {
        let faults = Faults::default();
        for offset in [1, 22, 333] {
            let detail = format!("process: offset {offset} is outside of the arena");
            faults.see(&PluginFault { kind: FaultKind::BadAnswer, detail });
        }
        faults.see(&PluginFault { kind: FaultKind::Trap, detail: "process: unreachable".into() });
        let list = faults.list();
        assert_eq!((list.len(), list[0].count, faults.count()), (2, 3, 4));
        let told = text(&list);
        assert!(
            told.starts_with("fault bad-answer: process: offset 1 is outside of the arena (3 times)\n"),
            "{told}"
        );
    }

    #[test]
    fn the_runtime_is_left_out_in_front_of_the_authors_functions() {
        let frame =
            |function: &str, is_runtime| GuestFrame { function: function.into(), place: None, is_runtime };
        let frames = [frame("a", true), frame("b", true), frame("mine", false), frame("c", true)];
        assert_eq!(carriers(&frames), 2);
        assert_eq!(carriers(&frames[..2]), 0, "nothing else is there");
        let fault = FaultSeen {
            kind: "trap",
            detail: "process: x".into(),
            backtrace: vec!["mine".into(), "c".into()],
            runtime_frames: 2,
            is_go: false,
            count: 1,
        };
        assert_eq!(
            text(&[fault]),
            "fault trap: process: x\n  (2 functions of the runtime left out)\n   0: mine\n   1: c\n"
        );
    }

    #[test]
    fn there_is_no_end_of_different_faults() {
        let faults = Faults::default();
        for n in 0..100u8 {
            let detail = char::from(b'A' + n / 26).to_string() + &char::from(b'A' + n % 26).to_string();
            faults.see(&PluginFault { kind: FaultKind::Trap, detail });
        }
        assert_eq!(faults.keys().len(), DIFFERENT);
    }
}
