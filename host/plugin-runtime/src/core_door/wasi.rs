//! The functions of `wasi_snapshot_preview1` that toolchains insist on. None of them grants anything.
//!
//! No arguments, no environment, no files, no sockets. Output goes to the plugin's log, the clock shows the event time,
//! random numbers are the same on every run, waiting takes no time, `proc_exit` is a fault. Signatures and error
//! numbers: WASI preview 1, `typenames.witx` and `wasi_snapshot_preview1.witx`.

use wasmtime::{Caller, FuncType, Linker, Val, ValType};
use weir_pipeline::parse::parser::{FaultKind, PluginFault};

use super::imports::{memory, range, write};
use super::layout::{u32_at, u64_at};
use crate::guest::{HostState, Level};
use crate::limits::LOG_LINE_BYTES;

pub(crate) const MODULE: &str = "wasi_snapshot_preview1";

/// `errno`.
const SUCCESS: u32 = 0;
const BADF: u32 = 8;
const INVAL: u32 = 28;
const SPIPE: u32 = 70;

/// More than any caller asks for at once; bounds the time spent here.
const RANDOM_BYTES: u32 = 64 << 10;
/// Buffers of one `fd_write`.
const BUFFERS: u32 = 64;
/// Subscriptions of one `poll_oneoff`.
const SUBSCRIPTIONS: u32 = 64;
const SUBSCRIPTION_BYTES: u32 = 48;
const EVENT_BYTES: u32 = 32;

type Guest<'a> = Caller<'a, HostState>;
type Answer = wasmtime::Result<u32>;

/// Functions over files: there are none, so no descriptor is good. Name and parameters (`i` 32, `l` 64 bits).
const FILES: [(&str, &str); 30] = [
    ("fd_advise", "illi"),
    ("fd_allocate", "ill"),
    ("fd_close", "i"),
    ("fd_datasync", "i"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_fdstat_set_rights", "ill"),
    ("fd_filestat_get", "ii"),
    ("fd_filestat_set_size", "il"),
    ("fd_filestat_set_times", "illi"),
    ("fd_pread", "iiili"),
    ("fd_prestat_get", "ii"),
    ("fd_prestat_dir_name", "iii"),
    ("fd_pwrite", "iiili"),
    ("fd_read", "iiii"),
    ("fd_readdir", "iiili"),
    ("fd_renumber", "ii"),
    ("fd_sync", "i"),
    ("fd_tell", "ii"),
    ("path_create_directory", "iii"),
    ("path_filestat_get", "iiiii"),
    ("path_filestat_set_times", "iiiilli"),
    ("path_link", "iiiiiii"),
    ("path_open", "iiiiillii"),
    ("path_readlink", "iiiiii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("path_unlink_file", "iii"),
    ("sock_accept", "iii"),
    ("sock_shutdown", "ii"),
];

/// Functions that answer something.
const OTHERS: [&str; 13] = [
    "args_get",
    "args_sizes_get",
    "clock_res_get",
    "clock_time_get",
    "environ_get",
    "environ_sizes_get",
    "fd_fdstat_get",
    "fd_seek",
    "fd_write",
    "poll_oneoff",
    "proc_exit",
    "random_get",
    "sched_yield",
];

pub(crate) fn is_known(name: &str) -> bool {
    OTHERS.contains(&name) || FILES.iter().any(|(file, _)| *file == name)
}

pub(crate) fn define(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    for (name, parameters) in FILES {
        let parameters = parameters.chars().map(|c| if c == 'l' { ValType::I64 } else { ValType::I32 });
        let ty = FuncType::new(linker.engine(), parameters, [ValType::I32]);
        linker.func_new(MODULE, name, ty, |_, _, results| {
            results.iter_mut().for_each(|result| *result = Val::I32(BADF as i32));
            Ok(())
        })?;
    }
    linker.func_wrap(MODULE, "args_get", |_: u32, _: u32| SUCCESS)?;
    linker.func_wrap(MODULE, "args_sizes_get", no_strings)?;
    linker.func_wrap(MODULE, "clock_res_get", clock_res_get)?;
    linker.func_wrap(MODULE, "clock_time_get", clock_time_get)?;
    linker.func_wrap(MODULE, "environ_get", |_: u32, _: u32| SUCCESS)?;
    linker.func_wrap(MODULE, "environ_sizes_get", no_strings)?;
    linker.func_wrap(MODULE, "fd_fdstat_get", fd_fdstat_get)?;
    linker.func_wrap(
        MODULE,
        "fd_seek",
        |fd: u32, _: u64, _: u32, _: u32| if fd < 3 { SPIPE } else { BADF },
    )?;
    linker.func_wrap(MODULE, "fd_write", fd_write)?;
    linker.func_wrap(MODULE, "poll_oneoff", poll_oneoff)?;
    linker.func_wrap(MODULE, "proc_exit", proc_exit)?;
    linker.func_wrap(MODULE, "random_get", random_get)?;
    linker.func_wrap(MODULE, "sched_yield", || SUCCESS)?;
    Ok(())
}

fn read<const N: usize>(guest: &mut Guest<'_>, address: u32) -> wasmtime::Result<[u8; N]> {
    let memory = memory(guest)?;
    let mut bytes = [0; N];
    bytes.copy_from_slice(range(memory.data(&*guest), address, N as u32)?);
    Ok(bytes)
}

/// No arguments, no environment: no strings of no bytes.
fn no_strings(mut guest: Guest<'_>, count: u32, bytes: u32) -> Answer {
    write(&mut guest, count, &[0; 4])?;
    write(&mut guest, bytes, &[0; 4])?;
    Ok(SUCCESS)
}

fn clock_res_get(mut guest: Guest<'_>, _: u32, result: u32) -> Answer {
    write(&mut guest, result, &1_000_u64.to_le_bytes())?;
    Ok(SUCCESS)
}

/// All clocks show the same time.
fn clock_time_get(mut guest: Guest<'_>, _: u32, _: u64, result: u32) -> Answer {
    let time = guest.data().clock();
    write(&mut guest, result, &time.to_le_bytes())?;
    Ok(SUCCESS)
}

/// Descriptors 0 to 2 are character devices that can be written to.
fn fd_fdstat_get(mut guest: Guest<'_>, fd: u32, result: u32) -> Answer {
    const CHARACTER_DEVICE: u8 = 2;
    const RIGHT_FD_WRITE: u8 = 1 << 6;
    if fd > 2 {
        return Ok(BADF);
    }
    let mut stat = [0; 24];
    (stat[0], stat[8]) = (CHARACTER_DEVICE, RIGHT_FD_WRITE);
    write(&mut guest, result, &stat)?;
    Ok(SUCCESS)
}

/// What a program prints are log lines: standard output for information, standard error warnings.
fn fd_write(mut guest: Guest<'_>, fd: u32, buffers: u32, count: u32, written: u32) -> Answer {
    let level = match fd {
        1 => Level::Info,
        2 => Level::Warn,
        _ => return Ok(BADF),
    };
    if count > BUFFERS {
        return Ok(INVAL);
    }
    let (mut line, mut total) = (Vec::new(), 0_u32);
    for index in 0..count {
        let buffer = read::<8>(&mut guest, buffers.wrapping_add(index * 8))?;
        let [address, length] = [0, 4].map(|at| u32_at(&buffer, at));
        let memory = memory(&mut guest)?;
        let bytes = range(memory.data(&guest), address, length)?;
        line.extend(bytes.iter().take(LOG_LINE_BYTES.saturating_sub(line.len())));
        total = total.saturating_add(length);
    }
    guest.data_mut().print(level, &line);
    write(&mut guest, written, &total.to_le_bytes())?;
    Ok(SUCCESS)
}

/// Every subscription has come true: the guest's clock has moved on by what it wanted to wait, the host's has not. (A
/// scheduler that finds its clock unmoved would ask again for ever.)
fn poll_oneoff(mut guest: Guest<'_>, subscriptions: u32, events: u32, count: u32, happened: u32) -> Answer {
    const CLOCK: u8 = 0;
    const ABSOLUTE: u8 = 1;
    if count == 0 || count > SUBSCRIPTIONS {
        return Ok(INVAL);
    }
    let now = guest.data().clock();
    for index in 0..count {
        let at = subscriptions.wrapping_add(index * SUBSCRIPTION_BYTES);
        let subscription: [u8; SUBSCRIPTION_BYTES as usize] = read(&mut guest, at)?;
        let (kind, timeout, flags) = (subscription[8], u64_at(&subscription, 24), subscription[40]);
        if kind == CLOCK {
            let until = if flags & ABSOLUTE == 0 { now.saturating_add(timeout) } else { timeout };
            guest.data_mut().wait(until);
        }
        let mut event = [0; EVENT_BYTES as usize];
        event[..8].copy_from_slice(&subscription[..8]); // user data
        event[10] = kind; // the error before it is 0
        write(&mut guest, events.wrapping_add(index * EVENT_BYTES), &event)?;
    }
    write(&mut guest, happened, &count.to_le_bytes())?;
    Ok(SUCCESS)
}

fn proc_exit(code: u32) -> wasmtime::Result<()> {
    Err(PluginFault { kind: FaultKind::Trap, detail: format!("it exits with code {code}") }.into())
}

fn random_get(mut guest: Guest<'_>, address: u32, length: u32) -> Answer {
    let memory = memory(&mut guest)?;
    let (bytes, state) = memory.data_and_store_mut(&mut guest);
    range(bytes, address, length)?;
    if length > RANDOM_BYTES {
        return Ok(INVAL);
    }
    if let Some(place) = bytes.get_mut(address as usize..).and_then(|rest| rest.get_mut(..length as usize)) {
        state.random.fill(place);
    }
    Ok(SUCCESS)
}
