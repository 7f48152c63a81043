//! One agent for one interface and filter. Takes both, gives a lock that ends with the process, however it ends.
//!
//! The lock is the name of a socket in the abstract namespace (unix(7)): it needs no file and no privilege, leaves nothing
//! behind, and is of the network namespace, as interfaces are. Nothing is received on it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use crate::failure::Failure;

/// Held as long as it lives.
#[derive(Debug)]
pub(crate) struct Locks {
    _sockets: Vec<UnixDatagram>,
}

impl Locks {
    /// Takes the lock of each interface as it was given.
    ///
    /// # Errors
    /// Another agent has one of them.
    pub(crate) fn take(interfaces: &[String], filter: Option<&str>) -> Result<Self, Failure> {
        let mut names: Vec<&String> = interfaces.iter().collect();
        names.sort();
        names.dedup();
        let sockets = names.into_iter().map(|interface| take(interface, filter)).collect::<Result<_, _>>()?;
        Ok(Self { _sockets: sockets })
    }
}

fn take(interface: &str, filter: Option<&str>) -> Result<UnixDatagram, Failure> {
    // Names have 107 bytes at most, filters may be longer.
    let mut hasher = DefaultHasher::new();
    (interface, filter).hash(&mut hasher);
    let address = SocketAddr::from_abstract_name(format!("weir/agent/{:016x}", hasher.finish()));
    let socket = address.and_then(|address| UnixDatagram::bind_addr(&address));
    socket.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => Failure::runtime(format_args!(
            "another weir agent captures `{interface}` with the same filter already; its logs would come twice: stop it \
             first, or choose another interface or --bpf"
        )),
        _ => Failure::runtime(format_args!("can not lock `{interface}` against a second agent: {error}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_agent_is_refused_until_the_first_ends() {
        // Tests of several checkouts may run on one machine.
        let own = format!("test{}", std::process::id());
        let interfaces = [own.clone(), own];
        let first = Locks::take(&interfaces, Some("tcp")).unwrap();
        let refused = Locks::take(&interfaces[..1], Some("tcp")).unwrap_err();
        assert!(refused.to_string().contains("another weir agent captures"), "{refused}");
        assert!(Locks::take(&interfaces, None).is_ok());
        drop(first);
        assert!(Locks::take(&interfaces, Some("tcp")).is_ok());
    }
}
