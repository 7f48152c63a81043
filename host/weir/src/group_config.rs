//! Takes: the YAML of a group configuration. Gives: it checked against what the program knows. Does not do: loading the plugins
//! that it names, guessing: an unknown key or name and a wrong type are errors with their line.
//!
//! Keys are DeepFlow's where DeepFlow has them: `wasm-plugins` (also under `static_config:`, and as
//! `plugins: {wasm_plugins: ...}`) and `l7-protocol-enabled`.

mod limits;
pub(crate) mod read;
mod settings;
pub(crate) mod yaml;

#[cfg(target_os = "linux")]
mod named_files;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use weir_pipeline::limits::Limits;

#[cfg(target_os = "linux")]
pub(crate) use self::named_files::named_files;
pub use self::read::Text;
use self::read::unknown;
use self::yaml::{Entry, Node};
use crate::failure::Failure;

/// Larger than any configuration that a person wrote.
const FILE_BYTES: u64 = 1 << 20;

/// Keys of the file's top level.
const KEYS: [&str; 10] = [
    "wasm-plugins",
    "static_config",
    "plugins",
    "l7-protocol-enabled",
    "trace-id-headers",
    "span-id-headers",
    "x-request-id-headers",
    "plugin-config",
    "limits",
    "timeouts",
];

/// A group configuration.
#[derive(Clone, Debug, Default)]
pub struct GroupConfig {
    /// Which of the user's plugins run, in this order, and which built-in ones with hooks; none: all of the user's.
    pub wasm_plugins: Option<Vec<Text>>,
    /// Protocols that are parsed; none: all.
    pub protocols: Option<Vec<Text>>,
    /// Request headers that hold a trace id, the first one wins; none: what the plugins know.
    pub trace_id_headers: Option<Vec<Text>>,
    /// The same for span ids.
    pub span_id_headers: Option<Vec<Text>>,
    /// The same for request ids.
    pub x_request_id_headers: Option<Vec<Text>>,
    /// By plugin: what it gets when it asks for its configuration.
    pub plugin_config: BTreeMap<String, PluginSection>,
    /// The pipeline's limits and timeouts.
    pub limits: Limits,
}

/// What the file has for one plugin.
#[derive(Clone, Debug, Default)]
pub struct PluginSection {
    /// Where its name stands.
    pub line: usize,
    /// Its keys and values.
    pub values: BTreeMap<String, String>,
}

/// What is wrong with a group configuration, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub message: String,
}

impl ConfigError {
    /// An error in a line.
    pub fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }

    /// As the failure of a command; `file` is where the configuration came from.
    #[must_use]
    pub fn into_failure(self, file: &Path) -> Failure {
        self.in_file("group configuration", file)
    }

    /// The same of another kind of file.
    pub(crate) fn in_file(self, kind: &str, file: &Path) -> Failure {
        Failure::usage(format_args!("{kind}: {} line {}: {}", file.display(), self.line, self.message))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl GroupConfig {
    /// Reads a file.
    ///
    /// # Errors
    /// The file can not be read (exit status 1), or says something that is not understood (2).
    pub fn from_file(path: &Path) -> Result<Self, Failure> {
        let text = read_file(path).map_err(|error| {
            Failure::runtime(format_args!(
                "group configuration: can not read {}: {error}; check the path",
                path.display()
            ))
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::from_text(&text, folder).map_err(|error| error.into_failure(path))
    }

    /// Reads the text of a file that lies in `folder`, where the files that it names are looked for.
    ///
    /// # Errors
    /// The first thing that is not understood.
    pub fn from_text(text: &str, folder: &Path) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        if let Some(root) = yaml::parse(text)? {
            for entry in root.mapping("the file")? {
                config.top_level(entry, folder)?;
            }
        }
        Ok(config)
    }

    fn top_level(&mut self, entry: &Entry, folder: &Path) -> Result<(), ConfigError> {
        let (key, value) = (entry.key.as_str(), &entry.value);
        match key {
            "wasm-plugins" => self.plugins(value, key),
            "static_config" => self.only_plugins(entry, "wasm-plugins"),
            "plugins" => self.only_plugins(entry, "wasm_plugins"),
            "l7-protocol-enabled" => set(&mut self.protocols, value, key),
            "trace-id-headers" => set(&mut self.trace_id_headers, value, key),
            "span-id-headers" => set(&mut self.span_id_headers, value, key),
            "x-request-id-headers" => set(&mut self.x_request_id_headers, value, key),
            "plugin-config" => self.sections(value, folder),
            "limits" => limits::read_limits(&mut self.limits, value),
            "timeouts" => limits::read_timeouts(&mut self.limits, value),
            _ => Err(unknown(entry.line, "key", key, KEYS)),
        }
    }

    fn only_plugins(&mut self, section: &Entry, key: &str) -> Result<(), ConfigError> {
        for entry in section.value.mapping(&section.key)? {
            if entry.key != key {
                return Err(unknown(entry.line, "key", &entry.key, [key]));
            }
            self.plugins(&entry.value, key)?;
        }
        Ok(())
    }

    fn plugins(&mut self, value: &Node, key: &str) -> Result<(), ConfigError> {
        if self.wasm_plugins.is_some() {
            return Err(ConfigError::new(
                value.line,
                format!("`{key}` is there a second time; keep one of them"),
            ));
        }
        set(&mut self.wasm_plugins, value, key)
    }

    fn sections(&mut self, value: &Node, folder: &Path) -> Result<(), ConfigError> {
        for entry in value.mapping("plugin-config")? {
            let mut section = PluginSection { line: entry.line, ..PluginSection::default() };
            for setting in entry.value.mapping(&entry.key)? {
                section.values.insert(setting.key.clone(), settings::value(setting, folder)?);
            }
            self.plugin_config.insert(entry.key.clone(), section);
        }
        Ok(())
    }
}

/// A key with nothing behind it is as good as no key.
fn set(slot: &mut Option<Vec<Text>>, value: &Node, key: &str) -> Result<(), ConfigError> {
    if !value.is_null() {
        *slot = Some(value.texts(key)?);
    }
    Ok(())
}

/// The text of a configuration.
pub(crate) fn read_file(path: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    let read = std::fs::File::open(path)?.take(FILE_BYTES + 1).read_to_string(&mut text)?;
    if read as u64 > FILE_BYTES {
        return Err(std::io::Error::other("it is larger than 1 MiB"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
