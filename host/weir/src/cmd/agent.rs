//! `weir agent`: puts interfaces, plugins, sink and writer together, captures until it is told to stop, and says on standard
//! error what it was.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use weir_capture::live::{LiveCapture, LiveError, LiveOptions, enter_namespace};
use weir_pipeline::worker::WorkerConfig;
use weir_sinks::Output;

use super::terminal::{self, say};
use super::{summary, tables};
use crate::agent::{Control, Live, LiveEnd, LivePlugins, Locks};
use crate::cli::agent::AgentArgs;
use crate::failure::Failure;
use crate::nearest::nearest;
use crate::replay::{PluginFactory, Replay, Report};

/// Interfaces that a refusal names: more do not help to find a name.
const NAMED: usize = 12;

/// Runs the command.
#[must_use]
pub fn run(arguments: &AgentArgs) -> Vec<Failure> {
    match try_run(arguments) {
        Ok(failures) => failures,
        Err(failure) => vec![failure],
    }
}

fn try_run(arguments: &AgentArgs) -> Result<Vec<Failure>, Failure> {
    if let Some(name) = &arguments.netns {
        // Before any thread is started: they all are to be in there.
        enter_namespace(name).map_err(refused)?;
    }
    let output = Output::new(terminal::output()?);
    let _locks = Locks::take(&arguments.interfaces, arguments.bpf.as_deref())?;
    // First what fails soon; plugins take a moment to compile.
    let options = LiveOptions {
        interfaces: arguments.interfaces.clone(),
        filter: arguments.bpf.clone(),
        promiscuous: arguments.promiscuous,
    };
    LiveCapture::check(&options).map_err(refused)?;
    let plugins = LivePlugins::load(arguments.group_config.as_deref(), &arguments.plugin)?;
    plugins.notes().iter().for_each(|note| say(&format!("weir: note: {note}\n")));
    let stop = AtomicBool::new(false);
    let began = Instant::now();
    let deadline = arguments.duration.and_then(|duration| began.checked_add(duration));
    let config = WorkerConfig { limits: plugins.limits().clone() };
    let sinks = terminal::sinks(arguments.format);
    let replay = Replay {
        threads: usize::from(arguments.threads),
        config: &config,
        plugins: &plugins,
        sinks: &sinks,
        output: &output,
    };
    let mut report = Report::default();
    let ended = std::thread::scope(|scope| {
        let control = Control::start(scope, &stop, &plugins);
        let _control =
            control.map_err(|error| Failure::runtime(format_args!("can not listen for signals: {error}")))?;
        let capture = LiveCapture::open(&options).map_err(refused)?;
        if !capture.is_capturing() {
            tracing::warn!("no interface matches yet; waiting for one");
        }
        let mut live = Live::new(capture, &stop, deadline);
        let ended = replay.source(&mut live, &mut report);
        let LiveEnd { interfaces, frames, bytes } = live.end();
        (report.interfaces, report.frames, report.bytes) = (interfaces, frames, bytes);
        ended
    });
    report.failures.extend(ended.err());
    let costs = plugins.costs();
    if arguments.stats {
        say(&tables::tables(&report, &costs));
    }
    if !report.interfaces.is_empty() {
        say(&summary::summary(&report, &costs, began.elapsed()));
    }
    Ok(report.failures)
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
