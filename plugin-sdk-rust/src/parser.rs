//! Takes: one connection's bytes, in order. Gives: messages and how far it got.

use crate::manifest::Manifest;
use crate::message::Output;

/// The parser of one connection. The SDK keeps one value for each connection that `check` claimed.
///
/// Every byte comes from a stranger: a panic is a trap, a trap throws the whole instance away. Prefer
/// [`Reader`](crate::payload::Reader) and `get(..)` over indexing.
pub trait Parser: Sized + 'static {
    /// Name, protocols, and the cheap signatures that decide whether `check` is called at all.
    fn manifest() -> Manifest;

    /// Whose bytes are these? They are the first ones of a direction, or where `probe.from_start` is false, from somewhere
    /// in the middle. Be strict: `Verdict::No` for anything that could as well be something else.
    fn check(payload: &[u8], probe: &Probe) -> Verdict;

    /// A connection that `check` claimed begins, or comes over from an instance that had to be thrown away.
    fn open(flow: &Flow) -> Self;

    /// Deals with the bytes at the front of `input`, one message at a time: the SDK calls again for the rest.
    fn parse(&mut self, input: Input<'_>, output: &mut Output<'_>) -> Step;

    /// Bytes are missing; the next `input` of this direction begins behind them, anywhere in a message. A gap that
    /// lies in bytes that were stepped over is not reported.
    ///
    /// `output` stands at the first byte of `gap.unread`.
    fn gap(&mut self, gap: &Gap<'_>, output: &mut Output<'_>) {
        let _ = (gap, output);
    }

    /// The connection is over. Messages that were begun may be ended; the host ends what is left open.
    fn close(&mut self, output: &mut Output<'_>) {
        let _ = output;
    }
}

/// What [`Parser::parse`] did with the bytes at the front of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many bytes are dealt with. More than the input has: the ones to come are stepped over and never copied to the
    /// guest. 0 is the same as `NeedMore`.
    Consumed(u64),
    /// The bytes come again with more behind them.
    NeedMore,
    /// The same, and it is pointless to ask before this many bytes are there.
    NeedAtLeast(u32),
    /// These are not this protocol's bytes. All of the input is dropped, and the next one begins with the next captured
    /// segment: a likely place for a message to start.
    Violation,
    /// The connection holds nothing more for this parser (TLS begins, a tunnel opens). No more calls.
    Finished,
    /// So many bytes are dealt with, and behind them another protocol speaks: the host asks all plugins again.
    Upgraded(u64),
}

/// Which way bytes went. The client is the side that sends requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Direction {
    /// Requests.
    ClientToServer = 0,
    /// Responses.
    ServerToClient = 1,
}

impl Direction {
    /// The other way.
    #[must_use]
    pub fn reverse(self) -> Self {
        match self {
            Self::ClientToServer => Self::ServerToClient,
            Self::ServerToClient => Self::ClientToServer,
        }
    }

    /// 0 or 1.
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }

    pub(crate) fn from_raw(raw: u8) -> Self {
        if raw == 0 { Self::ClientToServer } else { Self::ServerToClient }
    }
}

/// What carries the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Transport {
    /// A stream: messages are split and joined at will.
    Tcp = 0,
    /// Datagrams: one input is one datagram, what is not consumed of it is lost.
    Udp = 1,
}

impl Transport {
    pub(crate) fn from_raw(raw: u8) -> Self {
        if raw == 0 { Self::Tcp } else { Self::Udp }
    }
}

/// What is known of a connection when it opens.
#[derive(Clone, Debug)]
pub struct Flow {
    /// TCP or UDP.
    pub transport: Transport,
    /// Address and port of the side that sends requests.
    pub client: (std::net::IpAddr, u16),
    /// Address and port of the side that answers.
    pub server: (std::net::IpAddr, u16),
    /// False: the capture began in the middle, the first input may begin in the middle of a message.
    pub from_start: bool,
    /// Some hook wants the heads of messages: give them with [`MessageBuilder::head`](crate::message::MessageBuilder::head).
    pub heads: bool,
    /// So many bytes of each body some hook wants: give them with
    /// [`MessageBuilder::body`](crate::message::MessageBuilder::body) and step over the rest. 0: step over all of them.
    pub body_limit: u32,
}

/// What is known of a connection when [`Parser::check`] is asked.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// TCP or UDP.
    pub transport: Transport,
    /// Port of the side that sent the bytes.
    pub source_port: u16,
    /// Port of the side that gets them.
    pub destination_port: u16,
    /// These are the first bytes of the connection in this direction.
    pub from_start: bool,
    /// Who sent the bytes, where that is known (the client is who sent the SYN).
    pub sender: Option<Sender>,
}

/// Who sent the bytes that [`Parser::check`] looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The side that opened the connection.
    Client,
    /// The side that accepted it.
    Server,
}

/// The answer of [`Parser::check`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Verdict {
    /// Not mine.
    No = 0,
    /// Might be: ask again with more bytes.
    NeedMore = 1,
    /// Mine, and the client sent these bytes.
    ClientSpeaks = 2,
    /// Mine, and the server sent these bytes.
    ServerSpeaks = 3,
}

/// Bytes of one direction of a connection; the first is the next one that was not dealt with yet.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Never empty.
    pub bytes: &'a [u8],
    /// Which way they went.
    pub direction: Direction,
    /// How many bytes of this direction came before `bytes[0]`.
    pub position: u64,
    /// Capture time of the last byte, nanoseconds since 1970.
    pub time: u64,
}

/// Bytes that were never captured.
#[derive(Clone, Copy, Debug)]
pub struct Gap<'a> {
    /// Which way they went.
    pub direction: Direction,
    /// Position of the first missing byte.
    pub position: u64,
    /// How many.
    pub bytes: u64,
    /// What the parser left unread just before the gap, for the last time: a head that was cut off may still tell enough.
    pub unread: &'a [u8],
}
