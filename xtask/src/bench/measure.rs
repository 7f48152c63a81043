//! One run of one command: processor time, wall time and peak memory, as the kernel tells them of that child alone.
//!
//! Takes: a command. Gives: numbers. Prints nothing.

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use wait4::Wait4;

use super::contender::{Contender, Output};

/// What one run cost.
#[derive(Clone, Copy)]
pub(super) struct Cost {
    /// User and system time of all threads.
    pub(super) processor: Duration,
    pub(super) wall: Duration,
    /// Bytes; what was resident at most.
    pub(super) peak: u64,
    /// Requests in the output, where the output says.
    pub(super) logged: Option<u64>,
}

/// Runs to the end.
pub(super) fn run(contender: &Contender) -> Result<Cost> {
    let mut command = Command::new(&contender.program);
    command.args(&contender.arguments).stdin(Stdio::null()).stderr(Stdio::null());
    match &contender.output {
        Output::None => command.stdout(Stdio::null()),
        Output::Stdout { file, .. } => command.stdout(create(file)?),
        Output::File { file, .. } => {
            // Tools append to what the last run left.
            if file.exists() {
                fs::remove_file(file)?;
            }
            command.stdout(Stdio::null())
        }
    };
    let start = Instant::now();
    let child = command.spawn().with_context(|| format!("cannot start {}", contender.name))?;
    let used = child.wait4().with_context(|| format!("cannot wait for {}", contender.name))?;
    let wall = start.elapsed();
    if !used.status.success() {
        bail!("{} ended with {}; run it by hand: {}", contender.name, used.status, contender.line());
    }
    let logged = contender.output.requests()?;
    Ok(Cost { processor: used.rusage.utime + used.rusage.stime, wall, peak: used.rusage.maxrss, logged })
}

/// The middle one by processor time, with the highest peak of all.
pub(super) fn median(mut costs: Vec<Cost>) -> Option<Cost> {
    costs.sort_by_key(|cost| cost.processor);
    let peak = costs.iter().map(|cost| cost.peak).max()?;
    costs.get(costs.len() / 2).map(|cost| Cost { peak, ..*cost })
}

fn create(path: &std::path::Path) -> Result<File> {
    File::create(path).with_context(|| format!("cannot write {}", path.display()))
}

/// The commands of one capture with their costs.
pub(super) struct Table(pub(super) Vec<(&'static str, Cost)>);

impl Table {
    /// Processor time of one command as a multiple of another's; none when one is not there.
    pub(super) fn processor(&self, of: &str, by: &str) -> Option<f64> {
        Some(self.cost(of)?.processor.as_secs_f64() / self.cost(by)?.processor.as_secs_f64())
    }

    /// Seconds of processor time that one command takes more than another; none when one is not there.
    pub(super) fn processor_difference(&self, of: &str, other: &str) -> Option<f64> {
        let seconds = |name| Some(self.cost(name)?.processor.as_secs_f64());
        Some((seconds(other)? - seconds(of)?).max(0.0))
    }

    /// The same of wall time.
    pub(super) fn wall(&self, of: &str, by: &str) -> Option<f64> {
        Some(self.cost(of)?.wall.as_secs_f64() / self.cost(by)?.wall.as_secs_f64())
    }

    fn cost(&self, name: &str) -> Option<&Cost> {
        self.0.iter().find(|(of, _)| *of == name).map(|(_, cost)| cost)
    }
}
