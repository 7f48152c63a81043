//! The kernel's type information (BTF, Documentation/bpf/btf.rst) -> where members of structures stand.
//!
//! Takes: the bytes of `/sys/kernel/btf/vmlinux`. Gives: [`Offsets`]. Reads nothing but structures and unions.

use weir_ebpf_common::Offsets;

/// Why an offset is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BtfError {
    #[error("it is cut short or of an unknown form")]
    Malformed,
    #[error("it has no structure `{structure}` with a member `{member}`")]
    Missing { structure: &'static str, member: &'static str },
}

const MAGIC: u16 = 0xeb9f;
const KIND_STRUCT: u32 = 4;
const KIND_UNION: u32 = 5;
const KIND_TYPEDEF: u32 = 8;
/// Of one member of a structure: name, type, offset.
const MEMBER: usize = 12;
/// IPv6 addresses and names of threads are read in two words.
const HALF: u32 = 8;
/// Structures without a name lie in each other so deep at most.
const DEPTH: u32 = 8;

pub(super) struct Btf<'a> {
    strings: &'a [u8],
    /// By type id, as types are numbered from 1; 0 is `void`.
    types: Vec<Type<'a>>,
}

#[derive(Clone, Copy)]
struct Type<'a> {
    name: u32,
    kind: u32,
    /// The offsets of its members hold the size of bit fields too.
    has_bit_fields: bool,
    members: &'a [u8],
}

impl<'a> Btf<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, BtfError> {
        Self::try_parse(bytes).ok_or(BtfError::Malformed)
    }

    fn try_parse(bytes: &'a [u8]) -> Option<Self> {
        let magic = bytes.first_chunk::<2>().map(|magic| u16::from_le_bytes(*magic))?;
        if magic != MAGIC {
            return None;
        }
        let [head, type_offset, type_length, string_offset, string_length] =
            [4, 8, 12, 16, 20].map(|at| word(bytes, at));
        let section = |offset: Option<usize>, length: Option<usize>| {
            let start = head?.checked_add(offset?)?;
            bytes.get(start..start.checked_add(length?)?)
        };
        let strings = section(string_offset, string_length)?;
        let mut rest = section(type_offset, type_length)?;
        let mut types = vec![Type { name: 0, kind: 0, has_bit_fields: false, members: &[] }];
        while !rest.is_empty() {
            let (name, information) = (word(rest, 0)? as u32, word(rest, 4)? as u32);
            let (kind, members) = (information >> 24 & 0x1f, (information & 0xffff) as usize);
            let extra = match kind {
                1 | 14 | 17 => 4,
                3 => 12,
                KIND_STRUCT | KIND_UNION | 15 | 19 => members * MEMBER,
                6 | 13 => members * 8,
                0 | 2 | 7..=12 | 16 | 18 => 0,
                _ => return None,
            };
            let members = rest.get(12..12 + extra)?;
            rest = rest.get(12 + extra..)?;
            types.push(Type { name, kind, has_bit_fields: information >> 31 == 1, members });
        }
        Some(Self { strings, types })
    }

    fn name(&self, at: u32) -> &'a [u8] {
        let rest = self.strings.get(at as usize..).unwrap_or_default();
        rest.split(|byte| *byte == 0).next().unwrap_or_default()
    }

    fn offset(&self, structure: &'static str, member: &'static str) -> Result<u32, BtfError> {
        let is_it =
            |kind: &&Type<'_>| kind.kind == KIND_STRUCT && self.name(kind.name) == structure.as_bytes();
        let mut found = self.types.iter().filter(is_it);
        // Two structures may have one name; the other one is some driver's.
        found
            .find_map(|structure| self.member(structure, member.as_bytes(), DEPTH))
            .ok_or(BtfError::Missing { structure, member })
    }

    /// Also looks into members without a name.
    fn member(&self, structure: &Type<'_>, wanted: &[u8], depth: u32) -> Option<u32> {
        structure.members.chunks_exact(MEMBER).find_map(|member| {
            let name = self.name(word(member, 0)? as u32);
            let bits = word(member, 8)? as u32;
            let bits = if structure.has_bit_fields { bits & 0xff_ffff } else { bits };
            if name == wanted {
                return Some(bits / 8);
            }
            if !name.is_empty() {
                return None;
            }
            let inner = self.types.get(word(member, 4)?)?;
            if !matches!(inner.kind, KIND_STRUCT | KIND_UNION) {
                return None;
            }
            Some(bits / 8 + self.member(inner, wanted, depth.checked_sub(1)?)?)
        })
    }

    /// Whether programs may be attached to this tracepoint.
    pub(super) fn has_tracepoint(&self, name: &str) -> bool {
        let typedef = format!("btf_trace_{name}");
        self.types.iter().any(|kind| kind.kind == KIND_TYPEDEF && self.name(kind.name) == typedef.as_bytes())
    }

    pub(super) fn offsets(&self) -> Result<Offsets, BtfError> {
        let at = |structure, member| self.offset(structure, member);
        Ok(Offsets {
            task_struct_files: at("task_struct", "files")?,
            task_struct_thread_fsbase: at("task_struct", "thread")? + at("thread_struct", "fsbase")?,
            files_struct_fdt: at("files_struct", "fdt")?,
            fdtable_fd: at("fdtable", "fd")?,
            file_f_inode: at("file", "f_inode")?,
            file_f_path_dentry: at("file", "f_path")? + at("path", "dentry")?,
            dentry_d_name_name: at("dentry", "d_name")? + at("qstr", "name")?,
            inode_i_mode: at("inode", "i_mode")?,
            inode_i_ino: at("inode", "i_ino")?,
            socket_alloc_vfs_inode: at("socket_alloc", "vfs_inode")?,
            socket_sk: at("socket", "sk")?,
            sock_common_skc_daddr: at("sock_common", "skc_daddr")?,
            sock_common_skc_rcv_saddr: at("sock_common", "skc_rcv_saddr")?,
            sock_common_skc_dport: at("sock_common", "skc_dport")?,
            sock_common_skc_num: at("sock_common", "skc_num")?,
            sock_common_skc_family: at("sock_common", "skc_family")?,
            sock_common_skc_v6_daddr: at("sock_common", "skc_v6_daddr")?,
            sock_common_skc_v6_daddr_end: at("sock_common", "skc_v6_daddr")? + HALF,
            sock_common_skc_v6_rcv_saddr: at("sock_common", "skc_v6_rcv_saddr")?,
            sock_common_skc_v6_rcv_saddr_end: at("sock_common", "skc_v6_rcv_saddr")? + HALF,
            sock_common_skc_net: at("sock_common", "skc_net")?,
            net_ns_inum: at("net", "ns")? + at("ns_common", "inum")?,
            inet_sock_inet_sport: at("inet_sock", "inet_sport")?,
            sock_sk_protocol: at("sock", "sk_protocol")?,
            sock_sk_shutdown: at("sock", "sk_shutdown")?,
            sock_sk_socket: at("sock", "sk_socket")?,
            tcp_sock_write_seq: at("tcp_sock", "write_seq")?,
            tcp_sock_copied_seq: at("tcp_sock", "copied_seq")?,
            tcp_sock_snd_una: at("tcp_sock", "snd_una")?,
            tcp_sock_rcv_nxt: at("tcp_sock", "rcv_nxt")?,
            tcp_sock_bytes_acked: at("tcp_sock", "bytes_acked")?,
            tcp_sock_bytes_received: at("tcp_sock", "bytes_received")?,
            sk_buff_head: at("sk_buff", "head")?,
            sk_buff_network_header: at("sk_buff", "network_header")?,
            sk_buff_transport_header: at("sk_buff", "transport_header")?,
            socket_file: at("socket", "file")?,
            task_struct_tgid: at("task_struct", "tgid")?,
            task_struct_pid: at("task_struct", "pid")?,
            task_struct_comm: at("task_struct", "comm")?,
            task_struct_comm_end: at("task_struct", "comm")? + HALF,
        })
    }
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `struct outer { int a; union { struct { int :3; int b; }; }; };` as pahole writes it.
    fn sample() -> Vec<u8> {
        let strings = b"\0outer\0a\0b\0int\0";
        let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
        let mut types = words(&[11, 1 << 24, 4, 32]);
        types.extend(words(&[1, 4 << 24 | 2, 12, 7, 1, 0, 0, 3, 32]));
        types.extend(words(&[0, 5 << 24 | 1, 8, 0, 4, 0]));
        types.extend(words(&[0, 1 << 31 | 4 << 24 | 2, 8, 0, 1, 3 << 24, 9, 1, 32]));
        let mut bytes = vec![0x9f, 0xeb, 1, 0];
        bytes.extend(words(&[24, 0, types.len() as u32, types.len() as u32, strings.len() as u32]));
        [bytes, types, strings.to_vec()].concat()
    }

    #[test]
    fn finds_members_in_nameless_members() {
        let bytes = sample();
        let btf = Btf::parse(&bytes).unwrap();
        assert_eq!(btf.offset("outer", "a"), Ok(0));
        assert_eq!(btf.offset("outer", "b"), Ok(8));
        assert_eq!(btf.offset("outer", "c"), Err(BtfError::Missing { structure: "outer", member: "c" }));
        assert_eq!(btf.offset("inner", "a"), Err(BtfError::Missing { structure: "inner", member: "a" }));
    }

    #[test]
    fn a_piece_of_it_is_malformed_or_lacks_something() {
        let bytes = sample();
        for length in 0..bytes.len() {
            if let Ok(btf) = Btf::parse(&bytes[..length]) {
                assert!(btf.offset("outer", "b").is_err(), "{length}");
            }
        }
    }

    #[test]
    fn this_kernel_has_them_all() {
        match std::fs::read(super::super::KERNEL_TYPES) {
            Ok(bytes) => {
                let offsets = Btf::parse(&bytes).unwrap().offsets().unwrap();
                assert_ne!(offsets.tcp_sock_write_seq, 0);
            }
            Err(error) => println!("skipped: no type information of this kernel: {error}"),
        }
    }
}
