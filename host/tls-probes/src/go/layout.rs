//! Where Go's structures keep what a probe needs.
//!
//! Takes: a version. Gives: offsets. Only `goid` has ever moved since Go 1.9; where it is was read from `runtime/runtime2.go` of the releases
//! 1.19 and 1.21 to 1.27, and a test compares it with the debugging information of what the project's own Go makes:
//!
//! | Go | `goid` in `runtime.g` | why |
//! |---|---|---|
//! | 1.17 to 1.22 | 152 | |
//! | 1.23, 1.24 | 160 | `syscallbp` came |
//! | 1.25 to 1.27 | 152 | `sched.ret` went |

use super::debug_info;
use super::version::Version;
use crate::elf::Elf;
use crate::target::{GoLayout, GoroutineIdOffset};

/// From which release on, and the offset. The last entry holds up to [`NEWEST`].
const GOROUTINE_ID: [((u32, u32), u64); 3] = [((1, 17), 152), ((1, 23), 160), ((1, 25), 152)];

/// The newest release that was looked at.
const NEWEST: (u32, u32) = (1, 27);

pub(super) fn layout(elf: &Elf<'_>, version: &Version) -> GoLayout {
    GoLayout {
        goroutine_id: goroutine_id(elf, version),
        // The first field: crypto/tls/conn.go, since Go 1.
        tls_conn: 0,
        // Table and data: runtime/runtime2.go, `iface`.
        interface_data: 8,
        // Two pointers, a hash of four bytes, padding: internal/abi/iface.go, before that runtime/runtime2.go; since Go 1.10.
        table_first_method: 24,
        // `TCPConn` is a `conn`, which is a `*netFD`: net/tcpsock.go, net/net.go.
        tcp_fd: 0,
        // `netFD` begins with a `poll.FD`, in which `Sysfd` is behind an `fdMutex` (a u64 and two u32): net/fd_posix.go,
        // internal/poll/fd_unix.go and fd_mutex.go, since Go 1.9.
        fd_sysfd: 16,
    }
}

fn goroutine_id(elf: &Elf<'_>, version: &Version) -> GoroutineIdOffset {
    let known = version.release.filter(|release| !version.devel && *release <= NEWEST);
    let entry =
        |release| GOROUTINE_ID.iter().rev().find(|(since, _)| *since <= release).map(|(_, offset)| *offset);
    if let Some(offset) = known.and_then(entry) {
        return GoroutineIdOffset::Known(offset);
    }
    if let Some(offset) = debug_info::field(elf, "runtime.g", "goid") {
        return GoroutineIdOffset::Debug(offset);
    }
    let release = version.release.unwrap_or(NEWEST).clamp((1, 17), NEWEST);
    GoroutineIdOffset::Assumed(entry(release).unwrap_or(152))
}
