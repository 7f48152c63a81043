//! `--tls` against real programs: what goes through their TLS libraries is told as if it were not encrypted.

mod go;
mod go_http2;
mod life;
mod openssl;
mod server;

use std::fs::File;

/// Agents with `--tls` look at all of the machine. A test that looks at what one does to memory, or how soon, has the machine alone as
/// far as these tests go. Locks a file, as each test may have a process of its own; the kernel unlocks it when the process ends.
fn machine() -> File {
    File::create(std::env::temp_dir().join("weir-tests-tls.lock")).unwrap()
}

/// For a test that others do not disturb.
fn share() -> File {
    let file = machine();
    file.lock_shared().unwrap();
    file
}

/// For a test that others would disturb.
fn alone() -> File {
    let file = machine();
    file.lock().unwrap();
    file
}
