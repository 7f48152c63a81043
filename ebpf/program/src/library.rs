//! Where probes may be wanted. Takes: programs that begin, files that are mapped. Gives: the process, to the loader, which looks into it.

use aya_ebpf::helpers::bpf_get_current_pid_tgid;

use crate::kernel::{EXECUTABLE, read};
use crate::maps::{MAPPED, offset};

/// The present process has mapped a file, or asked for memory without one. Of files with code the ones are told whose names begin like a
/// TLS library's; the loader finds others when it looks at all processes.
#[inline(always)]
pub fn mapped(file: usize, protection: u64) {
    if file != 0 && protection & EXECUTABLE != 0 && is_named_ssl(file) == Some(true) {
        tell_process();
    }
}

#[inline(always)]
fn is_named_ssl(file: usize) -> Option<bool> {
    let entry: usize = read(file + offset!(file_f_path_dentry))?;
    let name: usize = read(entry + offset!(dentry_d_name_name))?;
    Some(read::<[u8; 6]>(name)? == *b"libssl")
}

/// Tells that this process is worth a look. Where nobody empties the ring, nothing: all processes have their turn.
#[inline(always)]
pub fn tell_process() {
    let process = bpf_get_current_pid_tgid() >> 32;
    let _ = MAPPED.output::<u64>(&process, 0);
}
