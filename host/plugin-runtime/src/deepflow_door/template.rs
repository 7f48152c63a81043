//! A compiled module that was built for DeepFlow's agent. Takes: a module and the name of its file. Gives: instances of it.

use wasmtime::{ExternType, Instance, InstancePre, Module, Store};
use weir_pipeline::decode::Transport;
use weir_pipeline::parse::parser::{Manifest, Signature};

use super::hooks::Exports;
use super::imports::{self, MODULE};
use super::{DeepflowDoor, HookFunction};
use crate::core_door::{check_memory, is_i32s, type_name};
use crate::fault::bad_answer;
use crate::guest::HostState;
use crate::load_error::LoadError;
use crate::plugin::MANIFEST_TEXT;
use crate::runtime::Shared;

const BITMAP: &str = "get_hook_bitmap";
const CHECK: &str = "check_payload";
const PARSE: &str = "parse_payload";
const HTTP_REQUEST: &str = "on_http_req";
const HTTP_RESPONSE: &str = "on_http_resp";
const CUSTOM: &str = "on_custom_message";
const CUSTOM_HOOK: &str = "get_custom_message_hook";
/// A program's start; DeepFlow's toolchains build programs. Reactors (Go) have the other one.
const START: &str = "_start";
const INITIALIZE: &str = "_initialize";

/// Exported functions: name, how many `i32` they give, whether they must be there. None takes anything.
const EXPORTS: [(&str, usize, bool); 9] = [
    (CHECK, 1, true),
    (PARSE, 1, true),
    (HTTP_REQUEST, 1, true),
    (HTTP_RESPONSE, 1, true),
    (BITMAP, 1, true),
    (CUSTOM, 1, false),
    (CUSTOM_HOOK, 1, false),
    (START, 0, false),
    (INITIALIZE, 0, false),
];

/// Configuration key: how much of a payload the plugin is shown, in bytes.
const TRUNCATION: &str = "payload-truncation";
/// Its default and its bounds are DeepFlow's.
const DEFAULT_TRUNCATION: usize = 1024;
const TRUNCATIONS: std::ops::RangeInclusive<usize> = 256..=65535;

/// The version of plugins that have none.
const VERSION: &str = "0.0.0";
/// Begins the names: `http.wasm` and `dns.wasm` are usual, and built-in plugins are called so.
const NAME: &str = "deepflow";

/// Begins the made-up names of protocols.
const PROTOCOL: &str = "custom:";

/// True for modules that this door is made for.
pub(crate) fn is_for_deepflow(module: &Module) -> bool {
    let exports = |name| module.get_export(name).is_some();
    module.imports().any(|import| import.module() == MODULE)
        || exports(BITMAP) && (exports(CHECK) || exports(PARSE))
}

/// What instances are made from.
pub(crate) struct DeepflowTemplate {
    pre: InstancePre<HostState>,
    name: String,
}

impl DeepflowTemplate {
    /// `file`: what to call the plugin; these modules do not have names.
    pub(crate) fn new(runtime: &Shared, module: &Module, file: &str) -> Result<Self, LoadError> {
        let strange = module.imports().find(|import| !imports::is_allowed(import.module(), import.name()));
        if let Some(import) = strange {
            return Err(LoadError::import(import.module(), import.name()));
        }
        check_exports(module)?;
        check_memory(module, runtime.limits.memory as u64)?;
        let pre = runtime.deepflow_imports.linker().instantiate_pre(module);
        Ok(Self { pre: pre.map_err(|e| LoadError::invalid(&e))?, name: plugin_name(file) })
    }

    /// In the order of the original: the module is started, then asked what it hooks.
    pub(crate) fn open(&self, store: &mut Store<HostState>) -> wasmtime::Result<DeepflowDoor> {
        let instance = self.pre.instantiate(&mut *store)?;
        store.data_mut().deepflow.memory = instance.get_memory(&mut *store, "memory");
        let start = [START, INITIALIZE].into_iter().find_map(|name| instance.get_func(&mut *store, name));
        if let Some(start) = start {
            start.call(&mut *store, &[], &mut [])?;
        }
        let hooks = u128::from_be_bytes(asked(instance, store, BITMAP)?);
        let parses = hooks & 1 != 0;
        let wish = u64::from_be_bytes(asked(instance, store, CUSTOM_HOOK)?);
        let hook = |store: &mut Store<HostState>, name| -> wasmtime::Result<HookFunction> {
            instance.get_typed_func(store, name)
        };
        let truncation = truncation(store.data_mut());
        let custom = hook(store, CUSTOM).ok();
        let hooks = Exports {
            on_http_req: Some(hook(store, HTTP_REQUEST)?).filter(|_| hooks & 1 << 127 != 0),
            on_http_resp: Some(hook(store, HTTP_RESPONSE)?).filter(|_| hooks & 1 << 126 != 0),
            on_custom_message: custom.filter(|_| hooks & 1 << 125 != 0),
            custom_messages: Exports::custom_messages(wish),
        };
        Ok(DeepflowDoor {
            check_payload: hook(store, CHECK)?,
            parse_payload: hook(store, PARSE)?,
            hooks,
            parses,
            truncation,
            manifest: self.manifest(parses),
        })
    }

    /// The plugin is asked about every connection, since it says of itself only that it parses. The name of its protocol is made up;
    /// records have the names that `check_payload` gives.
    fn manifest(&self, parses: bool) -> Manifest {
        let everything =
            |transport| Signature { transport, offset: 0, any_of: Vec::new(), ports: Vec::new() };
        let signatures = [Transport::Tcp, Transport::Udp].map(everything);
        Manifest {
            name: self.name.clone(),
            version: VERSION.into(),
            protocols: if parses { vec![format!("{PROTOCOL}{}", self.name).into()] } else { Vec::new() },
            signatures: if parses { signatures.into() } else { Vec::new() },
        }
    }
}

/// What stands where an export points to; zeros for 0, and where there is no such export.
fn asked<const N: usize>(
    instance: Instance,
    store: &mut Store<HostState>,
    name: &str,
) -> wasmtime::Result<[u8; N]> {
    let Ok(function) = instance.get_typed_func::<(), u32>(&mut *store, name) else { return Ok([0; N]) };
    let address = function.call(&mut *store, ())?;
    if address == 0 {
        return Ok([0; N]);
    }
    let memory = store.data().deepflow.memory;
    let bytes =
        memory.and_then(|memory| memory.data(&*store).get(address as usize..)?.first_chunk().copied());
    let wrong = || bad_answer(format!("{name}: {N} bytes at {address:#x} are not inside of its memory"));
    Ok(bytes.ok_or_else(wrong)?)
}

fn truncation(state: &mut HostState) -> usize {
    let Some(text) = state.config.value(TRUNCATION) else { return DEFAULT_TRUNCATION };
    let given = text.parse().ok().filter(|bytes| TRUNCATIONS.contains(bytes));
    given.unwrap_or_else(|| {
        let (from, to) = TRUNCATIONS.into_inner();
        tracing::warn!(
            "{TRUNCATION}: `{text}` is not a number from {from} to {to}; {DEFAULT_TRUNCATION} is used"
        );
        DEFAULT_TRUNCATION
    })
}

fn check_exports(module: &Module) -> Result<(), LoadError> {
    for (name, gives, needed) in EXPORTS {
        match module.get_export(name) {
            None if needed => return Err(LoadError::MissingExport(name.into())),
            None => {}
            Some(ExternType::Func(found)) if is_i32s(&found, 0, gives) => {}
            Some(other) => {
                let expected = format!("a function (0 x i32) -> ({gives} x i32)");
                return Err(LoadError::WrongType { name: name.into(), expected, found: type_name(&other) });
            }
        }
    }
    let starts = [START, INITIALIZE].iter().any(|name| module.get_export(name).is_some());
    if starts { Ok(()) } else { Err(LoadError::MissingExport(START.into())) }
}

/// A name by the rules for manifests, made of a file's: `wasm_test` becomes `deepflow-wasm-test`.
fn plugin_name(file: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let file: String = file.chars().map(letter).collect();
    let file = file.strip_prefix(NAME).unwrap_or(&file).trim_matches('-');
    let name = if file.is_empty() { NAME.to_owned() } else { format!("{NAME}-{file}") };
    name[..name.len().min(MANIFEST_TEXT - PROTOCOL.len())].to_owned()
}
