//! Why a file is not a plugin that can run here. One line each; the caller adds the file's name.

use weir_pipeline::parse::parser::PluginFault;

use crate::guest::{Printable, cut};

/// Characters of an engine's error that are shown.
const LINE: usize = 400;

/// Bytes of a name that are shown.
const NAME: usize = 160;

/// Why a plugin was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// Exports `_start`.
    #[error("this is a program (it exports `_start`), not a plugin; build it as a reactor or a cdylib")]
    Command,
    /// Two plugins of one set.
    #[error("{what} `{name}` is claimed by the plugins `{first}` and `{second}`")]
    Conflict {
        /// `plugin name` or `protocol`.
        what: &'static str,
        /// What both claim.
        name: String,
        /// Who claimed it before.
        first: String,
        /// Who is refused.
        second: String,
    },
    /// `describe` broke.
    #[error("the plugin breaks in `{export}`: {fault}")]
    Fault {
        /// The call.
        export: &'static str,
        /// How.
        fault: PluginFault,
    },
    /// Asks for something that plugins are not given.
    #[error(
        "it imports `{name}` from `{module}`; a plugin may import log, config and count from `weir:plugin/host@0.1.0`, and \
         those functions of `wasi_snapshot_preview1` that need no rights (one that was built for DeepFlow's agent: the nine \
         functions of `deepflow`, and WASI)"
    )]
    Import {
        /// Where from.
        module: String,
        /// What.
        name: String,
    },
    /// Not valid Wasm, or a feature that is switched off.
    #[error("not valid WebAssembly: {0}")]
    Invalid(String),
    /// The manifest breaks a rule of `parser.wit`.
    #[error("bad manifest: {0}")]
    Manifest(String),
    /// Wants more memory at once than an instance may have.
    #[error("it wants {wanted} bytes of memory at once, the limit is {limit}")]
    Memory {
        /// Bytes.
        wanted: u64,
        /// Bytes.
        limit: u64,
    },
    /// Does not export what a parser must export.
    #[error("not a plugin: it does not export `{0}`")]
    MissingExport(String),
    /// Text, a picture, an ELF file.
    #[error("not a WebAssembly file (it does not begin with `\\0asm`)")]
    NotWasm,
    /// The machine refuses what the runtime needs.
    #[error("the Wasm runtime can not start: {0}")]
    Runtime(String),
    /// More bytes than allowed.
    #[error("{bytes} bytes long, the limit is {limit}")]
    TooLarge {
        /// Of the file.
        bytes: usize,
        /// Bytes.
        limit: usize,
    },
    /// Exported with another type.
    #[error("not a plugin: `{name}` is {found}, expected {expected}")]
    WrongType {
        /// The export or import.
        name: String,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A component whose imports or exports have other types than the contract's.
    #[error("a component, but not of a world of `weir:plugin@0.1.0`: {0}")]
    WrongWorld(String),
}

impl LoadError {
    /// Of names that a file chose: they are shown, so they must not do anything to a terminal.
    pub(crate) fn import(module: &str, name: &str) -> Self {
        let shown = |text: &str| Printable(cut(text.as_bytes(), NAME)).to_string();
        Self::Import { module: shown(module), name: shown(name) }
    }

    /// Of the engine's error.
    pub(crate) fn invalid(error: &wasmtime::Error) -> Self {
        Self::Invalid(Self::line(error))
    }

    /// An error and its causes in one line.
    pub(crate) fn line(error: &wasmtime::Error) -> String {
        let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
        let line = causes.join(": ").split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars().filter(|c| !c.is_control()).take(LINE).collect()
    }
}
