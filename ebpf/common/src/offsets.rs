//! Where members stand in structures of the kernel, in bytes. The loader finds them in the kernel's own type information (BTF).

/// Offsets and sizes; the names are `structure_member`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
#[allow(missing_docs)] // the kernel's own names
pub struct Offsets {
    pub task_struct_files: u32,
    pub files_struct_fdt: u32,
    pub fdtable_fd: u32,
    pub file_f_inode: u32,
    pub inode_i_mode: u32,
    pub inode_i_ino: u32,
    pub socket_alloc_vfs_inode: u32,
    pub socket_sk: u32,
    pub sock_common_skc_daddr: u32,
    pub sock_common_skc_rcv_saddr: u32,
    pub sock_common_skc_dport: u32,
    pub sock_common_skc_num: u32,
    pub sock_common_skc_family: u32,
    pub sock_common_skc_v6_daddr: u32,
    pub sock_common_skc_v6_daddr_end: u32,
    pub sock_common_skc_v6_rcv_saddr: u32,
    pub sock_common_skc_v6_rcv_saddr_end: u32,
    pub sock_common_skc_net: u32,
    pub net_ns_inum: u32,
    pub sock_sk_protocol: u32,
    pub sock_sk_shutdown: u32,
    pub sock_sk_socket: u32,
    pub tcp_sock_write_seq: u32,
    pub tcp_sock_copied_seq: u32,
    pub tcp_sock_snd_una: u32,
    pub tcp_sock_rcv_nxt: u32,
    pub tcp_sock_bytes_acked: u32,
    pub tcp_sock_bytes_received: u32,
    pub socket_file: u32,
    pub sk_buff_sk: u32,
    pub sk_buff_head: u32,
    pub sk_buff_network_header: u32,
    pub sk_buff_transport_header: u32,
}

impl Offsets {
    /// Offset of an instruction that reads the first of these members; those of the others follow, one by one. The loader puts the
    /// member's true offset there. No structure that a program has of its own is as large.
    pub const MARK: usize = 0x7000;

    /// How many there are.
    pub const NUMBER: usize = size_of::<Self>() / 4;

    /// Byte offsets by number of the member.
    #[must_use]
    pub fn words(&self) -> [u32; Self::NUMBER] {
        // SAFETY: `repr(C)`, words alone.
        unsafe { core::mem::transmute::<Self, [u32; Self::NUMBER]>(*self) }
    }
}
