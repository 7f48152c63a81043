//! `--tls` against real programs: what goes through their TLS libraries is told as if it were not encrypted.

mod go;
mod go_http2;
mod life;
mod openssl;
mod server;

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Agents with `--tls` look at all of the machine. A test that looks at what one does to memory, or how soon, has the machine alone as
/// far as these tests go.
static MACHINE: RwLock<()> = RwLock::new(());

/// For a test that others do not disturb.
fn share() -> RwLockReadGuard<'static, ()> {
    MACHINE.read().unwrap_or_else(PoisonError::into_inner)
}

/// For a test that others would disturb.
fn alone() -> RwLockWriteGuard<'static, ()> {
    MACHINE.write().unwrap_or_else(PoisonError::into_inner)
}
