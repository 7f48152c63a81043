//! Takes: what a fuzz run found. Gives: it for people and as JSON.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use super::run::Runner;
use crate::cmd::plugin::drive::Subject;
use crate::cmd::plugin::faults::{self, FaultSeen};
use crate::cmd::plugin::print::{grouped, harmless};

/// What a fuzz run was.
#[derive(Debug, Serialize)]
pub(super) struct FuzzReport {
    /// `name@version`.
    pub(super) plugin: String,
    seed: u64,
    /// Of the capture.
    conversations: usize,
    inputs: u64,
    frames: u64,
    frame_bytes: u64,
    /// Of the plugin.
    calls: u64,
    /// Told by it, or patches: when there are none, it refuses everything early.
    messages: u64,
    seconds: f64,
    pub(super) faults: Vec<Found>,
}

/// A fault, and what to replay to see it again.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    #[serde(flatten)]
    pub(super) fault: FaultSeen,
    file: Option<String>,
}

impl FuzzReport {
    pub(super) fn new(
        subject: &Subject,
        seed: u64,
        conversations: usize,
        runner: &Runner<'_>,
        took: Duration,
    ) -> Self {
        let files = &runner.files;
        let file =
            |key: &str| files.iter().find(|(known, _)| known == key).map(|(_, f)| f.display().to_string());
        let (calls, messages) = runner.cost();
        let keys = runner.faults.keys();
        let faults = runner.faults.list();
        let faults = keys.iter().zip(faults).map(|(key, fault)| Found { fault, file: file(key) }).collect();
        Self {
            plugin: subject.label(),
            seed,
            conversations,
            inputs: runner.runs,
            frames: runner.frames,
            frame_bytes: runner.bytes,
            calls,
            messages,
            seconds: (took.as_secs_f64() * 10.0).round() / 10.0,
            faults,
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to memory can not fail; the same holds below.
        let _ = writeln!(
            text,
            "{}: {} inputs of {} conversations in {} s, seed {}, {} calls, {} messages or patches told, {} faults",
            self.plugin,
            grouped(self.inputs),
            grouped(self.conversations as u64),
            self.seconds,
            self.seed,
            grouped(self.calls),
            grouped(self.messages),
            grouped(self.faults.iter().map(|found| found.fault.count).sum()),
        );
        for found in &self.faults {
            text.push_str(&faults::text(std::slice::from_ref(&found.fault)));
            if let Some(file) = &found.file {
                let _ = writeln!(text, "  input: {}", harmless(file));
            }
        }
        text
    }
}
