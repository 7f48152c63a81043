//! What the programs share with the loader.

use aya_ebpf::macros::map;
use aya_ebpf::maps::{Array, HashMap, LruHashMap, PerCpuArray, RingBuf};
use weir_ebpf_common::{Counter, NAME, Offsets, Settings};

use crate::message::Work;

/// The loader sets its size.
#[map]
pub static RECORDS: RingBuf = RingBuf::with_byte_size(1 << 20, 0);

#[map]
static COUNTERS: PerCpuArray<u64> = PerCpuArray::with_max_entries(Counter::ALL.len() as u32, 0);

/// Calls that are being told, one a processor for each program that tells: one may interrupt the other.
#[map]
static WORK: PerCpuArray<Work> = PerCpuArray::with_max_entries(Teller::ALL, 0);

/// Who tells.
#[derive(Clone, Copy)]
#[repr(u32)]
pub enum Teller {
    Calls,
    States,
}

impl Teller {
    const ALL: u32 = 2;

    /// Its memory.
    #[inline(always)]
    pub fn work(self) -> Option<*mut Work> {
        WORK.get_ptr_mut(self as u32)
    }
}

/// The loader's process id, in the first and only place.
#[map]
pub static LOADER: Array<u32> = Array::with_max_entries(1, 0);

/// Sockets that no plugin wants, by inode number. When it is full, the one that was used longest ago is asked about anew.
#[map]
pub static UNWANTED: LruHashMap<u64, u8> = LruHashMap::with_max_entries(1 << 16, 0);

/// As many as a configuration may name.
const LISTED: u32 = 1024;

#[map]
pub static PROCESSES: HashMap<u32, u8> = HashMap::with_max_entries(LISTED, 0);
#[map]
pub static NAMES: HashMap<[u8; NAME], u8> = HashMap::with_max_entries(LISTED, 0);
#[map]
pub static CGROUPS: HashMap<u64, u8> = HashMap::with_max_entries(LISTED, 0);
#[map]
pub static PORTS: HashMap<u16, u8> = HashMap::with_max_entries(LISTED, 0);

#[unsafe(no_mangle)]
pub static OFFSETS: Offsets = Offsets {
    task_struct_files: 0,
    files_struct_fdt: 0,
    fdtable_fd: 0,
    file_f_inode: 0,
    inode_i_mode: 0,
    inode_i_ino: 0,
    socket_alloc_vfs_inode: 0,
    socket_sk: 0,
    sock_common_skc_daddr: 0,
    sock_common_skc_rcv_saddr: 0,
    sock_common_skc_dport: 0,
    sock_common_skc_num: 0,
    sock_common_skc_family: 0,
    sock_common_skc_v6_daddr: 0,
    sock_common_skc_v6_rcv_saddr: 0,
    sock_common_skc_net: 0,
    net_ns_inum: 0,
    inet_sock_inet_sport: 0,
    sock_sk_protocol: 0,
    sock_sk_shutdown: 0,
    sock_sk_socket: 0,
    tcp_sock_write_seq: 0,
    tcp_sock_copied_seq: 0,
    tcp_sock_snd_una: 0,
    tcp_sock_rcv_nxt: 0,
};

#[unsafe(no_mangle)]
pub static SETTINGS: Settings = Settings { capture_limit: 0, admission: 0, namespace: 0 };

/// A member of [`Offsets`] as the loader set it: the kernel knows it as a constant.
macro_rules! offset {
    ($member:ident) => {
        // SAFETY: a static of this program; volatile, as the loader changes it before the kernel sees it.
        unsafe { core::ptr::read_volatile(&raw const $crate::maps::OFFSETS.$member) as usize }
    };
}
pub(crate) use offset;

/// A member of [`Settings`], in the same way.
macro_rules! setting {
    ($member:ident) => {
        // SAFETY: as in `offset`.
        unsafe { core::ptr::read_volatile(&raw const $crate::maps::SETTINGS.$member) }
    };
}
pub(crate) use setting;

/// Counts; nobody else writes this processor's number.
#[inline(always)]
pub fn count(counter: Counter, number: u64) {
    if let Some(place) = COUNTERS.get_ptr_mut(counter as u32) {
        // SAFETY: the map's own memory, of this processor.
        unsafe { *place = (*place).wrapping_add(number) };
    }
}
