//! Module `deepflow`: what its plugins may import.
//!
//! Takes: addresses in the guest's memory. Gives: what the original answers; where that would end the agent, 0 ("failed"). Nothing is
//! allocated for a length that a guest named.

use wasmtime::{Caller, Engine, Extern, Linker, Memory};

use super::call::Hook;
use crate::core_door::wasi;
use crate::guest::{HostState, Level, cut};
use crate::limits::LOG_LINE_BYTES;

pub(super) const MODULE: &str = "deepflow";

/// All nine: the last one is what agents of 2023 gave.
const NAMES: [&str; 9] = [
    "wasm_log",
    "vm_read_ctx_base",
    "vm_read_payload",
    "vm_read_http_req_info",
    "vm_read_http_resp_info",
    "vm_read_custom_message_info",
    "host_read_l7_protocol_info",
    "host_read_str_result",
    "host_read_http_result",
];

/// Answers.
const FAILED: u32 = 0;
const DONE: u32 = 1;
/// Of `vm_read_payload`: the buffer is too small.
const TOO_SMALL: u32 = u32::MAX;

type Guest<'a> = Caller<'a, HostState>;

/// True for what [`Imports`] defines.
pub(super) fn is_allowed(module: &str, name: &str) -> bool {
    match module {
        MODULE => NAMES.contains(&name),
        wasi::MODULE => wasi::is_known(name),
        _ => false,
    }
}

/// Everything that these modules may import, defined once an engine.
pub(crate) struct Imports(Linker<HostState>);

impl Imports {
    pub(crate) fn new(engine: &Engine) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(engine);
        linker.func_wrap(MODULE, "wasm_log", wasm_log)?;
        linker.func_wrap(MODULE, "vm_read_ctx_base", vm_read_ctx_base)?;
        linker.func_wrap(MODULE, "vm_read_payload", vm_read_payload)?;
        linker.func_wrap(
            MODULE,
            "vm_read_http_req_info",
            |guest: Guest<'_>, address: u32, length: u32| {
                vm_read_info(guest, Hook::HttpRequest, address, length)
            },
        )?;
        linker.func_wrap(MODULE, "vm_read_http_resp_info", vm_read_http_resp_info)?;
        linker.func_wrap(
            MODULE,
            "vm_read_custom_message_info",
            |guest: Guest<'_>, address: u32, length: u32| vm_read_info(guest, Hook::Custom, address, length),
        )?;
        linker.func_wrap(MODULE, "host_read_l7_protocol_info", host_read_l7_protocol_info)?;
        linker.func_wrap(MODULE, "host_read_str_result", host_read_str_result)?;
        linker.func_wrap(MODULE, "host_read_http_result", host_read_http_result)?;
        wasi::define(&mut linker)?;
        Ok(Self(linker))
    }

    pub(super) fn linker(&self) -> &Linker<HostState> {
        &self.0
    }
}

/// Looked up by name only while the guest starts.
#[inline]
fn memory(guest: &mut Guest<'_>) -> Option<Memory> {
    let known = guest.data().deepflow.memory;
    known.or_else(|| guest.get_export("memory").and_then(Extern::into_memory))
}

/// A range of the guest's memory; none when it does not lie inside.
#[inline]
fn range(memory: &[u8], address: u32, length: u32) -> Option<&[u8]> {
    memory.get(address as usize..)?.get(..length as usize)
}

/// Copies to where a guest said, when its buffer lies in its memory and is long enough.
#[inline]
fn hand_over(memory: &mut [u8], address: u32, length: u32, bytes: &[u8]) -> u32 {
    let buffer = memory.get_mut(address as usize..).and_then(|rest| rest.get_mut(..length as usize));
    match buffer.and_then(|buffer| buffer.get_mut(..bytes.len())) {
        Some(place) => {
            place.copy_from_slice(bytes);
            bytes.len() as u32
        }
        None => FAILED,
    }
}

fn wasm_log(mut guest: Guest<'_>, address: u32, length: u32, level: u32) {
    let Some(memory) = memory(&mut guest) else { return };
    let (bytes, state) = memory.data_and_store_mut(&mut guest);
    let level = match level {
        0 => Level::Info,
        2 => Level::Error,
        // 1, and what the original calls an unknown level and warns of too.
        _ => Level::Warn,
    };
    match range(bytes, address, length) {
        Some(line) => state.log(level, cut(line, LOG_LINE_BYTES)),
        None => state.log(Level::Warn, b"wasm_log: the text is not inside of its memory"),
    }
}

fn vm_read_ctx_base(mut guest: Guest<'_>, address: u32, length: u32) -> u32 {
    let Some(memory) = memory(&mut guest) else { return FAILED };
    let (bytes, state) = memory.data_and_store_mut(&mut guest);
    // Empty while no hook was called.
    hand_over(bytes, address, length, state.deepflow.context.bytes())
}

fn vm_read_payload(mut guest: Guest<'_>, address: u32, length: u32) -> u32 {
    let Some(memory) = memory(&mut guest) else { return FAILED };
    let (bytes, state) = memory.data_and_store_mut(&mut guest);
    let payload = &state.deepflow.payload;
    if payload.len() > length as usize && range(bytes, address, length).is_some() {
        return TOO_SMALL;
    }
    hand_over(bytes, address, length, payload)
}

/// What one hook alone is told. A buffer that is too small changes nothing: the guest may ask again.
fn vm_read_info(mut guest: Guest<'_>, hook: Hook, address: u32, length: u32) -> u32 {
    let Some(memory) = memory(&mut guest) else { return FAILED };
    let (bytes, state) = memory.data_and_store_mut(&mut guest);
    if state.deepflow.hook != hook {
        return wrong_hook(state);
    }
    hand_over(bytes, address, length, &state.deepflow.info)
}

/// Plugins of three ages have buffers of 2 bytes (the code), of 3 (and the status) and of more (and the endpoint): each gets what it
/// has room for.
fn vm_read_http_resp_info(mut guest: Guest<'_>, address: u32, length: u32) -> u32 {
    let Some(memory) = memory(&mut guest) else { return FAILED };
    let (bytes, state) = memory.data_and_store_mut(&mut guest);
    if state.deepflow.hook != Hook::HttpResponse {
        return wrong_hook(state);
    }
    let info = state.deepflow.info.as_slice();
    let given = match length as usize {
        2 => 2,
        length if length >= 3 && length < info.len() => 3,
        _ => info.len(),
    };
    hand_over(bytes, address, length, cut(info, given))
}

#[cold]
fn wrong_hook(state: &mut HostState) -> u32 {
    state.log(Level::Warn, b"it asks for what another hook is told");
    FAILED
}

fn host_read_l7_protocol_info(mut guest: Guest<'_>, address: u32, length: u32) -> wasmtime::Result<u32> {
    let Some(memory) = memory(&mut guest) else { return Ok(FAILED) };
    let (bytes, state) = memory.data_and_store_mut(&mut guest);
    let Some(list) = range(bytes, address, length) else { return Ok(FAILED) };
    let is_taken = state.deepflow.take_records(list)?;
    if !is_taken {
        state.log(Level::Warn, b"its list of records can not be read");
    }
    Ok(u32::from(is_taken))
}

fn host_read_str_result(mut guest: Guest<'_>, address: u32, length: u32) -> u32 {
    let Some(memory) = memory(&mut guest) else { return FAILED };
    let (bytes, state) = memory.data_and_store_mut(&mut guest);
    let Some(data) = range(bytes, address, length) else { return FAILED };
    if state.deepflow.take_text(data) { DONE } else { FAILED }
}

fn host_read_http_result(mut guest: Guest<'_>, address: u32, length: u32) -> u32 {
    let Some(memory) = memory(&mut guest) else { return FAILED };
    let (bytes, state) = memory.data_and_store_mut(&mut guest);
    let Some(data) = range(bytes, address, length) else { return FAILED };
    if state.deepflow.take_http_result(data) { DONE } else { FAILED }
}
