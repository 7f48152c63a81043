//! What went wrong in a guest. Takes: wasmtime's error. Gives: a [`PluginFault`] of the right kind, in one line, and beside it
//! for who asks the functions that were running.

use std::cell::RefCell;

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

/// Functions that only carry the news: those of the language's runtime, by how their names begin.
const MESSENGERS: [&str; 12] = [
    "core::",
    "std::",
    "alloc::",
    "<core::",
    "<std::",
    "<alloc::",
    "rust_",
    "__rust",
    "_$LT$core",
    "abort",
    "runtime.",
    "internal/",
];

/// In the paths of the standard library's sources, wherever they lie.
const STANDARD_LIBRARY: [&str; 3] = ["/library/core/src/", "/library/alloc/src/", "/library/std/src/"];

/// A function that was running when a plugin broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestFrame {
    /// Its name, readable; `function 7` where the module names none.
    pub function: String,
    /// `file:line`, where the module has debug information and [`Runtime::for_authors`](crate::Runtime::for_authors) loaded it.
    pub place: Option<String>,
    /// It belongs to the language's runtime or standard library: its author did not write it.
    pub is_runtime: bool,
}

impl GuestFrame {
    fn new(function: String, place: Option<String>) -> Self {
        let is_standard = |place: &String| STANDARD_LIBRARY.iter().any(|path| place.contains(path));
        let is_runtime = is_messenger(&function) || place.as_ref().is_some_and(is_standard);
        Self { function, place, is_runtime }
    }
}

fn is_messenger(function: &str) -> bool {
    MESSENGERS.iter().any(|prefix| function.starts_with(prefix))
}

thread_local! {
    /// Beside the fault and not in it: the pipeline has no use for it, and the log has no room.
    static BACKTRACE: RefCell<Vec<GuestFrame>> = const { RefCell::new(Vec::new()) };
}

/// What was running when the last call that this thread made broke, innermost first; nothing when no guest was running (it
/// answered nonsense), or when somebody asked before.
#[must_use]
pub fn take_backtrace() -> Vec<GuestFrame> {
    BACKTRACE.take()
}

#[cold]
pub(crate) fn bad_answer(detail: String) -> PluginFault {
    BACKTRACE.take();
    PluginFault { kind: FaultKind::BadAnswer, detail }
}

#[cold]
pub(crate) fn too_much(detail: String) -> PluginFault {
    BACKTRACE.take();
    PluginFault { kind: FaultKind::TooMuch, detail }
}

/// Why a call of `export` did not come back.
#[cold]
pub(crate) fn of_call(error: &wasmtime::Error, state: &HostState, export: &str) -> PluginFault {
    let trace = error.downcast_ref::<WasmBacktrace>();
    BACKTRACE.replace(trace.map(frames).unwrap_or_default());
    let place = trace.map(place).unwrap_or_default();
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

/// The functions that were running; one that the compiler put into another is told before it.
fn frames(trace: &WasmBacktrace) -> Vec<GuestFrame> {
    let mut frames = Vec::new();
    for frame in trace.frames() {
        // Of the function itself the module's name is the longer one; debug information has no paths.
        let whole = || frame.func_name().map_or_else(|| format!("function {}", frame.func_index()), readable);
        if frame.symbols().is_empty() {
            frames.push(GuestFrame::new(whole(), None));
        }
        for (number, symbol) in frame.symbols().iter().enumerate() {
            let is_inner = number + 1 < frame.symbols().len();
            let function = symbol.name().filter(|_| is_inner).map_or_else(whole, readable);
            let line = symbol.line().map_or_else(String::new, |line| format!(":{line}"));
            let place = symbol.file().map(|file| format!("{}{line}", short(file)));
            frames.push(GuestFrame::new(function, place));
        }
    }
    frames
}

/// The topmost function that an author knows, else the topmost one.
fn place(trace: &WasmBacktrace) -> String {
    let names: Vec<String> =
        trace.frames().iter().filter_map(|frame| frame.func_name()).map(readable).collect();
    let known = names.iter().find(|name| !is_messenger(name));
    known.or(names.first()).map(|name| format!(" in `{name}`")).unwrap_or_default()
}

fn readable(name: &str) -> String {
    short(&format!("{:#}", demangle(&name[..name.floor_char_boundary(MANGLED_BYTES)])))
}

/// The first line, cut.
fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line = line.strip_prefix("wasm trap: ").unwrap_or(line);
    line.chars().filter(|c| !c.is_control()).take(NAME_BYTES).collect()
}
