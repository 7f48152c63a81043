//! A run of the agent, from its arguments to its report. Takes where to capture, sinks, a writer. Gives: request logs to the sinks,
//! counts to who looks on, a report at the end. Does not do: choose what logs look like, print the report.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use weir_capture::live::{LiveCapture, LiveError, LiveOptions, enter_namespace};
use weir_pipeline::worker::WorkerConfig;
use weir_plugin_runtime::PluginStats;
use weir_sinks::{Output, Sink};

use super::{Control, Live, LiveEnd, LivePlugins, Locks, Seen};
use crate::cli::agent::CaptureArgs;
use crate::failure::Failure;
use crate::nearest::nearest;
use crate::replay::{PluginFactory, Replay, Report};

/// Interfaces that a refusal names: more do not help to find a name.
const NAMED: usize = 12;

/// An agent that is ready to run. No other one for the same interfaces can be, as long as it lives.
#[derive(Debug)]
pub(crate) struct Agent<'a> {
    arguments: &'a CaptureArgs,
    options: LiveOptions,
    plugins: LivePlugins,
    _locks: Locks,
}

/// Where a run's request logs go, and who looks on.
pub(crate) struct Sinks<'a, W> {
    /// Makes the sink of a worker.
    pub(crate) make: &'a (dyn Fn() -> Box<dyn Sink> + Sync),
    /// Where lines go.
    pub(crate) output: &'a Output<W>,
    /// Filled while it runs.
    pub(crate) seen: &'a Seen,
    /// Called before a second signal ends the process at once.
    pub(crate) last_words: fn(),
}

/// What a run was.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) report: Report,
    /// By plugin.
    pub(crate) costs: BTreeMap<String, PluginStats>,
    pub(crate) took: Duration,
}

impl<'a> Agent<'a> {
    /// Does all that can be refused before anything is captured, first what fails soon: plugins take a moment to compile. Enters the
    /// network namespace, so no thread may run yet: they all are to be in there.
    ///
    /// # Errors
    /// A privilege that is missing, an interface that is not there or captured already, a file that can not be used.
    pub(crate) fn prepare(arguments: &'a CaptureArgs) -> Result<Self, Failure> {
        if let Some(name) = &arguments.netns {
            enter_namespace(name).map_err(refused)?;
        }
        let locks = Locks::take(&arguments.interfaces, arguments.bpf.as_deref())?;
        let options = LiveOptions {
            interfaces: arguments.interfaces.clone(),
            filter: arguments.bpf.clone(),
            promiscuous: arguments.promiscuous,
        };
        LiveCapture::check(&options).map_err(refused)?;
        let plugins = LivePlugins::load(arguments.group_config.as_deref(), &arguments.plugin)?;
        Ok(Self { arguments, options, plugins, _locks: locks })
    }

    /// What a user should know though it is no error.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.plugins.notes()
    }

    /// Captures until `stop` is set, by whoever it is or by a signal, or the time is over.
    pub(crate) fn run<W: Write + Send>(&self, stop: &AtomicBool, sinks: &Sinks<'_, W>) -> Ended {
        let mut report = Report::default();
        let began = Instant::now();
        if let Err(failure) = self.capture(began, stop, sinks, &mut report) {
            report.failures.push(failure);
        }
        Ended { report, costs: self.plugins.costs(), took: began.elapsed() }
    }

    fn capture<W: Write + Send>(
        &self,
        began: Instant,
        stop: &AtomicBool,
        sinks: &Sinks<'_, W>,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let deadline = self.arguments.duration.and_then(|duration| began.checked_add(duration));
        let config = WorkerConfig { limits: self.plugins.limits().clone() };
        let replay = Replay {
            threads: usize::from(self.arguments.threads),
            config: &config,
            plugins: &self.plugins,
            sinks: sinks.make,
            output: sinks.output,
        };
        std::thread::scope(|scope| {
            let control = Control::start(scope, stop, &self.plugins, sinks.last_words);
            let _control = control
                .map_err(|error| Failure::runtime(format_args!("can not listen for signals: {error}")))?;
            let capture = LiveCapture::open(&self.options).map_err(refused)?;
            if !capture.is_capturing() {
                tracing::warn!("no interface matches yet; waiting for one");
            }
            let mut live = Live::new(capture, stop, deadline, sinks.seen);
            let ended = replay.source(&mut live, report);
            let LiveEnd { interfaces, frames, bytes } = live.end();
            (report.interfaces, report.frames, report.bytes) = (interfaces, frames, bytes);
            ended.map(drop)
        })
    }
}

/// With what to do about it.
fn refused(error: LiveError) -> Failure {
    let program = std::env::current_exe().map_or_else(|_| "weir".into(), |path| path.display().to_string());
    match &error {
        LiveError::NoPrivilege => Failure::runtime(format_args!(
            "{error}; run it as root, or give it with `sudo setcap cap_net_raw+ep {program}`, or in a systemd unit with \
             `AmbientCapabilities=CAP_NET_RAW`"
        )),
        LiveError::NoNamespacePrivilege { .. } => Failure::runtime(format_args!(
            "{error}; run it as root, or inside of the namespace with `nsenter --net=... {program} agent ...`"
        )),
        LiveError::NoInterface { name, known } => {
            let near = nearest(name, known.iter().map(String::as_str));
            let near = near.map_or_else(String::new, |near| format!("; the nearest name is `{near}`"));
            let mut all = known.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
            if known.len() > NAMED {
                all.push_str(", ...");
            }
            Failure::usage(format_args!(
                "{error}{near}; there are: {all}; a pattern (`{name}*`) waits for interfaces to come"
            ))
        }
        LiveError::Filter { .. } => Failure::usage(format_args!("--bpf: {error}")),
        _ => Failure::runtime(error),
    }
}
