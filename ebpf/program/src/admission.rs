//! Which calls are captured. Takes: the calling thread. Gives: yes or no, from the configured lists.

use aya_ebpf::helpers::{
    bpf_get_current_comm, bpf_get_current_pid_tgid, generated::bpf_get_current_ancestor_cgroup_id,
};
use weir_ebpf_common::{Admission, LOADER_BEGUN, LOADER_FOUND, NAME, PROCESS_OF_OWN_CALL, name_words};

use crate::kernel::{PtRegs, calls};
use crate::maps::{CGROUPS, LOADER, PORTS, PROCESSES, setting};

/// Levels of control groups that are looked at: Kubernetes' pods are at the fifth.
const LEVELS: i32 = 8;

/// Who makes a call.
#[derive(Clone, Copy)]
pub struct Caller {
    /// Process id above, thread id below.
    pub process_thread: u64,
    /// Of the thread.
    pub name: [u8; NAME],
}

impl Caller {
    /// The present thread, where its structure's type is not known.
    #[inline(always)]
    pub fn present() -> Self {
        Self { process_thread: bpf_get_current_pid_tgid(), name: bpf_get_current_comm().unwrap_or_default() }
    }
}

/// Nothing of the loader itself, and of others what the lists say.
#[inline(always)]
pub fn admits_process(caller: &Caller) -> bool {
    let process = (caller.process_thread >> 32) as u32;
    let loader = LOADER.get(LOADER_BEGUN).copied().unwrap_or(0);
    if loader == process || loader == 0 {
        return false;
    }
    let lists = setting!(admission);
    if lists & !(Admission::Ports as u32) == 0 {
        return true;
    }
    // SAFETY: the maps are changed before the programs are attached only.
    unsafe {
        if lists & Admission::Processes as u32 != 0 && PROCESSES.get(process).is_some() {
            return true;
        }
        if lists & Admission::Names as u32 != 0 && is_named(caller.name) {
            return true;
        }
        if lists & Admission::Cgroups as u32 != 0 {
            for level in 1..=LEVELS {
                let group = bpf_get_current_ancestor_cgroup_id(level);
                if group == 0 {
                    break;
                }
                if CGROUPS.get(group).is_some() {
                    return true;
                }
            }
        }
    }
    false
}

/// By the thread's name.
#[inline(always)]
fn is_named(name: [u8; NAME]) -> bool {
    let name = name_words(name);
    for index in 0..weir_ebpf_common::NAMES {
        let listed = setting!(names[index]);
        if listed == [0; 2] {
            break;
        }
        if listed == name {
            return true;
        }
    }
    false
}

/// By the ports of both ends.
#[inline(always)]
pub fn admits_ports(local: u16, remote: u16) -> bool {
    // SAFETY: as above.
    setting!(admission) & Admission::Ports as u32 == 0
        || unsafe { PORTS.get(local).is_some() || PORTS.get(remote).is_some() }
}

/// Remembers who asks what only the loader asks.
#[inline(always)]
pub unsafe fn find_loader(registers: *const PtRegs) {
    // SAFETY: the caller's.
    let call = unsafe { PtRegs::call(registers, PtRegs::number(registers)) };
    if call.number == calls::GETPGID && call.arguments[0] as u32 == PROCESS_OF_OWN_CALL {
        let process = (bpf_get_current_pid_tgid() >> 32) as u32;
        // Fails never: the place is there.
        let _ = LOADER.set(LOADER_FOUND, process, 0);
    }
}
