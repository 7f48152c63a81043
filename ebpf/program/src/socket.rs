//! File descriptor -> socket: its number, both ends, positions of its streams.
//!
//! Takes: a descriptor of the calling thread. Gives: what a record says of it. Nothing is cached: a descriptor may mean another
//! socket with the next call, and to read a few words costs less than to be sure of a cache.

use aya_ebpf::helpers::bpf_ktime_get_ns;
use aya_ebpf::helpers::generated::bpf_get_current_task;
use weir_ebpf_common::{Event, Record, START};

use crate::admission;
use crate::emit;
use crate::kernel::{AF_INET, AF_INET6, FILE_TYPE, IPPROTO_TCP, IS_SOCKET, read};
use crate::maps::{self, offset, setting};

/// What a record says of a socket.
pub trait View {
    /// Each message of a call that carries several is told by itself.
    const TELLS_EACH_MESSAGE: bool;

    /// Its programs are at the sockets' tracepoints, which on most kernels no other thread interrupts.
    const KEEPS_PROCESSOR: bool;

    /// Its inode number.
    fn number(&self) -> u64;

    /// Of its `struct sock`.
    fn address(&self) -> usize;

    /// By its protocol.
    fn is_tcp(&self) -> bool;

    /// By its network namespace.
    fn is_admitted(&self) -> bool;

    /// Writes family, protocol, addresses and ports. False: another family.
    fn describe(&self, record: &mut Record) -> bool;

    /// Of a TCP socket.
    fn streams(&self) -> Option<Streams>;

    /// A record of it is put together in a map, as there is no room for it on the stack beside what the view needs.
    const DRAFTS_IN_MAP: bool;

    /// Where a record of it is put together: `own` is the stack.
    fn draft(own: &mut Record) -> Option<*mut Record>;

    /// Writes the addresses of the datagram that the present thread received, where the socket has none.
    fn ends(&self, record: &mut Record);
}

/// A socket whose memory is read by its address.
#[derive(Clone, Copy)]
pub struct Socket {
    /// Inode number.
    pub number: u64,
    /// Address of `struct sock`.
    pub sock: usize,
}

/// Where the streams of a TCP socket are.
#[derive(Clone, Copy)]
pub struct Streams {
    /// The port of this end, also after a reset: what `describe` reads is taken away then, while the program still has the socket.
    pub local_port: u16,
    /// Next byte that the program writes.
    pub written: u32,
    /// Next byte that the program reads; an end of the stream that was read counts as none.
    pub read: u32,
    /// First byte that the other end has not acknowledged; an end of the stream counts as none.
    pub acknowledged: u32,
    /// The first byte that was ever sent, and ever received; none where nobody knows.
    pub first: Option<(u32, u32)>,
}

impl Streams {
    /// [`START`] when nothing was carried before the bytes from `sent` and from `received` on.
    #[inline(always)]
    pub fn start_flag(&self, sent: u32, received: u32) -> u8 {
        let Some(first) = self.first else { return 0 };
        // The SYN of who connects counts as a byte.
        let is_start = sent.wrapping_sub(first.0) <= 1 && received == first.1;
        if is_start { START } else { 0 }
    }
}

impl Socket {
    /// None: no socket, or its memory can not be read.
    #[inline(always)]
    pub fn of_descriptor(descriptor: u32) -> Option<Self> {
        // SAFETY: takes nothing and can not fail.
        let task = unsafe { bpf_get_current_task() } as usize;
        let files: usize = read(task + offset!(task_struct_files))?;
        let table: usize = read(files + offset!(files_struct_fdt))?;
        let descriptors: usize = read(table + offset!(fdtable_fd))?;
        let file: usize = read(descriptors + descriptor as usize * size_of::<usize>())?;
        let inode: usize = read(file + offset!(file_f_inode))?;
        let mode: u16 = read(inode + offset!(inode_i_mode))?;
        if mode & FILE_TYPE != IS_SOCKET {
            return None;
        }
        // A socket and its inode are one allocation.
        let socket = inode - offset!(socket_alloc_vfs_inode);
        Some(Self { number: read(inode + offset!(inode_i_ino))?, sock: read(socket + offset!(socket_sk))? })
    }

    /// The socket that had this number and address; none: it is gone. The memory may be another one's, but no number is used again.
    #[inline(always)]
    pub fn still(number: u64, sock: usize) -> Option<Self> {
        let socket: usize = read(sock + offset!(sock_sk_socket))?;
        let now: u64 = read(socket + offset!(socket_alloc_vfs_inode) + offset!(inode_i_ino))?;
        (now == number).then_some(Self { number, sock })
    }

    #[inline(always)]
    fn namespace(&self) -> Option<u32> {
        let net: usize = read(self.sock + offset!(sock_common_skc_net))?;
        read(net + offset!(net_ns_inum))
    }

    #[inline(always)]
    fn try_describe(&self, record: &mut Record) -> Option<()> {
        let sock = self.sock;
        record.family = read(sock + offset!(sock_common_skc_family))?;
        // MPTCP's number has more than a byte, and its sockets are others than TCP's.
        record.protocol = u8::try_from(read::<u16>(sock + offset!(sock_sk_protocol))?).ok()?;
        match u16::from(record.family) {
            AF_INET => {
                let local: [u8; 4] = read(sock + offset!(sock_common_skc_rcv_saddr))?;
                let remote: [u8; 4] = read(sock + offset!(sock_common_skc_daddr))?;
                record.local_address = widened(local);
                record.remote_address = widened(remote);
            }
            AF_INET6 => {
                record.local_address = read(sock + offset!(sock_common_skc_v6_rcv_saddr))?;
                record.remote_address = read(sock + offset!(sock_common_skc_v6_daddr))?;
            }
            _ => return None,
        }
        record.local_port = read(sock + offset!(sock_common_skc_num))?;
        record.remote_port = u16::from_be(read(sock + offset!(sock_common_skc_dport))?);
        Some(())
    }
}

impl View for Socket {
    const TELLS_EACH_MESSAGE: bool = false;
    const KEEPS_PROCESSOR: bool = false;
    const DRAFTS_IN_MAP: bool = true;

    #[inline(always)]
    fn number(&self) -> u64 {
        self.number
    }

    #[inline(always)]
    fn address(&self) -> usize {
        self.sock
    }

    #[inline(always)]
    fn is_tcp(&self) -> bool {
        read::<u16>(self.sock + offset!(sock_sk_protocol)) == Some(u16::from(IPPROTO_TCP))
    }

    #[inline(always)]
    fn is_admitted(&self) -> bool {
        let wanted = setting!(namespace);
        wanted == 0 || self.namespace() == Some(wanted)
    }

    #[inline(always)]
    fn describe(&self, record: &mut Record) -> bool {
        self.try_describe(record).is_some()
    }

    #[inline(always)]
    fn streams(&self) -> Option<Streams> {
        let mut next: u32 = read(self.sock + offset!(tcp_sock_copied_seq))?;
        let written: u32 = read(self.sock + offset!(tcp_sock_write_seq))?;
        let mut acknowledged: u32 = read(self.sock + offset!(tcp_sock_snd_una))?;
        // FIN takes a number of its own (RFC 9293, 3.4), which the kernel counts when what stands before it was read, or acknowledged.
        let shut: u8 = read(self.sock + offset!(sock_sk_shutdown))?;
        if shut & RECEIVED_END != 0 && read::<u32>(self.sock + offset!(tcp_sock_rcv_nxt))? == next {
            next = next.wrapping_sub(1);
        }
        if shut & SENT_END != 0 && acknowledged == written {
            acknowledged = acknowledged.wrapping_sub(1);
        }
        let local_port = u16::from_be(read(self.sock + offset!(inet_sock_inet_sport))?);
        Some(Streams { local_port, written, read: next, acknowledged, first: None })
    }

    #[inline(always)]
    fn draft(_: &mut Record) -> Option<*mut Record> {
        // SAFETY: the map's memory.
        maps::work().map(|work| unsafe { &raw mut (*work).record })
    }

    #[inline(always)]
    fn ends(&self, _: &mut Record) {}
}

/// IPv4 in the first four bytes.
#[inline(always)]
pub fn widened(address: [u8; 4]) -> [u8; 16] {
    let [a, b, c, d] = address;
    [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
}

/// States of TCP (net/tcp_states.h).
const ESTABLISHED: i32 = 1;
const FIN_WAIT1: i32 = 4;
const FIN_WAIT2: i32 = 5;
const CLOSE: i32 = 7;
const LAST_ACK: i32 = 9;
const CLOSING: i32 = 11;
/// Bits of `sk_shutdown`: nothing more comes from the other end; the program sends nothing more; both directions are shut, as the
/// program closed it or ended.
pub const RECEIVED_END: u8 = 1;
pub const SENT_END: u8 = 2;
const SHUT: u8 = 3;

/// Tells that a connection begins that a program of this machine asked for (the socket of an accepted one is nobody's yet when it begins),
/// and the end of a connection: the program closed its socket or ended, or the other end reset it. Both are seen here, a call of `close` is
/// one of many ways. The lists of processes are not asked, as whichever process has the processor may be the one that sees it.
#[inline(always)]
pub fn state_changed(sock: *const u8, old: i32, state: i32) {
    let _ = try_state_changed(sock as usize, old, state);
}

#[inline(always)]
fn try_state_changed(sock: usize, old: i32, state: i32) -> Option<()> {
    let connects = state == ESTABLISHED && setting!(states) != 0;
    let closes = state == CLOSE
        || (state == FIN_WAIT1 || state == LAST_ACK)
            && read::<u8>(sock + offset!(sock_sk_shutdown))? & SHUT == SHUT;
    if !closes && !connects {
        return None;
    }
    let socket: usize = read(sock + offset!(sock_sk_socket))?;
    if socket == 0 {
        // No program has it any more, so its end was told, or none had it yet.
        return None;
    }
    if state == CLOSE && matches!(old, FIN_WAIT1 | FIN_WAIT2 | CLOSING) && has_unread(sock)? {
        // The program sends nothing more, but has still to read what came before the other end's FIN.
        return None;
    }
    let number: u64 = read(socket + offset!(socket_alloc_vfs_inode) + offset!(inode_i_ino))?;
    let socket = Socket { number, sock };
    if !socket.is_admitted() {
        return None;
    }
    let mut record = emit::empty(if closes { Event::Closed } else { Event::Connected });
    record.socket = number;
    record.flags = START;
    if !socket.describe(&mut record) || record.protocol != IPPROTO_TCP || record.remote_port == 0 {
        return None;
    }
    let streams = socket.streams()?;
    record.local_port = streams.local_port;
    if !admission::admits_ports(record.local_port, record.remote_port) {
        return None;
    }
    record.sequence = streams.written;
    record.acknowledgment = streams.read;
    // SAFETY: takes nothing and can not fail.
    record.time = unsafe { bpf_ktime_get_ns() };
    emit::put(&record, 0);
    Some(())
}

/// Bytes came that the program has not read; FIN takes a number and is none.
#[inline(always)]
fn has_unread(sock: usize) -> Option<bool> {
    let received: u32 = read(sock + offset!(tcp_sock_rcv_nxt))?;
    let next: u32 = read(sock + offset!(tcp_sock_copied_seq))?;
    Some(received.wrapping_sub(next) as i32 > 1)
}
