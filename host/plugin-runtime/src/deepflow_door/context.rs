//! What every hook is told of a packet: DeepFlow's `CtxBase`. All numbers are big-endian.

use weir_pipeline::decode::{Address, Transport};
use weir_pipeline::parse::event::Direction;

/// `CtxBase` with IPv6 addresses and an empty process name.
pub(super) const LONGEST: usize = 60;

/// IP protocol numbers.
const TCP: u8 = 6;
const UDP: u8 = 17;
/// `ebpf type`: the bytes come from a network, not from a system call.
const NOT_EBPF: u8 = 255;

/// What a hook is told of a packet.
pub(super) struct Base {
    /// Of this packet, not of the connection.
    pub(super) source: (Address, u16),
    pub(super) destination: (Address, u16),
    pub(super) transport: Transport,
    pub(super) l7: u8,
    /// Nanoseconds since 1970.
    pub(super) time: u64,
    pub(super) direction: Direction,
    pub(super) flow_id: u64,
    /// How long a payload can be.
    pub(super) buffer: usize,
}

/// Encoded, on the stack.
#[derive(Clone, Copy)]
pub(super) struct Encoded {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Default for Encoded {
    fn default() -> Self {
        Self { bytes: [0; LONGEST], length: 0 }
    }
}

impl Encoded {
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        if let Some(place) = self.bytes.get_mut(self.length..self.length + N) {
            place.copy_from_slice(&bytes);
            self.length += N;
        }
    }
}

impl Base {
    #[inline]
    pub(super) fn encode(&self) -> Encoded {
        let mut to = Encoded::default();
        let (source, destination) = (self.source.0.0, self.destination.0.0);
        // IPv4 addresses are mapped ones (RFC 4291, 2.5.5.2).
        if source >> 32 == 0xffff {
            to.put([4]);
            to.put((source as u32).to_be_bytes());
            to.put((destination as u32).to_be_bytes());
        } else {
            to.put([6]);
            to.put(source.to_be_bytes());
            to.put(destination.to_be_bytes());
        }
        to.put(self.source.1.to_be_bytes());
        to.put(self.destination.1.to_be_bytes());
        let transport = match self.transport {
            Transport::Tcp => TCP,
            Transport::Udp => UDP,
        };
        to.put([transport, self.l7, NOT_EBPF]);
        to.put((self.time / 1000).to_be_bytes());
        let no_process_name = 0;
        to.put([self.direction as u8, no_process_name]);
        to.put(self.flow_id.to_be_bytes());
        to.put(u16::try_from(self.buffer).unwrap_or(u16::MAX).to_be_bytes());
        to
    }
}
