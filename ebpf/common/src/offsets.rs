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
    pub sock_common_skc_v6_rcv_saddr: u32,
    pub sock_common_skc_net: u32,
    pub net_ns_inum: u32,
    pub inet_sock_inet_sport: u32,
    pub sock_sk_protocol: u32,
    pub sock_sk_shutdown: u32,
    pub sock_sk_socket: u32,
    pub tcp_sock_write_seq: u32,
    pub tcp_sock_copied_seq: u32,
    pub tcp_sock_snd_una: u32,
    pub tcp_sock_rcv_nxt: u32,
}
