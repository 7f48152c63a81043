//! `weir agent`: puts interfaces, plugins, sink and writer together, captures until it is told to stop, and says on standard
//! error what it was.

use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use weir_capture::live::{LiveCapture, LiveError, LiveOptions, enter_namespace};
use weir_pipeline::worker::WorkerConfig;
use weir_sinks::Output;

use super::terminal::{self, say};
use super::{summary, tables};
use crate::agent::config::LogFormat;
use crate::agent::metrics::{Door, Facts};
use crate::agent::{
    self, AgentConfig, Control, Files, Governor, Live, LiveEnd, LivePlugins, Locks, Log, Reloader,
};
use crate::cli::agent::AgentArgs;
use crate::cli::{end, status};
use crate::failure::Failure;
use crate::nearest::nearest;
use crate::replay::{Monitor, PluginFactory, Replay, Report};

/// Interfaces that a refusal names: more do not help to find a name.
const NAMED: usize = 12;

/// Runs the command.
#[must_use]
pub fn run(arguments: &AgentArgs) -> ExitCode {
    let config = match arguments.config() {
        Ok(config) => config,
        Err(failure) => return end(&[failure]),
    };
    let log = Log::start(config.log_level, config.log_format);
    let (is_json, is_check) = (config.log_format == LogFormat::Json, arguments.check);
    let failures = if is_check { check(arguments) } else { capture(arguments, config, &log) };
    let failures = failures.unwrap_or_else(|failure| vec![failure]);
    if is_json {
        failures.iter().for_each(|failure| tracing::error!("{failure}"));
        return status(&failures);
    }
    end(&failures)
}

fn check(arguments: &AgentArgs) -> Result<Vec<Failure>, Failure> {
    agent::check(arguments)?;
    terminal::print("OK\n");
    Ok(Vec::new())
}

fn capture(arguments: &AgentArgs, config: AgentConfig, log: &Log) -> Result<Vec<Failure>, Failure> {
    // In the network namespace that the process was started in.
    let door = config.metrics_listen.map(Door::open).transpose()?;
    if let Some(name) = &config.netns {
        // Before any thread is started: they all are to be in there.
        enter_namespace(name).map_err(refused)?;
    }
    let output = Output::new(terminal::output()?);
    let _locks = Locks::take(&config.interfaces, config.bpf.as_deref())?;
    // First what fails soon; plugins take a moment to compile.
    let options = LiveOptions {
        interfaces: config.interfaces.clone(),
        filter: config.bpf.clone(),
        promiscuous: config.promiscuous,
    };
    LiveCapture::check(&options).map_err(refused)?;
    let plugins = Arc::new(LivePlugins::load(&Files::of(&config))?);
    let tell = Teller(config.log_format);
    plugins.notes().iter().for_each(|note| tell.text(&format!("weir: note: {note}\n")));
    let stop = AtomicBool::new(false);
    let began = Instant::now();
    let deadline = config.duration.and_then(|duration| began.checked_add(duration));
    let threads = usize::from(config.threads);
    let facts =
        Arc::new(Facts::new(Monitor::new(threads), Arc::clone(&plugins), Governor::new(config.limits)));
    if let Some(door) = door {
        door.answer(&facts)?;
    }
    let worker_config = WorkerConfig { limits: plugins.limits() };
    let sinks = terminal::sinks(config.format);
    let replay = Replay {
        threads,
        config: &worker_config,
        plugins: &*plugins,
        sinks: &sinks,
        output: &output,
        monitor: Some(&facts.monitor),
    };
    let with_stats = config.stats;
    let reloader = Reloader {
        arguments,
        plugins: &plugins,
        governor: &facts.governor,
        log,
        counts: &facts.reloads,
        started: config.clone(),
        current: Mutex::new(config),
    };
    let mut report = Report::default();
    let ended = std::thread::scope(|scope| {
        let control = Control::start(scope, &stop, &reloader);
        let _control =
            control.map_err(|error| Failure::runtime(format_args!("can not listen for signals: {error}")))?;
        let _governing = facts.governor.start(scope, &facts.monitor)?;
        let capture = LiveCapture::open(&options).map_err(refused)?;
        if !capture.is_capturing() {
            tracing::warn!("no interface matches yet; waiting for one");
        }
        let mut live = Live::new(capture, &stop, deadline, &facts.monitor);
        facts.set_ready();
        let ended = replay.source(&mut live, &mut report);
        facts.set_ending();
        let LiveEnd { interfaces, frames, bytes } = live.end();
        (report.interfaces, report.frames, report.bytes) = (interfaces, frames, bytes);
        ended
    });
    report.failures.extend(ended.err());
    let costs = plugins.costs();
    if with_stats {
        tell.text(&tables::tables(&report, &costs));
    }
    if !report.interfaces.is_empty() {
        tell.text(&summary::summary(&report, &costs, began.elapsed()));
    }
    Ok(report.failures)
}

/// Says what is no event on standard error.
struct Teller(LogFormat);

impl Teller {
    fn text(&self, text: &str) {
        match self.0 {
            LogFormat::Text => say(text),
            LogFormat::Json => text.lines().for_each(|line| tracing::info!("{line}")),
        }
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
