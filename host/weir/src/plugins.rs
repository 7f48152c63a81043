//! Takes: a group configuration and plugin files. Gives: the plugins that run, in the order in which they are asked, and
//! instances of them for each worker. Does not do: compile or call plugins (that is `weir_plugin_runtime`).

mod protocols;

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use weir_builtin_plugins::Builtin;
use weir_pipeline::application::Change;
use weir_pipeline::hooks::HOOKS;
use weir_pipeline::hooks::hook::Hook;
use weir_pipeline::parse::parser::ProtocolParser;
use weir_plugin_runtime::{
    CodeCache, Instance, Limits, LoadError, Plugin, PluginConfig, PluginSet, PluginStats, Runtime,
    StatsHandle,
};

use crate::failure::Failure;
use crate::group_config::{ConfigError, GroupConfig, Text};
use crate::nearest::nearest;
use crate::replay::PluginFactory;

/// Plugins of a process, and the counters of all instances that were made of them.
#[derive(Debug)]
pub struct Plugins {
    active: Vec<(Plugin, PluginConfig)>,
    /// Names of those that came from files, in the order in which they were given, active or not.
    given: Vec<String>,
    /// By name: a hash of the file. Built-in plugins are what they are.
    digests: BTreeMap<String, u64>,
    counters: Mutex<Vec<(String, StatsHandle)>>,
    /// What a user should know though it is no error, a line each.
    pub notes: Vec<String>,
}

/// A plugin that was asked for by name, and the names that it goes by.
struct Given {
    plugin: Plugin,
    /// None: it is built in.
    file: Option<PathBuf>,
    digest: u64,
}

impl Plugins {
    /// Loads the built-in plugins and `files`, and leaves out what the configuration does not want. `config_file` is named in
    /// errors.
    ///
    /// # Errors
    /// A file that is not a plugin (exit status 1); a configuration that names what is not there (2).
    pub fn load(config: &GroupConfig, config_file: &Path, files: &[PathBuf]) -> Result<Self, Failure> {
        let runtime =
            Runtime::new(Limits::default(), &CodeCache::default()).map_err(|error| cannot_start(&error))?;
        Self::load_in(&runtime, config, config_file, files, false)
    }

    /// The same for the author of one plugin: backtraces have lines, no number of faults puts it into quarantine, and a built-in
    /// plugin that claims what it claims makes room for it. The author's plugin comes along.
    ///
    /// # Errors
    /// As [`Plugins::load`]; a configuration that leaves the plugin out (2).
    pub fn for_author(
        config: &GroupConfig,
        config_file: &Path,
        file: &Path,
    ) -> Result<(Self, Plugin), Failure> {
        let limits = Limits { faults: u32::MAX, ..Limits::default() };
        let runtime =
            Runtime::for_authors(limits, &CodeCache::default()).map_err(|error| cannot_start(&error))?;
        let plugins = Self::load_in(&runtime, config, config_file, &[file.to_owned()], true)?;
        let is_own = |plugin: &Plugin| plugins.given.first() == Some(&plugin.manifest().name);
        let own = plugins.active.iter().map(|(plugin, _)| plugin).find(|plugin| is_own(plugin)).cloned();
        match own {
            Some(plugin) => Ok((plugins, plugin)),
            None => Err(Failure::usage(format_args!(
                "group configuration: {} leaves {} out; add it to `wasm-plugins` and its protocol to `l7-protocol-enabled`",
                config_file.display(),
                file.display()
            ))),
        }
    }

    fn load_in(
        runtime: &Runtime,
        config: &GroupConfig,
        config_file: &Path,
        files: &[PathBuf],
        replaces_built_in: bool,
    ) -> Result<Self, Failure> {
        let given = files.iter().map(|file| load_file(runtime, file)).collect::<Result<Vec<_>, _>>()?;
        let digests = given.iter().map(|g| (g.plugin.manifest().name.clone(), g.digest)).collect();
        let names = given.iter().map(|given| given.plugin.manifest().name.clone()).collect();
        let in_config = |error: ConfigError| error.into_failure(config_file);
        let built_in = built_in(runtime, |built_in| built_in.parses)?;
        // The others are compiled only when somebody wants them.
        let named = |name: &str| config.wasm_plugins.iter().flatten().any(|wanted| wanted.text == name);
        let with_hooks = self::built_in(runtime, |built_in| !built_in.parses && named(built_in.name))?;
        let given = choose(given, with_hooks, config.wasm_plugins.as_deref()).map_err(in_config)?;
        let mut notes = Vec::new();
        let enabled = protocols::Enabled::new(config.protocols.as_deref(), &built_in, &given, &mut notes)
            .map_err(in_config)?;
        check_sections(config, &given).map_err(in_config)?;
        let mut set = PluginSet::default();
        // A user's plugin was asked for by name: it comes before those that everybody has.
        for Given { plugin, file, .. } in given.iter().filter(|g| enabled.given(&g.plugin)) {
            set.add(plugin.clone()).map_err(|e| conflict(file.as_deref(), &given, &e))?;
        }
        for plugin in built_in.iter().filter(|p| enabled.built_in(p)) {
            match set.add(plugin.clone()) {
                Err(LoadError::Conflict { .. }) if replaces_built_in => {}
                added => added.map_err(|error| conflict(None, &given, &error))?,
            }
        }
        let hooks = set.iter().filter(|plugin| !plugin.hooks().is_empty()).count();
        if hooks > HOOKS {
            return Err(Failure::usage(format_args!(
                "plugins: {hooks} plugins with hooks; a worker has room for {HOOKS}"
            )));
        }
        let active = set.iter().map(|plugin| (plugin.clone(), plugin_config(config, plugin))).collect();
        Ok(Self { active, given: names, digests, counters: Mutex::default(), notes })
    }
}

impl Plugins {
    /// What the plugin of that name gets when it asks.
    #[must_use]
    pub fn config_of(&self, name: &str) -> PluginConfig {
        let of = self.active.iter().find(|(plugin, _)| plugin.manifest().name == name);
        of.map(|(_, config)| config.clone()).unwrap_or_default()
    }

    /// By name of each active plugin: a number that is another one when its code or its configuration is.
    pub(crate) fn identities(&self) -> BTreeMap<String, u64> {
        let identity = |(plugin, config): &(Plugin, PluginConfig)| {
            let manifest = plugin.manifest();
            let digest = self.digests.get(&manifest.name).copied().unwrap_or_default();
            (manifest.name.clone(), hash(&(&manifest.version, digest, format!("{config:?}"))))
        };
        self.active.iter().map(identity).collect()
    }

    /// All parsers in the order in which they are asked: new instances, but for those that the worker has and keeps.
    pub(crate) fn changes(&self, keeps: impl Fn(&str) -> bool) -> Result<Vec<Change>, Failure> {
        let mut new =
            self.instances(|plugin| plugin.parses() && !keeps(&plugin.manifest().name))?.into_iter();
        let parsers = self.active.iter().map(|(plugin, _)| plugin).filter(|plugin| plugin.parses());
        let change = |plugin: &Plugin| match &plugin.manifest().name {
            name if keeps(name) => Some(Change::Keep(name.clone())),
            _ => new.next().map(|instance| Change::New(Box::new(instance))),
        };
        Ok(parsers.filter_map(change).collect())
    }

    /// Takes over what instances of other plugins counted, so that nothing is missing at the end.
    pub(crate) fn succeed(&self, others: &Self) {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        counters.append(&mut others.counters.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// A new instance of each active plugin that `wanted` names.
    fn instances(&self, wanted: impl Fn(&Plugin) -> bool) -> Result<Vec<Instance>, Failure> {
        let mut instances = Vec::new();
        for (plugin, config) in self.active.iter().filter(|(plugin, _)| wanted(plugin)) {
            let manifest = plugin.manifest();
            let name = format!("{}@{}", manifest.name, manifest.version);
            let instance = plugin
                .instantiate(config.clone())
                .map_err(|fault| Failure::runtime(format_args!("plugin {name} can not start: {fault}")))?;
            let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
            counters.push((name, instance.stats()));
            instances.push(instance);
        }
        Ok(instances)
    }
}

impl PluginFactory for Plugins {
    fn parsers(&self) -> Result<Vec<Box<dyn ProtocolParser>>, Failure> {
        let instances = self.instances(Plugin::parses)?;
        Ok(instances.into_iter().map(|instance| Box::new(instance) as _).collect())
    }

    fn hooks(&self) -> Result<Vec<Box<dyn Hook>>, Failure> {
        let instances = self.instances(|plugin| !plugin.hooks().is_empty())?;
        Ok(instances.into_iter().map(|instance| Box::new(instance) as _).collect())
    }

    fn costs(&self) -> BTreeMap<String, PluginStats> {
        let mut all = BTreeMap::<_, PluginStats>::new();
        for (plugin, handle) in self.counters.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            all.entry(plugin.clone()).or_default().merge(&handle.read());
        }
        all
    }
}

/// Tells two things of one process apart.
fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn cannot_start(error: &LoadError) -> Failure {
    Failure::runtime(format_args!("plugins: {error}"))
}

fn load_file(runtime: &Runtime, file: &Path) -> Result<Given, Failure> {
    let bytes = std::fs::read(file).map_err(|error| {
        Failure::runtime(format_args!("plugin: can not read {}: {error}; check the path", file.display()))
    })?;
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let plugin = runtime.load_named(&bytes, stem).map_err(|error| refused(Some(file), &error))?;
    let digest = hash(&bytes);
    Ok(Given { plugin, file: Some(file.to_owned()), digest })
}

fn refused(file: Option<&Path>, why: &impl fmt::Display) -> Failure {
    let file = file.unwrap_or(Path::new("built-in"));
    Failure::runtime(format_args!("plugin: {}: {why}", file.display()))
}

/// Why a plugin can not run beside those before it, with the files of both: two copies of one plugin have the same name.
fn conflict(file: Option<&Path>, given: &[Given], error: &LoadError) -> Failure {
    let LoadError::Conflict { what, name, first, second } = error else { return refused(file, error) };
    let before = given.iter().find(|g| g.plugin.manifest().name == *first).and_then(|g| g.file.as_deref());
    let place =
        |file: Option<&Path>| file.map_or_else(|| "built in".to_owned(), |file| file.display().to_string());
    let advice = if file.and(before).is_some() { "give only one of them" } else { "choose another name" };
    let why = format_args!(
        "{what} `{name}` is claimed by the plugins `{first}` ({}) and `{second}` ({}); {advice}",
        place(before),
        place(file)
    );
    // The file that its owner can do something about.
    refused(file.or(before), &why)
}

fn built_in(runtime: &Runtime, wanted: impl Fn(&Builtin) -> bool) -> Result<Vec<Plugin>, Failure> {
    weir_builtin_plugins::all()
        .iter()
        .filter(|built_in| wanted(built_in))
        .map(|built_in| {
            runtime
                .load(built_in.wasm)
                .map_err(|e| Failure::runtime(format_args!("built-in plugin {}: {e}", built_in.name)))
        })
        .collect()
}

/// Those that the configuration names, in its order. When it names none: all that were given, and no built-in one with hooks;
/// those change records, so nobody gets them unasked.
fn choose(
    mut given: Vec<Given>,
    with_hooks: Vec<Plugin>,
    names: Option<&[Text]>,
) -> Result<Vec<Given>, ConfigError> {
    let Some(names) = names else { return Ok(given) };
    given.extend(with_hooks.into_iter().map(|plugin| Given { plugin, file: None, digest: 0 }));
    let mut chosen = Vec::new();
    for name in names {
        let Some(place) = given.iter().position(|g| g.is_called(&name.text)) else {
            return Err(missing(name, &given, &chosen));
        };
        chosen.push(given.remove(place));
    }
    Ok(chosen)
}

fn missing(name: &Text, given: &[Given], chosen: &[Given]) -> ConfigError {
    if chosen.iter().any(|g| g.is_called(&name.text)) {
        return ConfigError::new(name.line, format!("`{}` is there a second time", name.text));
    }
    let built_in = weir_builtin_plugins::all().iter().filter(|b| !b.parses).map(|b| b.name);
    let names: Vec<&str> = given.iter().flat_map(Given::names).chain(built_in).collect();
    let near = nearest(&name.text, names.iter().copied());
    let near = near.map_or_else(String::new, |near| format!("the nearest name is `{near}`; else "));
    let message =
        format!("no plugin is called `{0}`; {near}give its file with `--plugin {0}.wasm`", name.text);
    ConfigError::new(name.line, message)
}

impl Given {
    fn names(&self) -> impl Iterator<Item = &str> {
        let stem = self.file.as_deref().and_then(Path::file_stem).and_then(|stem| stem.to_str());
        std::iter::once(self.plugin.manifest().name.as_str()).chain(stem)
    }

    fn is_called(&self, name: &str) -> bool {
        self.names().any(|n| n == name)
    }
}

fn check_sections(config: &GroupConfig, given: &[Given]) -> Result<(), ConfigError> {
    let given = || given.iter().map(|g| g.plugin.manifest().name.as_str());
    let plugins = || weir_builtin_plugins::all().iter().map(|built_in| built_in.name).chain(given());
    for (name, section) in &config.plugin_config {
        if !plugins().any(|plugin| plugin == name) {
            let hint =
                nearest(name, plugins()).map_or_else(String::new, |n| format!("; the nearest is `{n}`"));
            return Err(ConfigError::new(section.line, format!("no plugin is called `{name}`{hint}")));
        }
    }
    Ok(())
}

/// What a plugin gets when it asks: the header names that hold for all, then what is for it alone.
fn plugin_config(config: &GroupConfig, plugin: &Plugin) -> PluginConfig {
    let list = |key: &str, names: &Option<Vec<Text>>| {
        let names = names.as_ref()?.iter().map(|name| name.text.as_str());
        Some((key.to_owned(), names.collect::<Vec<_>>().join(",")))
    };
    let shared = [
        list("trace-id-headers", &config.trace_id_headers),
        list("span-id-headers", &config.span_id_headers),
        list("x-request-id-headers", &config.x_request_id_headers),
    ];
    let own = config.plugin_config.get(&plugin.manifest().name).map(|s| s.values.clone()).unwrap_or_default();
    shared.into_iter().flatten().chain(own).collect()
}
