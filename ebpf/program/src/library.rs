//! Where probes may be wanted. Takes: programs that begin, files that are mapped. Gives: the process, to the loader, which looks into it.

use aya_ebpf::helpers::bpf_get_current_pid_tgid;

use crate::kernel::{Call, EXECUTABLE, PtRegs, calls, read};
use crate::maps::{MAPPED, offset};
use crate::socket::file_of;

/// A system call has ended.
#[inline(always)]
pub unsafe fn ended(registers: *const PtRegs, result: i64) {
    // SAFETY: the caller's.
    unsafe {
        if PtRegs::number(registers) == calls::MMAP {
            mapped(&PtRegs::call(registers, calls::MMAP), result);
        }
    }
}

/// A file was mapped. Of those with code the ones are told whose names begin like a TLS library's; the loader finds others when it
/// looks at all processes.
#[inline(always)]
fn mapped(call: &Call, result: i64) {
    let _ = try_mapped(call, result);
}

#[inline(always)]
fn try_mapped(call: &Call, result: i64) -> Option<()> {
    if result <= 0 || call.arguments[2] & EXECUTABLE == 0 || (call.arguments[4] as i32) < 0 {
        return None;
    }
    let file = file_of(call.arguments[4] as u32)?;
    let entry: usize = read(file + offset!(file_f_path_dentry))?;
    let name: usize = read(entry + offset!(dentry_d_name_name))?;
    if read::<[u8; 6]>(name)? == *b"libssl" {
        tell_process();
    }
    Some(())
}

/// Tells that this process is worth a look. Where nobody empties the ring, nothing: all processes have their turn.
#[inline(always)]
pub fn tell_process() {
    let process = bpf_get_current_pid_tgid() >> 32;
    let _ = MAPPED.output::<u64>(&process, 0);
}
