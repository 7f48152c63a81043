//! Frames -> request logs: the data path with a capture at its front and a writer at its end.
//!
//! Takes: files, who makes plugin instances, who makes sinks, a writer. Gives: lines to the writer, a [`Report`]. Does not do: read the
//! command line, choose plugins, print the report. Parsers may be sandboxed or linked in; this code can not tell.

mod inline;
mod lines;
mod monitor;
mod progress;
mod report;
mod source;
mod spread;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use weir_pipeline::admission::PARTS;
use weir_pipeline::application::Change;
use weir_pipeline::hooks::hook::Hook;
use weir_pipeline::limits::Limits;
use weir_pipeline::parse::parser::ProtocolParser;
use weir_pipeline::stats::Stats;
use weir_pipeline::worker::{Worker, WorkerConfig};
use weir_plugin_runtime::PluginStats;
use weir_sinks::{Output, OutputState, Sink};

use self::lines::Lines;
pub use self::lines::LogCounts;
pub(crate) use self::monitor::EachSecond;
pub use self::monitor::{Monitor, Orders, ReadCounts, SourceCounts, WorkerCounts};
pub use self::progress::Progress;
pub use self::report::{LogCount, Report, Span};
use self::source::Capture;
pub(crate) use self::source::{Source, Unwanted};
use crate::failure::Failure;

/// Makes the plugin instances of one worker. Asked once for each worker and file, from the worker's thread.
pub trait PluginFactory: Sync {
    /// New parsers that know no connection.
    ///
    /// # Errors
    /// Why a worker can not start.
    fn parsers(&self) -> Result<Vec<Box<dyn ProtocolParser>>, Failure>;

    /// New instances of the plugins with hooks, in the order in which they run.
    ///
    /// # Errors
    /// Why a worker can not start.
    fn hooks(&self) -> Result<Vec<Box<dyn Hook>>, Failure> {
        Ok(Vec::new())
    }

    /// Which choice of plugins holds now; another number when they have changed. Asked at the end of each burst.
    fn generation(&self) -> u64 {
        0
    }

    /// What a worker that has the plugins of generation `since` changes. Asked from the worker's thread.
    ///
    /// # Errors
    /// Why it can not; the worker goes on with what it has.
    fn changes(&self, since: u64) -> Result<Changes, Failure> {
        Ok(Changes { generation: since, limits: None, parsers: Vec::new(), hooks: Vec::new() })
    }

    /// What the plugins cost so far, by plugin (`name@version`), all workers and files together.
    fn costs(&self) -> BTreeMap<String, PluginStats> {
        BTreeMap::new()
    }
}

/// Other plugins for a worker that goes on.
pub struct Changes {
    /// The generation that it has then.
    pub generation: u64,
    /// Limits of all workers together; none: as they are.
    pub limits: Option<Limits>,
    /// All parsers, in the order in which they are asked.
    pub parsers: Vec<Change>,
    /// All instances of plugins with hooks.
    pub hooks: Vec<Box<dyn Hook>>,
}

/// What a replay needs besides the files.
#[derive(Clone, Copy)]
pub struct Replay<'a, W> {
    /// How many workers share the flows. With one, everything runs on the calling thread.
    pub threads: usize,
    /// What each worker is configured with; limits that bound memory are shared among them.
    pub config: &'a WorkerConfig,
    /// Makes the plugin instances of a worker.
    pub plugins: &'a dyn PluginFactory,
    /// Makes the sink of a worker.
    pub sinks: &'a (dyn Fn() -> Box<dyn Sink> + Sync),
    /// Where lines go.
    pub output: &'a Output<W>,
    /// Who looks after the workers; none: nobody does, and nothing is measured for it.
    pub monitor: Option<&'a Monitor>,
}

impl<W: Write + Send> Replay<'_, W> {
    /// Replays each file as a capture of its own, one after the other.
    ///
    /// What can be read is told, whatever comes behind it: a broken file's failure is kept in the report and the next file is
    /// begun. When nobody reads the output any more, the rest is left out without a failure.
    pub fn run(&self, files: &[PathBuf], progress: &mut Progress, report: &mut Report) {
        for file in files {
            match self.file(file, progress, report) {
                Ok(OutputState::Open) => {}
                Ok(OutputState::Closed | OutputState::Failed) => break,
                Err(failure) => report.failures.push(failure),
            }
        }
        progress.clear();
    }

    fn file(
        &self,
        file: &Path,
        progress: &mut Progress,
        report: &mut Report,
    ) -> Result<OutputState, Failure> {
        let mut capture = Capture::open(file, progress)?;
        report.files += 1;
        let state = self.source(&mut capture, report);
        capture.add_to(report);
        let state = state?;
        capture.failure().map_or(Ok(state), Err)
    }

    /// Reads a source to its end. What the source counts is not added to the report.
    pub(crate) fn source(
        &self,
        source: &mut dyn Source,
        report: &mut Report,
    ) -> Result<OutputState, Failure> {
        if self.threads <= 1 {
            inline::replay(self, source, report)
        } else {
            spread::replay(self, source, report)
        }
    }

    fn worker(&self, number: usize, unwanted: Option<Unwanted>) -> Result<WorkerSide<'_, W>, Failure> {
        let limits = self.config.limits.share(self.threads);
        let config = WorkerConfig { limits: limits.clone() };
        let generation = self.plugins.generation();
        Ok(WorkerSide {
            worker: Worker::new(config, self.plugins.parsers()?, self.plugins.hooks()?),
            lines: Lines::new((self.sinks)(), self.output),
            plugins: self.plugins,
            unwanted,
            generation,
            asked: generation,
            threads: self.threads,
            limits,
            supervision: self.monitor.map(|monitor| Supervision {
                monitor,
                number,
                orders: Orders::default(),
                second: EachSecond::default(),
            }),
        })
    }
}

/// A worker and where its records go.
struct WorkerSide<'a, W> {
    worker: Worker,
    lines: Lines<'a, W>,
    plugins: &'a dyn PluginFactory,
    unwanted: Option<Unwanted>,
    /// Of the plugins that the worker has.
    generation: u64,
    /// The last one that the worker was to change to.
    asked: u64,
    threads: usize,
    /// Its share, when there is no lack of memory.
    limits: Limits,
    supervision: Option<Supervision<'a>>,
}

/// Who looks after a worker.
struct Supervision<'a> {
    monitor: &'a Monitor,
    number: usize,
    /// What the worker does so far.
    orders: Orders,
    second: EachSecond,
}

/// What is left of a worker.
struct Ended {
    /// Whether its lines could be written.
    state: Result<OutputState, Failure>,
    pipeline: Stats,
    logs: LogCounts,
}

impl<W: Write> WorkerSide<'_, W> {
    /// The end of a burst: hands on what there is. `false`: nobody takes it, so there is no use in going on.
    fn flush(&mut self) -> bool {
        let wanted = self.plugins.generation();
        if wanted == self.asked {
            self.worker.flush(&mut self.lines);
        } else {
            self.asked = wanted;
            self.change();
        }
        self.tell_unwanted();
        let goes_on = self.lines.hand_on();
        self.supervise();
        goes_on
    }

    /// Does what is ordered, says that it is alive, and once a second what it has counted.
    fn supervise(&mut self) {
        let Some(Supervision { monitor, number, orders, second }) = &mut self.supervision else { return };
        let (monitor, number) = (*monitor, *number);
        let wanted = monitor.orders();
        let before = std::mem::replace(orders, wanted);
        let now = Instant::now();
        monitor.burst(number, now);
        if second.is_due(now) {
            monitor.tell_worker(number, || WorkerCounts {
                pipeline: self.worker.stats(),
                logs: self.lines.counts().clone(),
                open_flows: self.worker.open_flows() as u64,
            });
            if wanted.room < PARTS {
                self.worker.shrink();
            }
        }
        if wanted != before {
            self.obey(before, wanted);
        }
    }

    #[cold]
    fn obey(&mut self, before: Orders, wanted: Orders) {
        self.worker.set_admission(wanted.admission);
        if wanted.room != before.room {
            self.worker.set_limits(self.limits.sixteenths(wanted.room));
        }
        if wanted.kept < before.kept {
            self.worker.give_up(wanted.kept, &mut self.lines);
        }
    }

    fn tell_unwanted(&mut self) {
        let Some(tell) = &self.unwanted else { return };
        let sockets = self.worker.take_unwanted();
        if !sockets.is_empty() {
            tell(&sockets);
        }
    }

    /// Changes to the plugins that hold now; stays with what it has when that can not be.
    #[cold]
    fn change(&mut self) {
        let changed = self.plugins.changes(self.generation).and_then(|changes| {
            let Changes { generation, limits, parsers, hooks } = changes;
            self.worker.change(parsers, hooks, &mut self.lines).map_err(Failure::runtime)?;
            if let Some(limits) = limits {
                self.limits = limits.share(self.threads);
                let room = self.supervision.as_ref().map_or(PARTS, |supervision| supervision.orders.room);
                self.worker.set_limits(self.limits.sixteenths(room));
            }
            Ok(generation)
        });
        match changed {
            Ok(generation) => self.generation = generation,
            Err(failure) => tracing::error!("a worker keeps the plugins that it has: {failure}"),
        }
        self.worker.flush(&mut self.lines);
    }

    /// The end of the capture.
    fn finish(mut self) -> Ended {
        self.worker.finish(&mut self.lines);
        let (state, logs) = self.lines.end();
        Ended { state, pipeline: self.worker.stats(), logs }
    }
}

#[cfg(test)]
mod tests;
