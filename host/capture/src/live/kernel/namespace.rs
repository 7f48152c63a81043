//! Which interfaces the network namespace has, and entering another one.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::ptr;

use crate::live::error::LiveError;
use crate::live::interfaces::Interface;

/// Moves the calling thread, and the threads that it starts later, into a network namespace: that of a process id, or of a path
/// such as `/run/netns/NAME`.
///
/// # Errors
/// There is none, or the privilege (CAP_SYS_ADMIN) is missing.
pub fn enter_namespace(name: &str) -> Result<(), LiveError> {
    let is_pid = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
    let path = if is_pid { format!("/proc/{name}/ns/net") } else { name.to_owned() };
    let failed = |source: io::Error| match source.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => LiveError::NoNamespacePrivilege { name: name.to_owned() },
        _ => LiveError::Namespace { name: name.to_owned(), source },
    };
    let file = File::open(path).map_err(failed)?;
    // SAFETY: the descriptor is open; only this thread changes.
    match unsafe { libc::setns(file.as_raw_fd(), libc::CLONE_NEWNET) } {
        0 => Ok(()),
        _ => Err(failed(io::Error::last_os_error())),
    }
}

/// All interfaces of the thread's network namespace. (`/sys/class/net` would be those of the namespace that mounted it.)
pub(in crate::live) fn interfaces() -> io::Result<Vec<Interface>> {
    let mut list: *mut libc::ifaddrs = ptr::null_mut();
    // SAFETY: a place for the list's start.
    if unsafe { libc::getifaddrs(&raw mut list) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let mut interfaces = Vec::new();
    let mut next = list;
    // SAFETY: each entry is valid until the list is freed, null ends it.
    while let Some(entry) = unsafe { next.as_ref() } {
        next = entry.ifa_next;
        // SAFETY: an address is null or begins with its family.
        let family = unsafe { entry.ifa_addr.as_ref() }.map(|address| i32::from(address.sa_family));
        if family != Some(libc::AF_PACKET) {
            continue;
        }
        // SAFETY: addresses of this family are sockaddr_ll (packet(7)); glibc and musl align them as that needs.
        let address = unsafe { ptr::read_unaligned(entry.ifa_addr.cast::<libc::sockaddr_ll>()) };
        // SAFETY: the name ends with a zero.
        let name = unsafe { CStr::from_ptr(entry.ifa_name) }.to_string_lossy().into_owned();
        interfaces.push(Interface { name, index: address.sll_ifindex as u32, kind: address.sll_hatype });
    }
    // SAFETY: it came from getifaddrs and is freed once.
    unsafe { libc::freeifaddrs(list) };
    Ok(interfaces)
}
