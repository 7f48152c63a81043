//! A socket that a tracepoint hands over: the kernel knows its type, so that a program may follow its pointers itself, at a
//! nanosecond a step in place of the forty of a helper.
//!
//! Takes: the tracepoint's argument. Gives: the same as [`crate::socket`] does. The loader writes each member's offset into the
//! instruction that reads it.

use aya_ebpf::helpers::generated::{bpf_get_current_task_btf, bpf_skc_to_tcp_sock, bpf_task_pt_regs};
use weir_ebpf_common::Record;

use crate::admission::Caller;
use crate::ends;
use crate::kernel::{AF_INET, AF_INET6, Call, IPPROTO_TCP, PtRegs};
use crate::maps::setting;
use crate::socket::{RECEIVED_END, SENT_END, Streams, View, widened};

/// Reads a member of a structure whose type the kernel knows. The offset in the instruction is a mark that the loader replaces.
macro_rules! load {
    ($size:literal, $pointer:expr, $member:ident) => {{
        let value: u64;
        // SAFETY: one load; the verifier checks pointer and offset, and a pointer that leads nowhere reads as zero.
        unsafe {
            core::arch::asm!(
                concat!("{value} = *(", $size, " *)({pointer} + {mark})"),
                value = out(reg) value,
                pointer = in(reg) $pointer,
                mark = const weir_ebpf_common::Offsets::MARK + core::mem::offset_of!(weir_ebpf_common::Offsets, $member) / 4,
                options(nostack, preserves_flags, readonly)
            );
        }
        value
    }};
}

/// A socket of the kernel, of a type that it knows.
#[derive(Clone, Copy)]
pub struct Trusted(pub *const u8);

impl Trusted {
    /// By its family. Sockets of others (Unix) are not told, and there are many.
    #[inline(always)]
    pub fn is_internet(self) -> bool {
        matches!(load!("u16", self.0, sock_common_skc_family) as u16, AF_INET | AF_INET6)
    }

    /// Not of IPv6, which may carry IPv4 too.
    #[inline(always)]
    pub fn is_v4(self) -> bool {
        load!("u16", self.0, sock_common_skc_family) as u16 == AF_INET
    }

    /// It speaks with one other end alone, and has an address of its own then.
    #[inline(always)]
    pub fn has_peer(self) -> bool {
        load!("u16", self.0, sock_common_skc_dport) as u16 != 0
    }
}

/// A packet of the kernel (`struct sk_buff`), of a type that it knows.
#[derive(Clone, Copy)]
pub struct Packet(pub *const u8);

impl Packet {
    /// Address of its IP header.
    #[inline(always)]
    pub fn network_header(self) -> usize {
        (load!("u64", self.0, sk_buff_head) + load!("u16", self.0, sk_buff_network_header)) as usize
    }

    /// Address of its UDP header.
    #[inline(always)]
    pub fn transport_header(self) -> usize {
        (load!("u64", self.0, sk_buff_head) + load!("u16", self.0, sk_buff_transport_header)) as usize
    }
}

/// A TCP socket of the kernel, of a type that it knows.
#[derive(Clone, Copy)]
struct TrustedTcp(*const u8);

impl TrustedTcp {
    /// None: it is no TCP socket.
    #[inline(always)]
    fn of(socket: Trusted) -> Option<Self> {
        // SAFETY: the tracepoint's own pointer.
        let tcp = unsafe { bpf_skc_to_tcp_sock(socket.0.cast_mut().cast()) };
        (!tcp.is_null()).then_some(Self(tcp.cast_const().cast()))
    }
}

/// The thread that runs, of a type that the kernel knows. Its members cost a load each, in place of a helper's call.
#[derive(Clone, Copy)]
pub struct TrustedThread(*const u8);

impl TrustedThread {
    #[inline(always)]
    pub fn present() -> Self {
        // SAFETY: takes nothing and can not fail.
        Self(unsafe { bpf_get_current_task_btf() }.cast_const().cast())
    }

    /// Process id above, thread id below.
    #[inline(always)]
    pub fn process_thread(self) -> u64 {
        load!("u32", self.0, task_struct_tgid) << 32 | load!("u32", self.0, task_struct_pid)
    }

    #[inline(always)]
    pub fn caller(self) -> Caller {
        let name = [load!("u64", self.0, task_struct_comm), load!("u64", self.0, task_struct_comm_end)];
        let process_thread = self.process_thread();
        Caller { process_thread, name: joined(name) }
    }

    /// With which it entered the kernel.
    #[inline(always)]
    pub fn registers(self) -> *const PtRegs {
        // SAFETY: the helper takes the pointer of the present thread.
        unsafe { bpf_task_pt_regs(self.0.cast_mut().cast()) as *const PtRegs }
    }

    /// The system call that it is in: the registers are those with which it entered the kernel.
    #[inline(always)]
    pub fn call(self) -> Call {
        let registers = self.registers();
        // SAFETY: the kernel's own pointer.
        unsafe { PtRegs::call(registers, PtRegs::number(registers)) }
    }
}

impl View for Trusted {
    const TELLS_EACH_MESSAGE: bool = true;
    const KEEPS_PROCESSOR: bool = true;
    const DRAFTS_IN_MAP: bool = false;

    #[inline(always)]
    fn number(&self) -> u64 {
        let socket = load!("u64", self.0, sock_sk_socket);
        let file = load!("u64", socket, socket_file);
        let inode = load!("u64", file, file_f_inode);
        load!("u64", inode, inode_i_ino)
    }

    #[inline(always)]
    fn address(&self) -> usize {
        self.0 as usize
    }

    #[inline(always)]
    fn is_tcp(&self) -> bool {
        load!("u16", self.0, sock_sk_protocol) == u64::from(IPPROTO_TCP)
    }

    #[inline(always)]
    fn is_admitted(&self) -> bool {
        let wanted = setting!(namespace);
        if wanted == 0 {
            return true;
        }
        let net = load!("u64", self.0, sock_common_skc_net);
        load!("u32", net, net_ns_inum) as u32 == wanted
    }

    #[inline(always)]
    fn describe(&self, record: &mut Record) -> bool {
        record.family = load!("u16", self.0, sock_common_skc_family) as u8;
        // MPTCP's number has more than a byte, and its sockets are others than TCP's.
        let Ok(protocol) = u8::try_from(load!("u16", self.0, sock_sk_protocol)) else { return false };
        record.protocol = protocol;
        match u16::from(record.family) {
            AF_INET => {
                record.local_address =
                    widened((load!("u32", self.0, sock_common_skc_rcv_saddr) as u32).to_ne_bytes());
                record.remote_address =
                    widened((load!("u32", self.0, sock_common_skc_daddr) as u32).to_ne_bytes());
            }
            AF_INET6 => {
                let halves = [
                    load!("u64", self.0, sock_common_skc_v6_rcv_saddr),
                    load!("u64", self.0, sock_common_skc_v6_rcv_saddr_end),
                ];
                record.local_address = joined(halves);
                let halves = [
                    load!("u64", self.0, sock_common_skc_v6_daddr),
                    load!("u64", self.0, sock_common_skc_v6_daddr_end),
                ];
                record.remote_address = joined(halves);
            }
            _ => return false,
        }
        record.local_port = load!("u16", self.0, sock_common_skc_num) as u16;
        if record.local_port == 0 {
            // A connection that has ended has given its port back, but there may still be something to read.
            let Some(port) =
                crate::kernel::read::<u16>(self.0 as usize + crate::maps::offset!(inet_sock_inet_sport))
            else {
                return false;
            };
            record.local_port = u16::from_be(port);
        }
        record.remote_port = u16::from_be(load!("u16", self.0, sock_common_skc_dport) as u16);
        true
    }

    #[inline(always)]
    fn streams(&self) -> Option<Streams> {
        let tcp = TrustedTcp::of(*self)?;
        let written = load!("u32", tcp.0, tcp_sock_write_seq) as u32;
        let copied = load!("u32", tcp.0, tcp_sock_copied_seq) as u32;
        let shut = load!("u8", self.0, sock_sk_shutdown) as u8;
        // FIN takes a number of its own (RFC 9293, 3.4), which the kernel counts when what stands before it was read, or acknowledged.
        let next = load!("u32", tcp.0, tcp_sock_rcv_nxt) as u32;
        let end_was_read = shut & RECEIVED_END != 0 && next == copied;
        let read = copied.wrapping_sub(u32::from(end_was_read));
        let una = load!("u32", tcp.0, tcp_sock_snd_una) as u32;
        let end_was_acknowledged = shut & SENT_END != 0 && una == written;
        let acknowledged = una.wrapping_sub(u32::from(end_was_acknowledged));
        let first = (
            una.wrapping_sub(load!("u64", tcp.0, tcp_sock_bytes_acked) as u32),
            next.wrapping_sub(load!("u64", tcp.0, tcp_sock_bytes_received) as u32),
        );
        let local_port = u16::from_be(load!("u16", tcp.0, inet_sock_inet_sport) as u16);
        Some(Streams { local_port, written, read, acknowledged, first: Some(first) })
    }

    #[inline(always)]
    fn draft(own: &mut Record) -> Option<*mut Record> {
        Some(own)
    }

    #[inline(always)]
    fn ends(&self, record: &mut Record) {
        ends::tell(TrustedThread::present().0 as u64, *self, record);
    }
}

#[inline(always)]
fn joined(halves: [u64; 2]) -> [u8; 16] {
    // SAFETY: the same size, and any bytes are an address.
    unsafe { core::mem::transmute::<[u64; 2], [u8; 16]>(halves) }
}
