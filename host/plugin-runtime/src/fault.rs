//! What went wrong in a guest. Takes: wasmtime's error. Gives: a [`PluginFault`] of the right kind, in one line.

use rustc_demangle::demangle;
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};
use weir_pipeline::parse::parser::{FaultKind, PluginFault};

use crate::guest::HostState;

/// Names of functions can be as long as their author likes.
const NAME_BYTES: usize = 160;
/// Before they are made readable.
const MANGLED_BYTES: usize = 1024;

/// wasmtime's words (the type of that error is private): the answer of a component is larger than what it may make the
/// host allocate. A test fails when they change.
const LIFTED_TOO_MUCH: &str = "too much data is being copied";

/// Functions that only carry the news.
const MESSENGERS: [&str; 8] =
    ["core::", "std::", "alloc::", "rust_", "__rust", "_$LT$core", "abort", "runtime."];

#[cold]
pub(crate) fn bad_answer(detail: String) -> PluginFault {
    PluginFault { kind: FaultKind::BadAnswer, detail }
}

#[cold]
pub(crate) fn too_much(detail: String) -> PluginFault {
    PluginFault { kind: FaultKind::TooMuch, detail }
}

/// Why a call of `export` did not come back.
#[cold]
pub(crate) fn of_call(error: &wasmtime::Error, state: &HostState, export: &str) -> PluginFault {
    let place = error.downcast_ref::<WasmBacktrace>().map(place).unwrap_or_default();
    if let Some(fault) = error.downcast_ref::<PluginFault>() {
        return PluginFault { kind: fault.kind, detail: format!("{export}: {}{place}", fault.detail) };
    }
    let trap = error.downcast_ref::<Trap>();
    let reason = || short(&error.root_cause().to_string());
    let (kind, what) = match (trap, state.refused()) {
        (Some(Trap::Interrupt), _) => (FaultKind::Deadline, "it did not come back in time".to_owned()),
        (_, Some(refused)) => (FaultKind::Memory, format!("it wanted more {refused} than it may have")),
        (Some(_), None) => (FaultKind::Trap, reason()),
        (None, None) if reason().starts_with(LIFTED_TOO_MUCH) => {
            (FaultKind::TooMuch, "too long an answer".to_owned())
        }
        (None, None) if error.is::<PoolConcurrencyLimitError>() => {
            (FaultKind::Memory, "there is no room for one more instance".to_owned())
        }
        // An import that refused, or wasmtime while it lifted the answer.
        (None, None) if error.is::<WasmBacktrace>() => (FaultKind::Trap, reason()),
        (None, None) => (FaultKind::BadAnswer, reason()),
    };
    PluginFault { kind, detail: format!("{export}: {what}{place}") }
}

/// The topmost function that an author knows, else the topmost one.
fn place(trace: &WasmBacktrace) -> String {
    let names: Vec<String> = trace
        .frames()
        .iter()
        .filter_map(|frame| frame.func_name())
        .map(|name| format!("{:#}", demangle(&name[..name.floor_char_boundary(MANGLED_BYTES)])))
        .collect();
    let known = names.iter().find(|name| !MESSENGERS.iter().any(|prefix| name.starts_with(prefix)));
    known.or(names.first()).map(|name| format!(" in `{}`", short(name))).unwrap_or_default()
}

/// The first line, cut.
fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line = line.strip_prefix("wasm trap: ").unwrap_or(line);
    line.chars().filter(|c| !c.is_control()).take(NAME_BYTES).collect()
}
