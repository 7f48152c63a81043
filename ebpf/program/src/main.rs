//! Programs that run in the kernel: system calls of sockets -> records in a ring.
//!
//! Takes: what the kernel shows at its tracepoints. Gives: records of `weir-ebpf-common`. Holds no protocol knowledge beyond
//! lengths and lists of what is admitted.
#![feature(asm_experimental_arch)]
#![no_std]
#![no_main]

mod admission;
mod carried;
mod emit;
mod ends;
mod exit;
mod go;
mod go_http2;
mod kernel;
mod lane;
mod library;
mod maps;
mod message;
mod socket;
mod tls;
mod trusted;

use aya_ebpf::macros::{btf_tracepoint, cgroup_sock_addr, fentry, fexit, uprobe, uretprobe};
use aya_ebpf::programs::{
    BtfTracePointContext, FEntryContext, FExitContext, ProbeContext, RetProbeContext, SockAddrContext,
};
use weir_ebpf_common::Event;

use crate::tls::Carries;
use crate::trusted::{Packet, Trusted};

/// All system calls end here; see `exit` for why their end is enough.
#[btf_tracepoint(function = "sys_exit")]
pub fn sys_exit(context: BtfTracePointContext) -> i32 {
    let (registers, result) = (context.arg::<*const kernel::PtRegs>(0), context.arg::<i64>(1));
    // SAFETY: the tracepoint's arguments are `struct pt_regs *regs, long ret`.
    unsafe { exit::ended(registers, result) };
    0
}

/// A socket took bytes from a program.
#[btf_tracepoint(function = "sock_send_length")]
pub fn sock_send_length(context: BtfTracePointContext) -> i32 {
    // Its arguments are `struct sock *sk, int ret, int flags`.
    carried::carried(Trusted(context.arg::<*const u8>(0)), Event::Sent, context.arg::<i32>(1));
    0
}

/// A socket gave bytes to a program.
#[btf_tracepoint(function = "sock_recv_length")]
pub fn sock_recv_length(context: BtfTracePointContext) -> i32 {
    // As above.
    carried::carried(Trusted(context.arg::<*const u8>(0)), Event::Received, context.arg::<i32>(1));
    0
}

/// The same as `sock_send_length`, behind it.
#[btf_tracepoint(function = "sock_send_length")]
pub fn sock_send_again(context: BtfTracePointContext) -> i32 {
    // As above.
    carried::carried_again(Trusted(context.arg::<*const u8>(0)), Event::Sent, context.arg::<i32>(1));
    0
}

/// The same as `sock_recv_length`, behind it.
#[btf_tracepoint(function = "sock_recv_length")]
pub fn sock_recv_again(context: BtfTracePointContext) -> i32 {
    // As above.
    carried::carried_again(Trusted(context.arg::<*const u8>(0)), Event::Received, context.arg::<i32>(1));
    0
}

/// A program has got a datagram.
#[fentry(function = "skb_consume_udp")]
pub fn skb_consume_udp(context: FEntryContext) -> i32 {
    // Its arguments are `struct sock *sk, struct sk_buff *skb, int len`.
    ends::received(Trusted(context.arg::<*const u8>(0)), Packet(context.arg::<*const u8>(1)));
    0
}

/// A program gets a datagram over IPv4, and wants to know its sender.
#[cgroup_sock_addr(recvmsg4)]
pub fn sender_v4(context: SockAddrContext) -> i32 {
    ends::sender_v4(&context);
    ADMIT
}

/// The same of a socket of IPv6.
#[cgroup_sock_addr(recvmsg6)]
pub fn sender_v6(context: SockAddrContext) -> i32 {
    ends::sender_v6(&context);
    ADMIT
}

/// The address stays as it is.
const ADMIT: i32 = 1;

/// The state of a TCP socket changes.
#[btf_tracepoint(function = "inet_sock_set_state")]
pub fn inet_sock_set_state(context: BtfTracePointContext) -> i32 {
    // Its arguments are `const struct sock *sk, const int oldstate, const int newstate`.
    socket::state_changed(context.arg::<*const u8>(0), context.arg::<i32>(1), context.arg::<i32>(2));
    0
}

/// A process begins to run a program.
#[btf_tracepoint(function = "sched_process_exec")]
pub fn sched_process_exec(_: BtfTracePointContext) -> i32 {
    library::tell_process();
    0
}

/// A file was mapped.
#[fexit(function = "vm_mmap_pgoff")]
pub fn vm_mmap_pgoff(context: FExitContext) -> i32 {
    // Its arguments are `struct file *file, unsigned long addr, unsigned long len, unsigned long prot, ...`.
    library::mapped(context.arg::<usize>(0), context.arg::<u64>(3));
    0
}

/// The entry of a function of OpenSSL's interface.
macro_rules! entries {
    ($($(#[$about:meta])* $name:ident $carries:expr;)*) => {$(
        $(#[$about])*
        #[uprobe]
        pub fn $name(context: ProbeContext) -> u32 {
            maps::keep_own_stack(&context);
            // SAFETY: what the kernel gives to a probe.
            unsafe { tls::begins(context.regs.cast(), $carries) };
            0
        }
    )*};
}

entries! {
    /// `int SSL_read(SSL *, void *, int)`
    ssl_read Carries::READ;
    /// `int SSL_write(SSL *, const void *, int)`
    ssl_write Carries::WRITE;
    /// `int SSL_read_ex(SSL *, void *, size_t, size_t *)`, or the function below it and `SSL_read`
    ssl_read_ex Carries::READ_EX;
    /// `int SSL_write_ex(SSL *, const void *, size_t, size_t *)`, or the function below it and `SSL_write`
    ssl_write_ex Carries::WRITE_EX;
    /// `int ssl_write_internal(SSL *, const void *, size_t, uint64_t, size_t *)`, which is that function since OpenSSL 3.2
    ssl_write_flags Carries::WRITE_FLAGS;
    /// `int SSL_do_handshake(SSL *)`, `SSL_connect`, `SSL_accept`
    ssl_handshake Carries::HANDSHAKE;
}

/// The return of any of them.
#[uretprobe]
pub fn ssl_return(context: RetProbeContext) -> u32 {
    maps::keep_own_stack(&context);
    // SAFETY: what the kernel gives to a probe.
    unsafe { tls::ends(context.regs.cast()) };
    0
}

/// `void SSL_free(SSL *)`
#[uprobe]
pub fn ssl_free(context: ProbeContext) -> u32 {
    maps::keep_own_stack(&context);
    // SAFETY: what the kernel gives to a probe.
    unsafe { tls::freed(context.regs.cast()) };
    0
}

/// `func (c *tls.Conn) Read(b []byte) (int, error)`
#[uprobe]
pub fn go_read(context: ProbeContext) -> u32 {
    maps::keep_own_stack(&context);
    // SAFETY: what the kernel gives to a probe.
    unsafe { go::begins(&context, Event::Received) };
    0
}

/// `func (c *tls.Conn) Write(b []byte) (int, error)`
#[uprobe]
pub fn go_write(context: ProbeContext) -> u32 {
    maps::keep_own_stack(&context);
    // SAFETY: what the kernel gives to a probe.
    unsafe { go::begins(&context, Event::Sent) };
    0
}

/// A RET of either.
#[uprobe]
pub fn go_return(context: ProbeContext) -> u32 {
    maps::keep_own_stack(&context);
    // SAFETY: what the kernel gives to a probe.
    unsafe { go::ends(&context) };
    0
}

macro_rules! hooks {
    ($($(#[$about:meta])* $name:ident $function:ident;)*) => {$(
        $(#[$about])*
        #[uprobe]
        pub fn $name(context: ProbeContext) -> u32 {
            maps::keep_own_stack(&context);
            // SAFETY: what the kernel gives to a probe.
            let _ = unsafe { go_http2::$function(&context) };
            0
        }
    )*};
}

hooks! {
    /// `func (sc *serverConn) processHeaders(f *MetaHeadersFrame) error`; the same of a `clientConnReadLoop`
    go_http2_fields_read fields_read;
    /// `func (cc *ClientConn) writeHeader(name, value string)`
    go_http2_field_written field_written;
    /// `func (cc *ClientConn) writeHeaders(streamID uint32, endStream bool, maxFrameSize int, hdrs []byte) error`
    go_http2_fields_written fields_written;
    /// `func (sc *serverConn) writeHeaders(st *stream, headerData *writeResHeaders) error`
    go_http2_answered answered;
    /// `func (sc *serverConn) processData(f *DataFrame) error`; the same of a `clientConnReadLoop`
    go_http2_data_read data_read;
    /// `func (sc *serverConn) writeDataFromHandler(stream *stream, data []byte, endStream bool) error`
    go_http2_data_written data_written;
    /// `func (f *Framer) WriteDataPadded(streamID uint32, endStream bool, data, pad []byte) error`
    go_http2_request_data_written request_data_written;
    /// `func (cs *clientStream) cleanupWriteRequest(err error)`
    go_http2_request_written request_written;
    /// `func (sc *serverConn) closeStream(st *stream, err error)`
    go_http2_ended ended;
    /// `func (cc *ClientConn) writeStreamReset(streamID uint32, code ErrCode, ...)`
    go_http2_reset_sent reset_sent;
    /// `func (rl *clientConnReadLoop) processResetStream(f *RSTStreamFrame) error`
    go_http2_reset_received reset_received;
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
