//! What streams carry besides fields. Takes: calls that answer, read or write bodies, or end streams. Gives: records.

use aya_ebpf::helpers::generated::bpf_ktime_get_ns;
use aya_ebpf::programs::ProbeContext;
use weir_ebpf_common::{ENDS_STREAM, Event, OF_CLIENT, Record};

use super::{Frame, Hook};
use crate::admission::Caller;
use crate::emit;
use crate::kernel::{PtRegs, read_user};
use crate::maps::HTTP2_RECORDS;
use crate::tls::Object;

/// A handler answers.
#[inline(always)]
pub unsafe fn answered(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let (server, _, head, g) = unsafe { PtRegs::go(context.regs.cast()) };
    // `writeResHeaders`: number of the stream, four bytes of padding, status; 0 for trailers.
    let [stream, status] = read_user::<[u64; 2]>(head)?;
    if status == 0 || status > 999 {
        return None;
    }
    Hook::new(context, server, g)?.tell(Event::ResponseStatus, stream as u32, status as u32, 0)
}

/// An end has read a part of a body.
#[inline(always)]
pub unsafe fn data_read(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let (receiver, frame, _, g) = unsafe { PtRegs::go(context.regs.cast()) };
    let hook = Hook::new(context, receiver, g)?;
    let frame: Frame = read_user(frame)?;
    let event = if hook.is_of_client() { Event::ResponseData } else { Event::RequestData };
    hook.tell(event, frame.stream, frame.length, frame.flags())
}

/// A handler writes a part of a body.
#[inline(always)]
pub unsafe fn data_written(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let ((server, stream, _, g), function) =
        unsafe { (PtRegs::go(context.regs.cast()), PtRegs::function(context.regs.cast())) };
    // Behind the `*serverConn`.
    let stream = read_user::<u32>(stream.wrapping_add(8))?;
    // The fourth word is the length of the data.
    Hook::new(context, server, g)?.tell(Event::ResponseData, stream, function.arguments[0] as u32, 0)
}

/// What the present goroutine told last, if that was of a request that it writes as a client.
#[inline(always)]
fn request_of<'a>(g: u64) -> Option<&'a mut Record> {
    let process = Caller::present().process_thread >> 32;
    // SAFETY: the map's memory; only this goroutine uses its entry.
    let record = unsafe { &mut *HTTP2_RECORDS.get_ptr_mut(Object { address: g, process })? };
    let is_own = record.flags & OF_CLIENT != 0
        && (record.event == Event::RequestFields as u8 || record.event == Event::RequestData as u8);
    is_own.then_some(record)
}

/// An end writes a part of a body. The function does not say which connection it is; but a client writes header and body of a request
/// in one goroutine, which does nothing else meanwhile.
#[inline(always)]
pub unsafe fn request_data_written(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let ((_, stream, ends, g), function) =
        unsafe { (PtRegs::go(context.regs.cast()), PtRegs::function(context.regs.cast())) };
    let record = request_of(g).filter(|record| record.sequence == stream as u32)?;
    record.event = Event::RequestData as u8;
    // The fifth word is the length.
    record.acknowledgment = function.arguments[1] as u32;
    // A bool has the lowest byte.
    record.flags = OF_CLIENT | if ends & 0xff != 0 { ENDS_STREAM } else { 0 };
    // SAFETY: takes nothing and can not fail.
    record.time = unsafe { bpf_ktime_get_ns() };
    emit::put(record, 0);
    Some(())
}

/// A client has written a request, or gave it up; its goroutine may do something else.
#[inline(always)]
pub unsafe fn request_written(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let (_, _, _, g) = unsafe { PtRegs::go(context.regs.cast()) };
    request_of(g)?.sequence = 0;
    Some(())
}

/// A server is done with a stream.
#[inline(always)]
pub unsafe fn ended(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let (server, stream, _, g) = unsafe { PtRegs::go(context.regs.cast()) };
    // Behind the `*serverConn`.
    let stream = read_user::<u32>(stream.wrapping_add(8))?;
    Hook::new(context, server, g)?.tell(Event::StreamEnded, stream, 0, 0)
}

/// An end gives a stream up.
#[inline(always)]
pub unsafe fn reset_sent(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let (receiver, stream, code, g) = unsafe { PtRegs::go(context.regs.cast()) };
    Hook::new(context, receiver, g)?.tell(Event::ResetSent, stream as u32, code as u32, 0)
}

/// The other end gave a stream up.
#[inline(always)]
pub unsafe fn reset_received(context: &ProbeContext) -> Option<()> {
    // SAFETY: the caller's.
    let (receiver, frame, _, g) = unsafe { PtRegs::go(context.regs.cast()) };
    let frame: Frame = read_user(frame)?;
    Hook::new(context, receiver, g)?.tell(Event::ResetReceived, frame.stream, frame.code, 0)
}
