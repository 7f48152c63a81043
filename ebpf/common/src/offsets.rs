//! Where members stand in structures of the kernel, in bytes. The loader finds them in the kernel's own type information (BTF).

macro_rules! offsets {
    ($($member:ident)*) => {
        /// Offsets; the names are `structure_member`, `_end` is the second half of a member of 16 bytes.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[repr(C)]
        #[allow(missing_docs)] // the kernel's own names
        pub struct Offsets {
            $(pub $member: u32,)*
        }

        impl Offsets {
            /// Before the loader has found them.
            pub const ZERO: Self = Self { $($member: 0,)* };

            /// By number of the member.
            #[must_use]
            pub const fn words(&self) -> [u32; size_of::<Self>() / size_of::<u32>()] {
                [$(self.$member,)*]
            }
        }
    };
}

offsets! {
    task_struct_files
    task_struct_tgid
    task_struct_pid
    task_struct_comm
    task_struct_comm_end
    task_struct_thread_fsbase
    files_struct_fdt
    fdtable_fd
    file_f_inode
    file_f_path_dentry
    dentry_d_name_name
    inode_i_mode
    inode_i_ino
    socket_alloc_vfs_inode
    socket_sk
    socket_file
    sock_common_skc_daddr
    sock_common_skc_rcv_saddr
    sock_common_skc_dport
    sock_common_skc_num
    sock_common_skc_family
    sock_common_skc_v6_daddr
    sock_common_skc_v6_daddr_end
    sock_common_skc_v6_rcv_saddr
    sock_common_skc_v6_rcv_saddr_end
    sock_common_skc_net
    net_ns_inum
    inet_sock_inet_sport
    sock_sk_protocol
    sock_sk_shutdown
    sock_sk_socket
    tcp_sock_write_seq
    tcp_sock_copied_seq
    tcp_sock_snd_una
    tcp_sock_rcv_nxt
    tcp_sock_bytes_acked
    tcp_sock_bytes_received
    sk_buff_head
    sk_buff_network_header
    sk_buff_transport_header
}

impl Offsets {
    /// Offset of an instruction that reads the first of these members; those of the others follow, one by one. The loader puts the
    /// member's true offset there. No structure that a program has of its own is as large.
    pub const MARK: usize = 0x7000;
}
