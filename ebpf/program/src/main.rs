//! Programs that run in the kernel.
//!
//! Takes: what the kernel shows at its tracepoints. Gives: how many system calls ended.
#![no_std]
#![no_main]

use aya_ebpf::macros::{map, raw_tracepoint};
use aya_ebpf::maps::PerCpuArray;
use aya_ebpf::programs::RawTracePointContext;
use weir_ebpf_common::Counter;

#[map]
static COUNTERS: PerCpuArray<u64> = PerCpuArray::with_max_entries(Counter::ALL.len() as u32, 0);

/// All system calls end here.
#[raw_tracepoint(tracepoint = "sys_exit")]
pub fn sys_exit(_: RawTracePointContext) -> i32 {
    if let Some(calls) = COUNTERS.get_ptr_mut(Counter::Calls as u32) {
        // SAFETY: the map gave the place, and it is this processor's alone.
        unsafe { *calls += 1 };
    }
    0
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// The kernel lets only programs of this licence call the helpers that read memory.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
