//! Takes: a plugin file, a capture, a group configuration. Gives: the plugin among the built-in ones, and replays with it whose
//! request logs and calls somebody looks at. Does not do: look at them.

use std::path::Path;

use weir_pipeline::hooks::hook::Hook;
use weir_pipeline::parse::parser::ProtocolParser;
use weir_pipeline::worker::WorkerConfig;
use weir_plugin_runtime::{Instance, Plugin};
use weir_sinks::{Output, Sink};

use super::print::Notice;
use crate::cli::plugin::TrafficArgs;
use crate::failure::Failure;
use crate::group_config::GroupConfig;
use crate::plugins::Plugins;
use crate::replay::{PluginFactory, Progress, Replay, Report};

/// The author's plugin, and all that runs beside it.
pub(super) struct Subject {
    pub(super) plugins: Plugins,
    pub(super) plugin: Plugin,
    pub(super) config: WorkerConfig,
}

/// Puts something around plugins. `own`: it is the author's.
pub(super) trait Wrap: Sync {
    fn parser(&self, parser: Box<dyn ProtocolParser>, own: bool) -> Box<dyn ProtocolParser> {
        let _ = own;
        parser
    }

    fn hook(&self, hook: Box<dyn Hook>, own: bool) -> Box<dyn Hook> {
        let _ = own;
        hook
    }
}

impl Subject {
    pub(super) fn load(arguments: &TrafficArgs) -> Result<Self, Failure> {
        let file = arguments.group_config.as_deref();
        let config = file.map_or_else(|| Ok(GroupConfig::default()), GroupConfig::from_file)?;
        let config_file = file.unwrap_or(Path::new(""));
        let notice = Notice::loading(&arguments.file);
        let loaded = Plugins::for_author(&config, config_file, &arguments.file);
        drop(notice);
        let (plugins, plugin) = loaded?;
        Ok(Self { plugins, plugin, config: WorkerConfig { limits: config.limits } })
    }

    pub(super) fn name(&self) -> &str {
        &self.plugin.manifest().name
    }

    /// As it stands in `plugin` of a request log.
    pub(super) fn label(&self) -> String {
        let manifest = self.plugin.manifest();
        format!("{}@{}", manifest.name, manifest.version)
    }

    /// An instance of the author's plugin, configured as in a replay.
    pub(super) fn instance(&self) -> Result<Instance, Failure> {
        self.plugin
            .instantiate(self.plugins.config_of(self.name()))
            .map_err(|fault| Failure::runtime(format_args!("plugin {} can not start: {fault}", self.name())))
    }

    /// Replays a capture as `weir replay` does, with `wrap` around the plugins.
    pub(super) fn replay(
        &self,
        capture: &Path,
        sink: &(dyn Fn() -> Box<dyn Sink> + Sync),
        wrap: &dyn Wrap,
    ) -> Result<(Report, Vec<u8>), Failure> {
        let plugins = Wrapped { subject: self, wrap };
        let output = Output::new(Vec::new());
        let replay = Replay {
            threads: 1,
            config: &self.config,
            plugins: &plugins,
            sinks: sink,
            output: &output,
            monitor: None,
        };
        let mut report = Report::default();
        replay.run(&[capture.to_owned()], &mut Progress::new(false), &mut report);
        match report.failures.pop() {
            Some(failure) => Err(failure),
            None => Ok((report, output.into_writer())),
        }
    }

    /// New instances of all plugins but the author's that parse.
    pub(super) fn other_parsers(&self) -> Result<Vec<Box<dyn ProtocolParser>>, Failure> {
        let mut parsers = self.plugins.parsers()?;
        parsers.retain(|parser| parser.manifest().name != self.name());
        Ok(parsers)
    }
}

/// Makes the plugins of a replay with something around them.
struct Wrapped<'a> {
    subject: &'a Subject,
    wrap: &'a dyn Wrap,
}

impl PluginFactory for Wrapped<'_> {
    fn parsers(&self) -> Result<Vec<Box<dyn ProtocolParser>>, Failure> {
        let wrapped = self.subject.plugins.parsers()?.into_iter().map(|parser| {
            let own = parser.manifest().name == self.subject.name();
            self.wrap.parser(parser, own)
        });
        Ok(wrapped.collect())
    }

    fn hooks(&self) -> Result<Vec<Box<dyn Hook>>, Failure> {
        let label = self.subject.label();
        let wrapped = self.subject.plugins.hooks()?.into_iter().map(|hook| {
            let own = **hook.plugin() == *label;
            self.wrap.hook(hook, own)
        });
        Ok(wrapped.collect())
    }
}
