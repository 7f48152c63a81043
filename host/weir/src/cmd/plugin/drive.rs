//! Takes: a plugin file, a capture, a group configuration. Gives: the plugin among the built-in ones, and replays with it whose
//! request logs and calls somebody looks at. Does not do: look at them.

use std::path::Path;

use weir_pipeline::parse::parser::ProtocolParser;
use weir_pipeline::worker::WorkerConfig;
use weir_plugin_runtime::Plugin;
use weir_sinks::{Output, Sink};

use crate::cli::plugin::TrafficArgs;
use crate::failure::Failure;
use crate::group_config::GroupConfig;
use crate::plugins::Plugins;
use crate::replay::{ParserFactory, Progress, Replay, Report};

/// The author's plugin, and all that runs beside it.
pub(super) struct Subject {
    pub(super) plugins: Plugins,
    pub(super) plugin: Plugin,
    pub(super) config: WorkerConfig,
}

impl Subject {
    pub(super) fn load(arguments: &TrafficArgs) -> Result<Self, Failure> {
        let file = arguments.group_config.as_deref();
        let config = file.map_or_else(|| Ok(GroupConfig::default()), GroupConfig::from_file)?;
        let config_file = file.unwrap_or(Path::new(""));
        let (plugins, plugin) = Plugins::for_author(&config, config_file, &arguments.file)?;
        Ok(Self { plugins, plugin, config: WorkerConfig { limits: config.limits } })
    }

    pub(super) fn name(&self) -> &str {
        &self.plugin.manifest().name
    }

    /// Replays a capture as `weir replay` does, with `wrap` around the author's plugin.
    pub(super) fn replay(
        &self,
        capture: &Path,
        sink: &(dyn Fn() -> Box<dyn Sink> + Sync),
        wrap: &(dyn Fn(Box<dyn ProtocolParser>) -> Box<dyn ProtocolParser> + Sync),
    ) -> Result<(Report, Vec<u8>), Failure> {
        let parsers = Wrapped { subject: self, wrap };
        let output = Output::new(Vec::new());
        let replay =
            Replay { threads: 1, config: &self.config, parsers: &parsers, sinks: sink, output: &output };
        let mut report = Report::default();
        replay.run(&[capture.to_owned()], &mut Progress::new(false), &mut report);
        match report.failures.pop() {
            Some(failure) => Err(failure),
            None => Ok((report, output.into_writer())),
        }
    }
}

/// Makes the parsers of a replay with something around one of them.
struct Wrapped<'a> {
    subject: &'a Subject,
    wrap: &'a (dyn Fn(Box<dyn ProtocolParser>) -> Box<dyn ProtocolParser> + Sync),
}

impl ParserFactory for Wrapped<'_> {
    fn parsers(&self) -> Result<Vec<Box<dyn ProtocolParser>>, Failure> {
        let parsers = self.subject.plugins.parsers()?.into_iter();
        let is_own = |parser: &dyn ProtocolParser| parser.manifest().name == self.subject.name();
        Ok(parsers.map(|p| if is_own(&*p) { (self.wrap)(p) } else { p }).collect())
    }
}
