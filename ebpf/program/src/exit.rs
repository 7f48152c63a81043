//! The end of a system call -> records. For kernels before 6.3; see [`crate::carried`] for others.
//!
//! Its end is enough: the registers still hold the arguments, the memory holds what was read and still what was written, and the
//! result says how much. So a call costs one program, not two, and no map between them.

use weir_ebpf_common::{Counter, Event};

use crate::admission::{self, Caller};
use crate::kernel::{Call, IN_PROGRESS, PtRegs, calls};
use crate::maps::{count, setting};
use crate::socket::Socket;
use crate::{carried, go, tls};

/// A system call has ended.
#[inline(always)]
pub unsafe fn ended(registers: *const PtRegs, result: i64) {
    // SAFETY: the caller's.
    let number = unsafe { PtRegs::number(registers) };
    let event = match number {
        calls::READ | calls::READV | calls::RECVFROM | calls::RECVMSG | calls::RECVMMSG => Event::Received,
        calls::WRITE | calls::WRITEV | calls::SENDTO | calls::SENDMSG | calls::SENDMMSG | calls::SENDFILE => {
            Event::Sent
        }
        calls::CONNECT => Event::Connected,
        calls::ACCEPT | calls::ACCEPT4 => Event::Accepted,
        _ => return,
    };
    let carried = match event {
        Event::Connected => result == 0 || result == IN_PROGRESS,
        Event::Accepted => result >= 0,
        _ => result > 0,
    };
    if !carried {
        return;
    }
    // SAFETY: the caller's.
    let call = unsafe { PtRegs::call(registers, number) };
    let _ = tell(&call, event, result);
}

#[inline(always)]
fn tell(call: &Call, event: Event, result: i64) -> Option<()> {
    let caller = Caller::present();
    if !admission::admits_process(&caller) {
        count(Counter::NotAdmitted, 1);
        return None;
    }
    let descriptor = if matches!(event, Event::Accepted) { result as u32 } else { call.arguments[0] as u32 };
    let socket = Socket::of_descriptor(descriptor)?;
    if matches!(event, Event::Sent | Event::Received) {
        if setting!(tls) != 0 {
            tls::carries(&socket, caller.process_thread, event);
            go::carries(&socket, call.stack, caller.process_thread);
        }
        if setting!(calls) == 0 {
            return None;
        }
    }
    carried::tell(&socket, call, event, result, &caller)
}
