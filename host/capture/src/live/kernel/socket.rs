//! A packet socket and its options. Takes numbers, gives errors of the system.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::io;
use std::mem::{self, size_of};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use crate::live::filter::Instruction;

/// All protocols, in the order of the network.
const ALL: u16 = (libc::ETH_P_ALL as u16).to_be();

/// A packet socket.
#[derive(Debug)]
pub(super) struct Socket(OwnedFd);

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Socket {
    /// Opens one that gets nothing before it is bound. `link_header`: packets come with it.
    pub(super) fn open(link_header: bool) -> io::Result<Self> {
        let kind = if link_header { libc::SOCK_RAW } else { libc::SOCK_DGRAM };
        // SAFETY: only numbers go in.
        let fd = unsafe { libc::socket(libc::AF_PACKET, kind | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK, 0) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it was just opened, and nobody else has it.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Begins to get what passes an interface.
    pub(super) fn bind(&self, index: u32) -> io::Result<()> {
        // SAFETY: all zeros are a valid value.
        let mut address: libc::sockaddr_ll = unsafe { mem::zeroed() };
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = ALL;
        address.sll_ifindex = index as c_int;
        let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        // SAFETY: address and length are those of a sockaddr_ll.
        done(unsafe { libc::bind(self.fd(), (&raw const address).cast(), length) })
    }

    /// Sets an option of the packet level. `T` must be what packet(7) says for it, without padding or pointers.
    pub(super) fn set<T: Copy>(&self, option: c_int, value: T) -> io::Result<()> {
        self.set_at(libc::SOL_PACKET, option, &value)
    }

    /// Drops what the program does not want.
    pub(super) fn set_filter(&self, program: &[Instruction]) -> io::Result<()> {
        let length = u16::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let program = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut() };
        // The kernel copies the program and does not write to it.
        self.set_at(libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
    }

    /// The socket's pending error; none afterwards.
    pub(super) fn take_error(&self) -> Option<io::Error> {
        let mut error: c_int = 0;
        self.read(libc::SOL_SOCKET, libc::SO_ERROR, &mut error).ok()?;
        (error != 0).then(|| io::Error::from_raw_os_error(error))
    }

    /// How many packets passed the filter since the last call, and how many of them found no room.
    pub(super) fn take_statistics(&self) -> (u32, u32) {
        let mut stats = libc::tpacket_stats_v3 { tp_packets: 0, tp_drops: 0, tp_freeze_q_cnt: 0 };
        match self.read(libc::SOL_PACKET, libc::PACKET_STATISTICS, &mut stats) {
            Ok(()) => (stats.tp_packets, stats.tp_drops),
            Err(_) => (0, 0),
        }
    }

    pub(super) fn fd(&self) -> c_int {
        self.0.as_raw_fd()
    }

    fn set_at<T>(&self, level: c_int, option: c_int, value: &T) -> io::Result<()> {
        let length = size_of::<T>() as libc::socklen_t;
        // SAFETY: pointer and length are those of the value.
        done(unsafe { libc::setsockopt(self.fd(), level, option, (&raw const *value).cast(), length) })
    }

    /// `T` is plain numbers, of which any bytes are a value.
    fn read<T: Copy>(&self, level: c_int, option: c_int, value: &mut T) -> io::Result<()> {
        let mut length = size_of::<T>() as libc::socklen_t;
        let place: *mut c_void = (&raw mut *value).cast();
        // SAFETY: the kernel writes at most `length` bytes, and the value has so many.
        done(unsafe { libc::getsockopt(self.fd(), level, option, place, &raw mut length) })
    }
}

fn done(answer: c_int) -> io::Result<()> {
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
