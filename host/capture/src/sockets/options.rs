//! Which programs' system calls are captured, and how much of them.

use std::path::PathBuf;

/// What is captured. Lists that are empty admit everything; a process has to be in one of the process lists, where there are any, and
/// a port in the list of ports.
#[derive(Clone, Debug)]
pub struct SocketOptions {
    /// What system calls carry.
    pub calls: bool,
    /// What TLS libraries encrypt and decrypt.
    pub tls: bool,
    /// Process ids, as the initial PID namespace sees them.
    pub processes: Vec<u32>,
    /// Names of threads (`/proc/PID/comm`); the kernel keeps 15 bytes of them.
    pub names: Vec<String>,
    /// Folders of control groups (version 2), with those below them.
    pub cgroups: Vec<PathBuf>,
    /// Ports of either end.
    pub ports: Vec<u16>,
    /// Inode number of the only network namespace whose sockets are captured.
    pub namespace: Option<u32>,
    /// Captures at the end of each call, as on kernels before 6.3, though this one may know a better way.
    pub at_calls: bool,
    /// Bytes of one call that are captured; what is beyond is a gap.
    pub capture_limit: u32,
    /// Size of the ring, a power of two.
    pub ring_bytes: u32,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            calls: true,
            tls: false,
            processes: Vec::new(),
            names: Vec::new(),
            cgroups: Vec::new(),
            ports: Vec::new(),
            namespace: None,
            at_calls: false,
            // Heads and small bodies; the rest of large bodies is stepped over anyway.
            capture_limit: 16 << 10,
            // Up to twenty processors wake the reader for a fortieth of it each; it is mapped twice, and counts so as resident memory.
            ring_bytes: 8 << 20,
        }
    }
}
