//! `weir replay`: puts plugins, sink and writer together, replays, and says on standard error what it was.

mod summary;
mod tables;

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::Instant;

use weir_pipeline::worker::WorkerConfig;
use weir_sinks::{JsonLines, Null, Output, Sink, Table, TableStyle};

pub(crate) use self::summary::grouped;
use crate::cli::{Format, ReplayArgs};
use crate::failure::Failure;
use crate::group_config::GroupConfig;
use crate::plugins::Plugins;
use crate::replay::{PluginFactory, Progress, Replay, Report};

/// Width of a table that goes to a file or a pipe: most requests fit, and so does the line on a wide screen.
const WIDTH_WITHOUT_TERMINAL: usize = 160;

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
    let output = match output() {
        Ok(file) => Output::new(file),
        Err(error) => {
            return vec![Failure::runtime(format_args!("can not write to standard output: {error}"))];
        }
    };
    let table = Table::new(style());
    let sinks = || -> Box<dyn Sink> {
        match arguments.format {
            Format::Jsonl => Box::new(JsonLines::default()),
            Format::Null => Box::new(Null::default()),
            Format::Table => Box::new(table.clone()),
        }
    };
    let replay =
        Replay { threads: usize::from(arguments.threads), config, plugins, sinks: &sinks, output: &output };
    let (mut report, mut progress) = (Report::default(), Progress::new(shows_progress(arguments.format)));
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

/// Standard output without the buffer of lines that the standard library puts before it: what comes is large already.
fn output() -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
    }
    #[cfg(windows)]
    {
        use std::os::windows::io::AsHandle;
        Ok(File::from(io::stdout().as_handle().try_clone_to_owned()?))
    }
}

/// Colours only where a person looks, and not where the person said no (no-color.org).
fn style() -> TableStyle {
    let terminal = io::stdout().is_terminal();
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let width = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
    let width = width.filter(|&width| terminal && width > 0).unwrap_or(WIDTH_WITHOUT_TERMINAL);
    TableStyle { width, color: terminal && !no_color }
}

/// A line that is written over would tear a table on the same terminal apart.
fn shows_progress(format: Format) -> bool {
    io::stderr().is_terminal() && (format == Format::Null || !io::stdout().is_terminal())
}

fn say(text: &str) {
    // Whoever closed standard error does not want to know.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
