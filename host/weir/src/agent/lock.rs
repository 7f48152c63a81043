//! One agent for one interface and filter. Takes both, gives a lock that ends with the process, however it ends.
//!
//! The lock is the name of a socket in the abstract namespace (unix(7)): it needs no file and no privilege, leaves nothing
//! behind, and is of the network namespace, as interfaces are. Nothing is received on it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use super::config::Calls;
use crate::failure::Failure;

/// Held as long as it lives.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    sockets: Vec<UnixDatagram>,
}

impl Locks {
    /// Takes the lock of each interface as it was given.
    ///
    /// # Errors
    /// Another agent has one of them.
    pub(crate) fn take_interfaces(
        &mut self,
        interfaces: &[String],
        filter: Option<&str>,
    ) -> Result<(), Failure> {
        let mut names: Vec<&String> = interfaces.iter().collect();
        names.sort();
        names.dedup();
        for interface in names {
            self.take(
                &format!("`{interface}` with the same filter"),
                (interface, filter),
                "interface or --bpf",
            )?;
        }
        Ok(())
    }

    /// Takes the lock of system calls with these lists of what is admitted.
    ///
    /// # Errors
    /// Another agent has it.
    pub(crate) fn take_calls(&mut self, calls: &Calls, namespace: Option<&str>) -> Result<(), Failure> {
        let lists = (&calls.pid, &calls.comm, &calls.cgroup, &calls.port, calls.syscalls, calls.tls);
        self.take(
            "the same system calls",
            ("system calls", lists, namespace),
            "--pid, --comm, --cgroup or --port",
        )
    }

    fn take(&mut self, what: &str, key: impl Hash, other: &str) -> Result<(), Failure> {
        // Names have 107 bytes at most, what is captured may be longer to tell.
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let address = SocketAddr::from_abstract_name(format!("weir/agent/{:016x}", hasher.finish()));
        let socket = address.and_then(|address| UnixDatagram::bind_addr(&address));
        self.sockets.push(socket.map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => Failure::runtime(format_args!(
                "another weir agent captures {what} already; its logs would come twice: stop it first, or choose another {other}"
            )),
            _ => Failure::runtime(format_args!("can not lock {what} against a second agent: {error}")),
        })?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_agent_is_refused_until_the_first_ends() {
        // Tests of several checkouts may run on one machine.
        let own = format!("test{}", std::process::id());
        let interfaces = [own.clone(), own];
        let take = |interfaces: &[String], filter| {
            let mut locks = Locks::default();
            locks.take_interfaces(interfaces, filter).map(|()| locks)
        };
        let first = take(&interfaces, Some("tcp")).unwrap();
        let refused = take(&interfaces[..1], Some("tcp")).unwrap_err();
        assert!(refused.to_string().contains("another weir agent captures"), "{refused}");
        assert!(take(&interfaces, None).is_ok());
        drop(first);
        assert!(take(&interfaces, Some("tcp")).is_ok());
    }
}
