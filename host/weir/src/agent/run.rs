//! A run of the agent, from its arguments to its report. Takes where to capture, sinks, a writer. Gives: request logs to the sinks,
//! counts to who looks on, a report at the end. Does not do: choose what logs look like, print the report.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use weir_capture::live::{LiveCapture, LiveError, LiveOptions, enter_namespace};
use weir_capture::sockets::{SocketCapture, SocketError, SocketOptions};
use weir_pipeline::worker::WorkerConfig;
use weir_plugin_runtime::PluginStats;
use weir_sinks::{Output, Sink};

use super::metrics::{Door, Facts};
use super::slack::allow_late_timers;
use super::{
    AgentConfig, Captures, Control, Files, Governor, Live, LiveEnd, LivePlugins, Locks, Log, Reloader,
};
use crate::cli::agent::{AgentArgs, CaptureArgs};
use crate::failure::Failure;
use crate::nearest::nearest;
use crate::replay::{Monitor, PluginFactory, Replay, Report};

/// Interfaces that a refusal names: more do not help to find a name.
const NAMED: usize = 12;

/// An agent that is ready to run. No other one for the same interfaces can be, as long as it lives.
pub(crate) struct Agent<'a> {
    config: AgentConfig,
    /// The file of the configuration.
    file: Option<&'a Path>,
    /// Reads it anew.
    reread: Box<dyn Fn() -> Result<AgentConfig, Failure> + Sync + 'a>,
    log: Option<Log>,
    packets: Option<LiveOptions>,
    calls: Option<SocketOptions>,
    facts: Arc<Facts>,
    _locks: Locks,
}

/// Where a run's request logs go, and who looks on.
pub(crate) struct Sinks<'a, W> {
    /// Makes the sink of a worker.
    pub(crate) make: &'a (dyn Fn() -> Box<dyn Sink> + Sync),
    /// Where lines go.
    pub(crate) output: &'a Output<W>,
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
    /// An agent without a file of its own: see [`Agent::configured`].
    ///
    /// # Errors
    /// The same.
    pub(crate) fn prepare(arguments: &'a CaptureArgs) -> Result<Self, Failure> {
        Self::of(arguments.config()?, None, Box::new(|| arguments.config()), None)
    }

    /// Does all that can be refused before anything is captured, first what fails soon: plugins take a moment to compile. Enters the
    /// network namespace, so no thread may run yet: they all are to be in there.
    ///
    /// # Errors
    /// A privilege that is missing, an interface that is not there or captured already, a file that can not be used.
    pub(crate) fn configured(
        arguments: &'a AgentArgs,
        config: AgentConfig,
        log: Log,
    ) -> Result<Self, Failure> {
        Self::of(config, arguments.config.as_deref(), Box::new(|| arguments.config()), Some(log))
    }

    fn of(
        config: AgentConfig,
        file: Option<&'a Path>,
        reread: Box<dyn Fn() -> Result<AgentConfig, Failure> + Sync + 'a>,
        log: Option<Log>,
    ) -> Result<Self, Failure> {
        allow_late_timers();
        let calls = config.calls.syscalls || config.calls.tls;
        let mut locks = Locks::default();
        if calls {
            // System calls are the machine's, so their lock is not that of a namespace that is entered.
            locks.take_calls(&config.calls, config.netns.as_deref())?;
        }
        // In the network namespace that the process was started in.
        let door = config.metrics_listen.map(Door::open).transpose()?;
        if let Some(name) = &config.netns {
            enter_namespace(name).map_err(refused)?;
        }
        locks.take_interfaces(&config.interfaces, config.bpf.as_deref())?;
        let packets = (!config.interfaces.is_empty()).then(|| LiveOptions {
            interfaces: config.interfaces.clone(),
            filter: config.bpf.clone(),
            promiscuous: config.promiscuous,
        });
        packets.as_ref().map_or(Ok(()), LiveCapture::check).map_err(refused)?;
        let calls = calls.then(|| socket_options(&config)).transpose()?;
        let plugins = LivePlugins::load(&Files::of(&config))?;
        let monitor = Monitor::new(usize::from(config.threads));
        let facts = Arc::new(Facts::new(monitor, plugins, Governor::new(config.limits)));
        door.map_or(Ok(()), |door| door.answer(&facts))?;
        Ok(Self { config, file, reread, log, packets, calls, facts, _locks: locks })
    }

    /// What a user should know though it is no error.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.facts.plugins.notes()
    }

    /// What was counted so far.
    pub(crate) fn monitor(&self) -> &Monitor {
        &self.facts.monitor
    }

    /// Captures until `stop` is set, by whoever it is or by a signal, or the time is over.
    pub(crate) fn run<W: Write + Send>(&self, stop: &AtomicBool, sinks: &Sinks<'_, W>) -> Ended {
        let mut report = Report::default();
        let began = Instant::now();
        if let Err(failure) = self.capture(began, stop, sinks, &mut report) {
            report.failures.push(failure);
        }
        Ended { report, costs: self.facts.plugins.costs(), took: began.elapsed() }
    }

    fn capture<W: Write + Send>(
        &self,
        began: Instant,
        stop: &AtomicBool,
        sinks: &Sinks<'_, W>,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let Facts { monitor, plugins, governor, .. } = &*self.facts;
        let deadline = self.config.duration.and_then(|duration| began.checked_add(duration));
        let config = WorkerConfig { limits: plugins.limits() };
        let replay = Replay {
            threads: usize::from(self.config.threads),
            config: &config,
            plugins,
            sinks: sinks.make,
            output: sinks.output,
            monitor: Some(monitor),
        };
        let reloader = self.reloader();
        std::thread::scope(|scope| {
            let control = Control::start(scope, stop, &reloader, sinks.last_words);
            let _control = control
                .map_err(|error| Failure::runtime(format_args!("can not listen for signals: {error}")))?;
            let _governing = governor.start(scope, monitor)?;
            let mut live = Live::new(self.open()?, stop, deadline, monitor);
            self.facts.set_ready();
            let ended = replay.source(&mut live, report);
            self.facts.set_ending();
            let LiveEnd { interfaces, calls, frames, bytes } = live.end();
            (report.interfaces, report.calls, report.frames, report.bytes) =
                (interfaces, calls, frames, bytes);
            ended.map(drop)
        })
    }

    fn reloader(&self) -> Reloader<'_> {
        Reloader {
            file: self.file,
            reread: &*self.reread,
            plugins: &self.facts.plugins,
            governor: &self.facts.governor,
            log: self.log.as_ref(),
            counts: &self.facts.reloads,
            started: self.config.clone(),
            current: Mutex::new(self.config.clone()),
        }
    }
}

impl Agent<'_> {
    /// Begins to capture.
    fn open(&self) -> Result<Captures, Failure> {
        let packets = self.packets.as_ref().map(LiveCapture::open).transpose().map_err(refused)?;
        if packets.as_ref().is_some_and(|packets| !packets.is_capturing()) {
            tracing::warn!("no interface matches yet; waiting for one");
        }
        let calls = self.calls.as_ref().map(SocketCapture::open).transpose().map_err(calls_refused)?;
        for (is_captured, what) in
            self.calls.iter().flat_map(|options| [(options.calls, "system calls"), (options.tls, "TLS")])
        {
            if is_captured {
                tracing::info!("capturing {what}");
            }
        }
        Ok(Captures { packets, calls })
    }
}

/// Of the network namespace that this thread is in, where another one than the agent's was asked for.
fn socket_options(config: &AgentConfig) -> Result<SocketOptions, Failure> {
    let calls = &config.calls;
    let namespace = || {
        let found = std::fs::metadata("/proc/thread-self/ns/net");
        // The kernel's number of a namespace has 32 bits.
        found.map(|found| found.ino() as u32).map_err(|error| {
            Failure::runtime(format_args!(
                "can not tell which network namespace this is: {error}; is /proc mounted?"
            ))
        })
    };
    Ok(SocketOptions {
        processes: calls.pid.clone(),
        names: calls.comm.clone(),
        cgroups: calls.cgroup.clone(),
        ports: calls.port.clone(),
        namespace: config.netns.as_ref().map(|_| namespace()).transpose()?,
        calls: calls.syscalls,
        tls: calls.tls,
        capture_limit: calls.call_bytes,
        at_calls: calls.at_calls,
        ..SocketOptions::default()
    })
}

/// With what to do about it.
fn calls_refused(error: SocketError) -> Failure {
    match &error {
        SocketError::NoPrivilege => Failure::runtime(format_args!(
            "{error}; run it as root, or give it with `sudo setcap cap_bpf,cap_perfmon+ep {}`, or in a systemd unit with \
             `AmbientCapabilities=CAP_BPF CAP_PERFMON`",
            program()
        )),
        SocketError::NotBuilt(_) => {
            Failure::runtime(format_args!("{error}; build it again after `cargo xtask setup`"))
        }
        SocketError::NoCgroup { .. } | SocketError::TooMany { .. } => Failure::usage(error),
        _ => Failure::runtime(error),
    }
}

fn program() -> String {
    std::env::current_exe().map_or_else(|_| "weir".into(), |path| path.display().to_string())
}

/// With what to do about it.
fn refused(error: LiveError) -> Failure {
    let program = program();
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
