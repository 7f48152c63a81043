//! A packet socket with its ring in memory that the kernel fills. Takes an interface, gives its packets, a block at a time.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::packets::{self, Packet, STATUS};
use super::socket::Socket;
use crate::live::error::LiveError;
use crate::live::filter::Instruction;
use crate::mapped::Mapped;

/// How a ring is set up.
#[derive(Clone, Copy, Debug)]
pub(in crate::live) struct RingOptions<'a> {
    /// The interface.
    pub(in crate::live) index: u32,
    /// Packets come with their link header.
    pub(in crate::live) link_header: bool,
    /// Packets on their way out are left out.
    pub(in crate::live) ignore_outgoing: bool,
    /// Frames for others too.
    pub(in crate::live) promiscuous: bool,
    /// The kernel drops what it does not accept.
    pub(in crate::live) filter: Option<&'a [Instruction]>,
    /// How many blocks there shall be.
    pub(in crate::live) blocks: u32,
}

/// A ring that is being filled.
#[derive(Debug)]
pub(in crate::live) struct Ring {
    socket: Socket,
    memory: Mapped,
    /// The block that the kernel hands out next.
    next: usize,
    blocks: usize,
}

impl Ring {
    /// Bytes of a block. A frame must fit into one: with segmentation offload a frame has up to 64 KiB, with "BIG TCP" more; what
    /// does not fit is cut, and told as cut.
    pub(in crate::live) const BLOCK: usize = 256 << 10;

    /// How long a block that is not full may be kept by the kernel: what a request log is late at most.
    pub(in crate::live) const TIMEOUT_MS: u32 = 40;

    /// Opens a ring and begins to fill it.
    pub(in crate::live) fn open(name: &str, options: &RingOptions<'_>) -> Result<Self, LiveError> {
        let at = |step| move |source| failed(name, step, source);
        let socket = Socket::open(options.link_header).map_err(at("opening a packet socket"))?;
        socket
            .set(libc::PACKET_VERSION, libc::tpacket_versions::TPACKET_V3 as i32)
            .map_err(at("choosing the ring's version (Linux 3.2 or later is needed)"))?;
        if options.ignore_outgoing {
            // Kernels before 4.20 do not know it; whoever reads looks at the direction too.
            let _ = socket.set(libc::PACKET_IGNORE_OUTGOING, 1_i32);
        }
        if let Some(filter) = options.filter {
            socket.set_filter(filter).map_err(at("attaching the filter"))?;
        }
        let blocks = set_up(&socket, options.blocks).map_err(at("making the ring"))?;
        let memory =
            Mapped::new(socket.as_fd(), blocks as usize * Self::BLOCK).map_err(at("mapping the ring"))?;
        if options.promiscuous {
            let wanted = libc::packet_mreq {
                mr_ifindex: options.index as i32,
                mr_type: libc::PACKET_MR_PROMISC as u16,
                mr_alen: 0,
                mr_address: [0; 8],
            };
            socket.set(libc::PACKET_ADD_MEMBERSHIP, wanted).map_err(at("setting it to promiscuous"))?;
        }
        socket.bind(options.index).map_err(at("binding to it"))?;
        Ok(Self { socket, memory, next: 0, blocks: blocks as usize })
    }

    /// Whether a ring could be opened at all.
    pub(in crate::live) fn try_privilege() -> Result<(), LiveError> {
        Socket::open(true).map(drop).map_err(|source| failed("packets", "opening a packet socket", source))
    }

    /// Calls `each` for every packet of the next block and gives the block back. `false`: the kernel still has it.
    pub(in crate::live) fn read(&mut self, each: impl FnMut(Packet<'_>)) -> bool {
        let begin = self.next * Self::BLOCK;
        let status = self.memory.word(begin + STATUS);
        if status.load(Ordering::Acquire) & libc::TP_STATUS_USER == 0 {
            return false;
        }
        // SAFETY: the status says that the block is ours until it is written below.
        let block = unsafe { self.memory.bytes(begin..begin + Self::BLOCK) };
        packets::packets(block, each);
        status.store(libc::TP_STATUS_KERNEL, Ordering::Release);
        self.next = (self.next + 1) % self.blocks;
        true
    }

    /// No further packet comes in. `false`: the kernel has no memory for that, they go on coming.
    pub(in crate::live) fn reject_all(&self) -> bool {
        let reject = Instruction { code: (libc::BPF_RET | libc::BPF_K) as u16, jt: 0, jf: 0, k: 0 };
        self.socket.set_filter(&[reject]).is_ok()
    }

    /// Forgets that the interface went down, so that waiting works again.
    pub(in crate::live) fn clear_error(&mut self) {
        let _ = self.socket.take_error();
    }

    /// How many packets passed the filter since the last call, and how many of them found the ring full.
    pub(in crate::live) fn take_statistics(&mut self) -> (u64, u64) {
        let (packets, drops) = self.socket.take_statistics();
        (u64::from(packets), u64::from(drops))
    }
}

/// Asks for a ring of so many blocks, or half, or a quarter, as memory allows.
fn set_up(socket: &Socket, mut blocks: u32) -> io::Result<u32> {
    /// The kernel wants a frame's size for its own arithmetic; with this version frames are as long as they are.
    const FRAME: u32 = 2048;
    loop {
        let request = libc::tpacket_req3 {
            tp_block_size: Ring::BLOCK as u32,
            tp_block_nr: blocks,
            tp_frame_size: FRAME,
            tp_frame_nr: blocks * (Ring::BLOCK as u32 / FRAME),
            tp_retire_blk_tov: Ring::TIMEOUT_MS,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        match socket.set(libc::PACKET_RX_RING, request) {
            Ok(()) => return Ok(blocks),
            Err(error) if error.raw_os_error() == Some(libc::ENOMEM) && blocks > 4 => blocks /= 2,
            Err(error) => return Err(error),
        }
    }
}

/// Waits until one of the rings has a block, `other` is ready to be read, or for `wait`. `true`: one has an error pending.
pub(in crate::live) fn poll<'a>(
    rings: impl Iterator<Item = &'a Ring>,
    other: Option<BorrowedFd<'_>>,
    wait: Duration,
) -> bool {
    let sockets = rings.map(|ring| ring.socket.fd()).chain(other.map(|other| other.as_raw_fd()));
    let mut waiting: Vec<libc::pollfd> =
        sockets.map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 }).collect();
    let wait = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: pointer and length are those of the list. A signal ends the wait early, which does no harm.
    unsafe { libc::poll(waiting.as_mut_ptr(), waiting.len() as libc::nfds_t, wait) };
    waiting.iter().any(|one| one.revents & libc::POLLERR != 0)
}

fn failed(name: &str, step: &'static str, source: io::Error) -> LiveError {
    match source.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => LiveError::NoPrivilege,
        _ => LiveError::Open { interface: name.to_owned(), step, source },
    }
}
