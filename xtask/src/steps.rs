//! A list of steps, one after the other, each with its time.
//!
//! Takes: named closures. Gives: a table at the end, also when a step failed. Does not know what the steps do.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How a step that did not fail ended.
pub(crate) enum Outcome {
    /// It ran.
    Done,
    /// It did not run, and why.
    Skipped(String),
}

/// Steps so far.
#[derive(Default)]
pub(crate) struct Steps {
    finished: Vec<(&'static str, Duration, String)>,
}

impl Steps {
    /// Runs a step; the first that fails ends the list.
    pub(crate) fn run(
        &mut self,
        name: &'static str,
        step: impl FnOnce() -> Result<Outcome>,
    ) -> Result<&mut Self> {
        println!("\n== {name}");
        let start = Instant::now();
        let result = step();
        let verdict = match &result {
            Ok(Outcome::Done) => "ok".to_owned(),
            Ok(Outcome::Skipped(why)) => format!("skipped: {why}"),
            Err(_) => "FAILED".to_owned(),
        };
        self.finished.push((name, start.elapsed(), verdict));
        result.with_context(|| format!("step {name}"))?;
        Ok(self)
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        println!();
        for (name, time, verdict) in &self.finished {
            println!("{name:<10} {:>8.1} s  {verdict}", time.as_secs_f64());
        }
        let total: Duration = self.finished.iter().map(|(_, time, _)| *time).sum();
        println!("{:<10} {:>8.1} s", "total", total.as_secs_f64());
    }
}
