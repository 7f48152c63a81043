//! `weir replay`: puts plugins, sink and writer together, replays, and says on standard error what it was.

use std::path::Path;
use std::time::Instant;

use weir_pipeline::worker::WorkerConfig;
use weir_sinks::Output;

use super::terminal::{self, say};
use super::{summary, tables};
use crate::cli::ReplayArgs;
use crate::failure::Failure;
use crate::group_config::GroupConfig;
use crate::plugins::Plugins;
use crate::replay::{PluginFactory, Progress, Replay, Report};

/// Runs the command. Failures come back in the order in which they happened; what could be read is printed all the same.
#[must_use]
pub fn run(arguments: &ReplayArgs) -> Vec<Failure> {
    match prepare(arguments) {
        Ok((plugins, config)) => {
            plugins.notes.iter().for_each(|note| say(&format!("weir: note: {note}\n")));
            run_with(arguments, &plugins, &config)
        }
        Err(failure) => vec![failure],
    }
}

fn prepare(arguments: &ReplayArgs) -> Result<(Plugins, WorkerConfig), Failure> {
    let file = arguments.group_config.as_deref();
    let config = file.map_or_else(|| Ok(GroupConfig::default()), GroupConfig::from_file)?;
    let plugins = Plugins::load(&config, file.unwrap_or(Path::new("")), &arguments.plugin)?;
    Ok((plugins, WorkerConfig { limits: config.limits }))
}

/// The same with plugins that somebody else chose; `--plugin` and `--group-config` mean nothing here.
#[must_use]
pub fn run_with(arguments: &ReplayArgs, plugins: &dyn PluginFactory, config: &WorkerConfig) -> Vec<Failure> {
    let began = Instant::now();
    let output = match terminal::output() {
        Ok(file) => Output::new(file),
        Err(failure) => return vec![failure],
    };
    let sinks = terminal::sinks(arguments.format);
    let replay = Replay {
        threads: usize::from(arguments.threads),
        config,
        plugins,
        sinks: &sinks,
        output: &output,
        monitor: None,
    };
    let (mut report, mut progress) =
        (Report::default(), Progress::new(terminal::shows_progress(arguments.format)));
    replay.run(&arguments.files, &mut progress, &mut report);
    let costs = plugins.costs();
    if arguments.stats {
        say(&tables::tables(&report, &costs));
    }
    // Where no file could be opened there is nothing to sum up: the failure's line says it all.
    if report.files > 0 {
        say(&summary::summary(&report, &costs, began.elapsed()));
    }
    report.failures
}
