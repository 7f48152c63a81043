//! What a core module may import: `host.wit` in the canonical layout, and WASI functions that grant nothing.

use wasmtime::{Caller, Engine, Extern, Linker, Memory};

use super::wasi;
use crate::fault::bad_answer;
use crate::guest::{HostState, Level, cut};
use crate::limits::{GUEST_COUNTER_BYTES, LOG_LINE_BYTES};

const HOST: &str = "weir:plugin/host@0.1.0";
/// Longest key of a configuration value; nobody types a longer one.
const KEY_BYTES: usize = 256;

type Guest<'a> = Caller<'a, HostState>;

/// True for what [`Imports`] defines.
pub(super) fn is_allowed(module: &str, name: &str) -> bool {
    match module {
        HOST => matches!(name, "log" | "config" | "count"),
        wasi::MODULE => wasi::is_known(name),
        _ => false,
    }
}

/// Everything that modules may import, defined once an engine.
pub(crate) struct Imports(Linker<HostState>);

impl Imports {
    pub(crate) fn new(engine: &Engine) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(engine);
        linker.func_wrap(HOST, "log", log)?;
        linker.func_wrap(HOST, "config", config)?;
        linker.func_wrap(HOST, "count", count)?;
        wasi::define(&mut linker)?;
        Ok(Self(linker))
    }

    pub(super) fn linker(&self) -> &Linker<HostState> {
        &self.0
    }
}

fn log(mut guest: Guest<'_>, level: u32, address: u32, length: u32) -> wasmtime::Result<()> {
    let Some(level) = Level::from_raw(level) else {
        return Err(bad_answer(format!("there is no log level {level}")).into());
    };
    let memory = memory(&mut guest)?;
    let (bytes, state) = memory.data_and_store_mut(&mut guest);
    state.log(level, cut(range(bytes, address, length)?, LOG_LINE_BYTES));
    Ok(())
}

fn count(mut guest: Guest<'_>, address: u32, length: u32, by: u64) -> wasmtime::Result<()> {
    let memory = memory(&mut guest)?;
    let (bytes, state) = memory.data_and_store_mut(&mut guest);
    // One byte more than allowed is enough to be refused.
    state.counters.count(cut(range(bytes, address, length)?, GUEST_COUNTER_BYTES + 1), by);
    Ok(())
}

/// Answers with an `option<string>` at `result`; the guest gives the memory for the text.
fn config(mut guest: Guest<'_>, address: u32, length: u32, result: u32) -> wasmtime::Result<()> {
    let memory = memory(&mut guest)?;
    let key = range(memory.data(&guest), address, length)?;
    let key = str::from_utf8(cut(key, KEY_BYTES + 1)).ok();
    let value = key.and_then(|key| guest.data().config.value(key)).map(str::to_owned);
    let mut answer = [0; 12];
    if let Some(value) = value {
        let place = place(&mut guest, value.as_bytes())?;
        answer[0] = 1;
        answer[4..8].copy_from_slice(&place.to_le_bytes());
        answer[8..].copy_from_slice(&(value.len() as u32).to_le_bytes());
    }
    write(&mut guest, result, &answer)
}

fn place(guest: &mut Guest<'_>, text: &[u8]) -> wasmtime::Result<u32> {
    if text.is_empty() {
        return Ok(1);
    }
    let Some(Extern::Func(realloc)) = guest.get_export("cabi_realloc") else {
        return Err(bad_answer("it exports no cabi_realloc".into()).into());
    };
    let realloc = realloc.typed::<(u32, u32, u32, u32), u32>(&*guest)?;
    let address = realloc.call(&mut *guest, (0, 0, 1, text.len() as u32))?;
    write(guest, address, text)?;
    Ok(address)
}

/// The guest's memory. A start function may call before it is there.
pub(super) fn memory(guest: &mut Guest<'_>) -> wasmtime::Result<Memory> {
    match guest.get_export("memory") {
        Some(Extern::Memory(memory)) => Ok(memory),
        _ => Err(bad_answer("it exports no memory".into()).into()),
    }
}

/// A range that a guest named.
pub(super) fn range(memory: &[u8], address: u32, length: u32) -> wasmtime::Result<&[u8]> {
    let rest = memory.get(address as usize..).and_then(|rest| rest.get(..length as usize));
    rest.ok_or_else(|| {
        bad_answer(format!("an import was given {address:#x}+{length}, outside of its memory")).into()
    })
}

/// Writes where a guest said.
pub(super) fn write(guest: &mut Guest<'_>, address: u32, bytes: &[u8]) -> wasmtime::Result<()> {
    let memory = memory(guest)?;
    range(memory.data(&*guest), address, bytes.len() as u32)?;
    Ok(memory.write(guest, address as usize, bytes)?)
}
