//! What the loader tells the programs before they start; the kernel takes it as constants.

use crate::NAME;

/// Which calls are captured and how much of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Settings {
    /// Bytes of one piece of memory that are captured, at most [`crate::CAPTURE_MAX`].
    pub capture_limit: u32,
    /// Bits of [`Admission`]: lists that are not empty.
    pub admission: u32,
    /// Inode number of the only network namespace whose sockets are captured; 0: of all.
    pub namespace: u32,
    /// 1: connections begin when TCP says so, not when a call ends.
    pub states: u32,
    /// 1: what plain system calls carry is told.
    pub calls: u32,
    /// 1: what TLS libraries carry is told.
    pub tls: u32,
    /// 1: programs at tracepoints may lose their processor to other threads, and to the same program there.
    pub preemptible: u32,
    /// A processor that puts so many bytes into the ring wakes the reader.
    pub wake_bytes: u32,
    /// Names of threads that are admitted, up to the first that is empty.
    pub names: [[u64; 2]; NAMES],
}

impl Settings {
    /// Before the loader has set them: nothing is captured.
    pub const ZERO: Self = Self {
        capture_limit: 0,
        admission: 0,
        namespace: 0,
        states: 0,
        calls: 0,
        tls: 0,
        preemptible: 0,
        wake_bytes: 0,
        names: [[0; 2]; NAMES],
    };
}

/// Names of threads that can be listed: each is compared with each call's, which costs a nanosecond or two.
pub const NAMES: usize = 16;

/// Processes, control groups and ports that can be listed.
pub const LISTED: u32 = 1024;

/// A name of a thread as two numbers, which are faster to compare than letters.
#[must_use]
pub const fn name_words(name: [u8; NAME]) -> [u64; 2] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = name;
    [u64::from_le_bytes([a, b, c, d, e, f, g, h]), u64::from_le_bytes([i, j, k, l, m, n, o, p])]
}

/// Places for sockets that nobody wants: as many as there are flows of a worker.
pub const UNWANTED_PLACES: u32 = 1 << 16;

/// Where a socket stands that nobody wants.
#[must_use]
pub const fn unwanted_place(socket: u64) -> u32 {
    // The plaintext of a TLS library has a place of its own, not far from its ciphertext's.
    ((socket ^ socket >> 63) % UNWANTED_PLACES as u64) as u32
}

/// Lists of what is admitted. A call has to be admitted by the process lists (one of them is enough) and by the port list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Admission {
    /// Process ids.
    Processes = 1,
    /// Thread names.
    Names = 2,
    /// Control groups (version 2), those below them too.
    Cgroups = 4,
    /// Ports of either end.
    Ports = 8,
}

/// The loader asks for the group of this process, which can not exist (`pid_max` is 2^22 at most), so that a program in the kernel can
/// tell which process the loader is: its own id would be another one in a PID namespace.
pub const PROCESS_OF_OWN_CALL: u32 = 0x7769_7265;

/// Where the loader's process id stands from the moment that calls are told; 0: they are not yet.
pub const LOADER_BEGUN: u32 = 0;

/// Where the program puts it that finds it.
pub const LOADER_FOUND: u32 = 1;
