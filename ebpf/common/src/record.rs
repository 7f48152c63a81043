//! One record of the ring.

/// A record; its payload follows at once. The kernel reserves one of [`RECORD_SIZES`], so bytes behind `captured` mean nothing.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Record {
    /// `CLOCK_MONOTONIC`, nanoseconds.
    pub time: u64,
    /// Inode number of the socket, as in `/proc/PID/fd` and `ss -e`; with [`TLS`] for plaintext of a TLS library. Never 0.
    pub socket: u64,
    /// Process id (tgid) above, thread id below, as the initial PID namespace sees them.
    pub process_thread: u64,
    /// Which of a runtime's light threads; 0: none.
    pub coroutine: u64,
    /// IPv4 in the first four bytes where `family` says so; network order.
    pub local_address: [u8; 16],
    /// The same of the other end; all zero where it is not known.
    pub remote_address: [u8; 16],
    /// Host order.
    pub local_port: u16,
    /// Host order.
    pub remote_port: u16,
    /// `AF_INET` or `AF_INET6`.
    pub family: u8,
    /// [`START`], [`crate::ENDS_STREAM`], [`crate::OF_CLIENT`] and [`WILDCARD`].
    pub flags: u8,
    /// `IPPROTO_TCP` or `IPPROTO_UDP`.
    pub protocol: u8,
    /// An [`Event`].
    pub event: u8,
    /// TCP: sequence number of the first byte of `length` in its direction. Position of it for [`TLS`].
    pub sequence: u32,
    /// TCP: next sequence number of the other direction; what was sent and acknowledged for received bytes, what the program had
    /// read for sent ones.
    pub acknowledgment: u32,
    /// Bytes that this record stands for.
    pub length: u32,
    /// So many of them follow, at most [`PIECE`].
    pub captured: u32,
    /// Name of the thread, ends with a zero.
    pub name: [u8; NAME],
}

/// `TASK_COMM_LEN`.
pub const NAME: usize = 16;

/// Bit of [`Record::socket`]: the bytes are those that a TLS library gave to or took from the program.
pub const TLS: u64 = 1 << 63;

/// Bit of [`Record::flags`]: the connection carried nothing before, in either direction.
pub const START: u8 = 1;

/// Bit of [`Record::flags`]: the socket has no address of its own, `local_address` is that of this datagram.
pub const WILDCARD: u8 = 8;

/// Payload of one record at most: a page, as larger copies cost more than another record.
pub const PIECE: usize = 4096;

/// Records of one piece of memory that a call carried.
pub const PIECES: usize = 16;

/// The most that can be captured of one piece of memory.
pub const CAPTURE_MAX: usize = PIECE * PIECES;

/// Payloads that a record has room for: most requests are small, and what is reserved is lost to others.
pub const RECORD_SIZES: [usize; 3] = [256, 1024, PIECE];

/// A processor that puts so many bytes into its lane, or into the ring where that has room for as much of each, wakes the reader: the
/// reader's work with 500 small records takes about as long as a server needs for the requests of thirty connections. With more, who talks with the server would
/// wait for the reader's processor so long that the server had nothing to do; with fewer nothing is gained (docs/adr/0007).
pub const WAKE_BYTES: u32 = 192 << 10;

/// What a record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Event {
    /// The program wrote these bytes.
    Sent = 1,
    /// The program read these bytes.
    Received = 2,
    /// `connect` succeeded or has begun.
    Connected = 3,
    /// `accept` gave this socket.
    Accepted = 4,
    /// Nothing comes any more.
    Closed = 5,
    /// A field of a request's header, which an HTTP/2 server has read or a client writes; see [`crate::FieldPlace`].
    RequestField = 6,
    /// A server answers.
    ResponseStatus = 7,
    /// A server is done with the stream.
    StreamEnded = 8,
    /// A part of a request's body, which a server has read or a client writes.
    RequestData = 9,
    /// A part of an answer's body, which a server writes or a client has read.
    ResponseData = 10,
    /// A client has written all fields of a header, and now has a stream for them.
    RequestFields = 11,
    /// A field of an answer's header or trailers, which a client has read; see [`crate::FieldPlace`].
    ResponseField = 12,
    /// This end gives the stream up.
    ResetSent = 13,
    /// The other end has given it up.
    ResetReceived = 14,
}

impl Event {
    /// The event of a number in a record.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Sent,
            2 => Self::Received,
            3 => Self::Connected,
            4 => Self::Accepted,
            5 => Self::Closed,
            6 => Self::RequestField,
            7 => Self::ResponseStatus,
            8 => Self::StreamEnded,
            9 => Self::RequestData,
            10 => Self::ResponseData,
            11 => Self::RequestFields,
            12 => Self::ResponseField,
            13 => Self::ResetSent,
            14 => Self::ResetReceived,
            _ => return None,
        })
    }
}

impl Record {
    /// Bytes of a record.
    pub const SIZE: usize = size_of::<Self>();

    /// The time of the record that these bytes are; none when they are too few.
    #[must_use]
    pub fn time_of(bytes: &[u8]) -> Option<u64> {
        bytes.first_chunk().map(|time| u64::from_le_bytes(*time))
    }

    /// How many bytes of payload the record has that these bytes begin with; none when they are too few.
    #[must_use]
    pub fn captured_of(bytes: &[u8]) -> Option<u32> {
        let captured = bytes.get(core::mem::offset_of!(Self, captured)..)?;
        captured.first_chunk().map(|captured| u32::from_le_bytes(*captured))
    }

    /// A record and its payload from what the ring holds; none when that is too short.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (head, payload) = bytes.split_at_checked(Self::SIZE)?;
        let mut rest = Rest(head);
        let record = Self {
            time: u64::from_le_bytes(rest.take()?),
            socket: u64::from_le_bytes(rest.take()?),
            process_thread: u64::from_le_bytes(rest.take()?),
            coroutine: u64::from_le_bytes(rest.take()?),
            local_address: rest.take()?,
            remote_address: rest.take()?,
            local_port: u16::from_le_bytes(rest.take()?),
            remote_port: u16::from_le_bytes(rest.take()?),
            family: u8::from_le_bytes(rest.take()?),
            flags: u8::from_le_bytes(rest.take()?),
            protocol: u8::from_le_bytes(rest.take()?),
            event: u8::from_le_bytes(rest.take()?),
            sequence: u32::from_le_bytes(rest.take()?),
            acknowledgment: u32::from_le_bytes(rest.take()?),
            length: u32::from_le_bytes(rest.take()?),
            captured: u32::from_le_bytes(rest.take()?),
            name: rest.take()?,
        };
        let payload = payload.get(..record.captured as usize)?;
        Some((record, payload))
    }
}

/// What was not read yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }
}
