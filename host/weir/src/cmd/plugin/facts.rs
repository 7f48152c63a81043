//! Takes: a plugin file. Gives: what the host says of it, its own loader asked, and what stands in the file. Does not do: print.

use std::path::Path;
use std::time::Instant;

use serde::Serialize;
use weir_pipeline::decode::Transport;
use weir_pipeline::hooks::hook::{Hook, HookKind};
use weir_pipeline::parse::parser::Signature;
use weir_plugin_runtime::{CodeCache, Limits, Plugin, PluginConfig, Runtime};

use super::module::{self, FileContent, Range};
use super::print::{Notice, harmless};
use crate::failure::Failure;

/// Everything that can be said of a plugin file.
#[derive(Debug, Serialize)]
pub(super) struct Facts {
    pub(super) file: String,
    pub(super) bytes: u64,
    /// `core module`, `component`, `module for DeepFlow's agent`, `not WebAssembly`.
    pub(super) kind: &'static str,
    /// Why the host does not take it, in the host's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refused: Option<String>,
    #[serde(flatten)]
    pub(super) identity: Option<Identity>,
    /// At first, and at most by its own will; bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) memory: Option<Range>,
    /// The host gives no more to one instance; bytes.
    pub(super) memory_limit: u64,
    /// Elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) table: Option<Range>,
    pub(super) table_limit: u64,
    pub(super) imports: Vec<String>,
    pub(super) load_milliseconds: u64,
    /// It was compiled before, and a replay finds the code too.
    pub(super) from_cache: bool,
}

/// What a plugin says of itself.
#[derive(Debug, Serialize)]
pub(super) struct Identity {
    pub(super) name: String,
    pub(super) version: String,
    /// `parser`, and hooks.
    pub(super) exports: Vec<String>,
    pub(super) protocols: Vec<String>,
    pub(super) signatures: Vec<SignatureFacts>,
    pub(super) hooks: Vec<HookFacts>,
}

/// What a hook wants to be shown; as `wanted` of the WIT.
#[derive(Debug, Serialize)]
pub(super) struct HookFacts {
    pub(super) hook: &'static str,
    pub(super) protocols: Vec<String>,
    pub(super) requests: bool,
    pub(super) responses: bool,
    pub(super) head: bool,
    pub(super) body_limit: u32,
    pub(super) required: bool,
}

/// A signature in words.
#[derive(Debug, Serialize)]
pub(super) struct SignatureFacts {
    pub(super) transport: &'static str,
    pub(super) offset: u32,
    /// Alternatives, what is not visible as `\xff`.
    pub(super) any_of: Vec<String>,
    pub(super) ports: Vec<u16>,
}

/// Reads a file and asks the loader.
pub(super) fn of_file(file: &Path) -> Result<(Facts, FileContent), Failure> {
    let wasm = read(file)?;
    let limits = Limits::default();
    let (memory_limit, table_limit) = (limits.memory as u64, limits.table_elements as u64);
    let runtime = Runtime::new(limits, &CodeCache::default())
        .map_err(|error| Failure::runtime(format_args!("plugins: {error}")))?;
    let began = Instant::now();
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let notice = Notice::loading(file);
    let loaded = runtime.load_named(&wasm, stem);
    drop(notice);
    let load_milliseconds = began.elapsed().as_millis() as u64;
    let content = module::read(&wasm);
    let main = content.main();
    let facts = Facts {
        file: file.display().to_string(),
        bytes: wasm.len() as u64,
        kind: loaded.as_ref().map_or(content.kind, Plugin::kind),
        refused: loaded.as_ref().err().map(ToString::to_string),
        identity: loaded.as_ref().ok().map(identity),
        memory: main.and_then(|module| module.memories.first().copied()),
        memory_limit,
        table: main.and_then(|module| module.tables.first().copied()),
        table_limit,
        imports: imports(&content),
        load_milliseconds,
        from_cache: runtime.is_all_from_cache(),
    };
    Ok((facts, content))
}

/// The host reads no more than it takes; what is longer is refused by its loader all the same.
fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| {
        Failure::runtime(format_args!("plugin: can not read {}: {error}; check the path", file.display()))
    })
}

/// The one place that asks the runtime what a plugin is.
fn identity(plugin: &Plugin) -> Identity {
    let manifest = plugin.manifest();
    let parser = plugin.parses().then(|| "parser".to_owned());
    let hooks = plugin.hooks().iter().map(|kind| format!("{}-hook", kind.name()));
    Identity {
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        exports: parser.into_iter().chain(hooks).collect(),
        protocols: manifest.protocols.iter().map(ToString::to_string).collect(),
        signatures: manifest.signatures.iter().map(signature).collect(),
        hooks: interests(plugin),
    }
}

/// What its hooks want when nothing is configured. A plugin that breaks when it starts was refused by the loader.
fn interests(plugin: &Plugin) -> Vec<HookFacts> {
    let Ok(instance) = plugin.instantiate(PluginConfig::default()) else { return Vec::new() };
    let facts = |kind: HookKind| {
        let interest = instance.interest(kind)?;
        Some(HookFacts {
            hook: kind.name(),
            protocols: interest.protocols.iter().map(ToString::to_string).collect(),
            requests: interest.requests,
            responses: interest.responses,
            head: interest.head,
            body_limit: interest.body_limit,
            required: interest.required,
        })
    };
    HookKind::ALL.into_iter().filter_map(facts).collect()
}

fn signature(signature: &Signature) -> SignatureFacts {
    SignatureFacts {
        transport: match signature.transport {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
        },
        offset: signature.offset,
        any_of: signature.any_of.iter().map(|bytes| bytes.escape_ascii().to_string()).collect(),
        ports: signature.ports.clone(),
    }
}

fn imports(content: &FileContent) -> Vec<String> {
    if !content.component_imports.is_empty() || content.kind == "component" {
        return content.component_imports.iter().map(|item| item.name.clone()).collect();
    }
    let items = content.modules.iter().flat_map(|module| &module.imports);
    items.map(|item| format!("{} {}", item.module.as_deref().unwrap_or_default(), item.name)).collect()
}

impl Facts {
    /// The failure of a file that is refused: the line that `weir replay --plugin` prints.
    pub(super) fn failure(&self) -> Option<Failure> {
        let why = self.refused.as_ref()?;
        Some(Failure::runtime(format_args!("plugin: {}: {why}", harmless(&self.file))))
    }
}
