//! Programs that run in the kernel: system calls of sockets -> records in a ring.
//!
//! Takes: what the kernel shows at its tracepoints. Gives: records of `weir-ebpf-common`. Holds no protocol knowledge beyond
//! lengths and lists of what is admitted.
#![feature(asm_experimental_arch)]
#![no_std]
#![no_main]

mod admission;
mod emit;
mod kernel;
mod maps;
mod message;
mod socket;
mod syscalls;

use aya_ebpf::macros::btf_tracepoint;
use aya_ebpf::programs::BtfTracePointContext;

/// All system calls end here; see `syscalls` for why their end is enough.
#[btf_tracepoint(function = "sys_exit")]
pub fn sys_exit(context: BtfTracePointContext) -> i32 {
    let (registers, result) = (context.arg::<*const kernel::PtRegs>(0), context.arg::<i64>(1));
    // SAFETY: the tracepoint's arguments are `struct pt_regs *regs, long ret`.
    unsafe { syscalls::ended(registers, result) };
    0
}

/// The state of a TCP socket changes.
#[btf_tracepoint(function = "inet_sock_set_state")]
pub fn inet_sock_set_state(context: BtfTracePointContext) -> i32 {
    // Its arguments are `const struct sock *sk, const int oldstate, const int newstate`.
    socket::state_changed(context.arg::<*const u8>(0), context.arg::<i32>(1), context.arg::<i32>(2));
    0
}

/// Tells the loader which process it is.
#[btf_tracepoint(function = "sys_exit")]
pub fn find_loader(context: BtfTracePointContext) -> i32 {
    let registers = context.arg::<*const kernel::PtRegs>(0);
    // SAFETY: as in `sys_exit`.
    unsafe { admission::find_loader(registers) };
    0
}

#[cfg(not(test))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// The kernel lets only programs of this licence call the helpers that read memory.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
