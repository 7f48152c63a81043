//! Bytes that a system call or a TLS library carried, as a frame of [`LinkType::Socket`](super::LinkType::Socket): a header of
//! fixed size, the bytes behind it. Capture writes the header, decode reads it.
//!
//! Takes and gives numbers. Does not do: judging them. A capture file may hold any bytes, so whoever uses a header treats what is
//! in it like a packet's.
//!
//! What a header says is what a packet would say. Connecting and accepting is a SYN of the side that opened the connection, carried
//! bytes are segments with the sequence number of their first byte and, as acknowledgment, of the byte that their sender (as far as
//! this end knows) wants next, closing is RST and ACK. All numbers are little-endian, addresses 16 bytes in network order, IPv4
//! mapped.
//!
//! ```text
//!  0  magic "wsk" and the version, 1      56  sequence number
//!  4  IP protocol: 6 TCP, 17 UDP          60  acknowledgment number
//!  5  sender: 0 this end, 1 the other     64  process id
//!  6  TCP's control bits                  68  thread id
//!  7  0                                   72  coroutine id
//!  8  socket                              80  trace id of the system call
//! 16  address of this end                 88  name of the process, 16 bytes
//! 32  address of the other end           104  what was carried
//! 48  port of this end
//! 50  port of the other end
//! 52  bytes behind the frame's that were carried
//! ```

use crate::decode::{Address, TcpFlags, TcpHeader, TransportHeader};

const MAGIC: [u8; 4] = *b"wsk\x01";
/// IANA's protocol numbers.
const TCP: u8 = 6;
const UDP: u8 = 17;
/// Where things stand that are read alone.
const SOCKET_AT: usize = 8;
const CALLER_AT: usize = 64;

/// What stands before bytes that a system call or a TLS library carried.
#[derive(Clone, Copy, Debug)]
pub struct SocketHeader {
    /// Tells this end of the connection from all others that are captured: from the other end where both are on this machine, and
    /// from packets. Never 0; not used again for another connection. [`SocketHeader::PLAINTEXT`] is set in that of what a TLS library
    /// carries, so that it is another one than that of the ciphertext below.
    pub socket: u64,
    /// Address and port of the end that made the calls.
    pub local: (Address, u16),
    /// Address and port of the other end.
    pub remote: (Address, u16),
    /// Whose bytes these are.
    pub sender: Sender,
    /// As in the packet that would have carried them.
    pub transport: TransportHeader,
    /// So many bytes were carried behind those in the frame, but not captured.
    pub cut: u32,
    /// Who made the call.
    pub caller: Caller,
}

/// Which end of a connection sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The end that made the call.
    Local,
    /// The other one.
    Remote,
}

/// Who made a call. Numbers are 0 where they are not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The process (what the kernel calls a thread group).
    pub process_id: u32,
    /// The thread.
    pub thread_id: u32,
    /// The goroutine, or what another language has.
    pub coroutine_id: u64,
    /// The same for calls that belong together: what a thread received, and what it sent because of it. Below 2^53.
    pub syscall_trace_id: u64,
    /// What the process calls itself, padded with zeros; any bytes.
    pub process_name: [u8; 16],
}

impl SocketHeader {
    /// Bytes of a header.
    pub const SIZE: usize = 104;

    /// Set in the socket number of what a TLS library carries.
    pub const PLAINTEXT: u64 = 1 << 63;

    /// Appends the header; the bytes that were carried come behind it.
    pub fn write(&self, into: &mut Vec<u8>) {
        let (protocol, tcp) = match self.transport {
            TransportHeader::Tcp(header) => (TCP, header),
            TransportHeader::Udp => (UDP, TcpHeader { sequence: 0, acknowledgment: 0, flags: TcpFlags(0) }),
        };
        into.extend_from_slice(&MAGIC);
        into.extend_from_slice(&[protocol, self.sender as u8, tcp.flags.0, 0]);
        into.extend_from_slice(&self.socket.to_le_bytes());
        into.extend_from_slice(&self.local.0.0.to_be_bytes());
        into.extend_from_slice(&self.remote.0.0.to_be_bytes());
        into.extend_from_slice(&self.local.1.to_le_bytes());
        into.extend_from_slice(&self.remote.1.to_le_bytes());
        for word in [self.cut, tcp.sequence, tcp.acknowledgment] {
            into.extend_from_slice(&word.to_le_bytes());
        }
        self.caller.write(into);
    }

    /// Reads a header; none when it is none.
    #[must_use]
    #[inline]
    pub fn read(bytes: &[u8; Self::SIZE]) -> Option<Self> {
        let mut rest = Rest(bytes);
        if rest.take()? != MAGIC {
            return None;
        }
        let [protocol, sender, flags, zero] = rest.take()?;
        let socket = u64::from_le_bytes(rest.take()?);
        let addresses = (Address::v6(rest.take()?), Address::v6(rest.take()?));
        let ports = (u16::from_le_bytes(rest.take()?), u16::from_le_bytes(rest.take()?));
        let cut = rest.word()?;
        let (sequence, acknowledgment) = (rest.word()?, rest.word()?);
        if zero != 0 || socket == 0 {
            return None;
        }
        Some(Self {
            socket,
            local: (addresses.0, ports.0),
            remote: (addresses.1, ports.1),
            sender: match sender {
                0 => Sender::Local,
                1 => Sender::Remote,
                _ => return None,
            },
            transport: match protocol {
                TCP => TransportHeader::Tcp(TcpHeader { sequence, acknowledgment, flags: TcpFlags(flags) }),
                UDP => TransportHeader::Udp,
                _ => return None,
            },
            cut,
            caller: Caller::read(rest)?,
        })
    }
}

impl Caller {
    fn write(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.process_id.to_le_bytes());
        into.extend_from_slice(&self.thread_id.to_le_bytes());
        into.extend_from_slice(&self.coroutine_id.to_le_bytes());
        into.extend_from_slice(&self.syscall_trace_id.to_le_bytes());
        into.extend_from_slice(&self.process_name);
    }

    fn read(mut rest: Rest<'_>) -> Option<Self> {
        Some(Self {
            process_id: rest.word()?,
            thread_id: rest.word()?,
            coroutine_id: u64::from_le_bytes(rest.take()?),
            syscall_trace_id: u64::from_le_bytes(rest.take()?),
            process_name: rest.take()?,
        })
    }
}

/// The call that carried a segment's bytes: a header that stays where it was captured and is read when somebody asks.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a>(&'a [u8; SocketHeader::SIZE]);

impl<'a> Call<'a> {
    /// The call whose header stands first in these bytes.
    #[must_use]
    pub fn at(bytes: &'a [u8]) -> Option<Self> {
        bytes.first_chunk().map(Self)
    }

    /// See [`SocketHeader::socket`].
    #[must_use]
    #[inline]
    pub fn socket(self) -> u64 {
        Rest(&self.0[SOCKET_AT..]).take().map_or(0, u64::from_le_bytes)
    }

    /// Who made it.
    #[must_use]
    pub fn caller(self) -> Caller {
        Caller::read(Rest(&self.0[CALLER_AT..])).unwrap_or_default()
    }

    /// Where the header stands in `bytes`, so that another thread can find it there; none: not in there.
    #[must_use]
    pub fn offset_in(self, bytes: &[u8]) -> Option<usize> {
        let offset = self.0.as_ptr().addr().checked_sub(bytes.as_ptr().addr())?;
        (offset + self.0.len() <= bytes.len()).then_some(offset)
    }
}

/// What was not read yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    #[inline]
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    #[inline]
    fn word(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> SocketHeader {
        SocketHeader {
            socket: SocketHeader::PLAINTEXT | 7,
            local: (Address::v4([10, 0, 0, 1]), 80),
            remote: (Address::v6([0xfd; 16]), 40_000),
            sender: Sender::Remote,
            transport: TransportHeader::Tcp(TcpHeader {
                sequence: 0x1122_3344,
                acknowledgment: 0x5566_7788,
                flags: TcpFlags(0x18),
            }),
            cut: 0x99aa_bbcc,
            caller: Caller {
                process_id: 0x0102_0304,
                thread_id: 0x0506_0708,
                coroutine_id: 0x1112_1314_1516_1718,
                syscall_trace_id: 0x2122_2324_2526_2728,
                process_name: *b"0123456789abcdef",
            },
        }
    }

    fn bytes(header: &SocketHeader) -> [u8; SocketHeader::SIZE] {
        let mut bytes = Vec::new();
        header.write(&mut bytes);
        bytes.try_into().unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let udp = SocketHeader { transport: TransportHeader::Udp, sender: Sender::Local, ..header() };
        for header in [header(), udp] {
            let bytes = bytes(&header);
            let read = SocketHeader::read(&bytes).unwrap();
            assert_eq!(format!("{read:?}"), format!("{header:?}"));
            let call = Call::at(&bytes).unwrap();
            assert_eq!((call.socket(), call.caller()), (header.socket, header.caller));
        }
    }

    /// The table at the head of this file: files that were written stay readable.
    #[test]
    fn stands_where_the_table_says() {
        let bytes = bytes(&header());
        assert_eq!(&bytes[..8], b"wsk\x01\x06\x01\x18\x00");
        assert_eq!(&bytes[8..16], &[7, 0, 0, 0, 0, 0, 0, 0x80]);
        assert_eq!(&bytes[16..32], &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1]);
        assert_eq!(&bytes[32..48], &[0xfd; 16]);
        assert_eq!(&bytes[48..52], &[80, 0, 0x40, 0x9c]);
        assert_eq!(&bytes[52..56], &[0xcc, 0xbb, 0xaa, 0x99]);
        assert_eq!(&bytes[56..64], &[0x44, 0x33, 0x22, 0x11, 0x88, 0x77, 0x66, 0x55]);
        assert_eq!(&bytes[64..72], &[4, 3, 2, 1, 8, 7, 6, 5]);
        assert_eq!((bytes[72], bytes[80]), (0x18, 0x28));
        assert_eq!(&bytes[88..], b"0123456789abcdef");
    }

    #[test]
    fn each_byte_that_has_rules_is_looked_at() {
        let good = bytes(&header());
        for (at, value) in [(0, b'x'), (3, 2), (4, 1), (5, 2), (7, 1)] {
            let mut bad = good;
            bad[at] = value;
            assert!(SocketHeader::read(&bad).is_none(), "byte {at}");
        }
        let mut no_socket = good;
        no_socket[8..16].fill(0);
        assert!(SocketHeader::read(&no_socket).is_none());
    }
}
