//! What a parser gets: `stream-event` and `flow` of the WIT.

use crate::decode::{Address, Transport};

/// Which way bytes go. The client is the side that sends requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Direction {
    /// Requests.
    ClientToServer = 0,
    /// Responses.
    ServerToClient = 1,
}

impl Direction {
    /// 0 or 1.
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }

    /// The other way.
    #[must_use]
    pub fn reverse(self) -> Self {
        match self {
            Self::ClientToServer => Self::ServerToClient,
            Self::ServerToClient => Self::ClientToServer,
        }
    }
}

/// One event of a batch. `connection` is the number that the host gave to a connection of this plugin.
#[derive(Clone, Copy, Debug)]
pub enum StreamEvent {
    /// A connection begins.
    Opened {
        /// Index into the flows of the same batch.
        flow: u32,
    },
    /// `arena[offset..offset + length]` are the next bytes of a direction.
    Data {
        /// Whose.
        connection: u32,
        /// Which way.
        direction: Direction,
        /// Where in the arena.
        offset: u32,
        /// How many.
        length: u32,
        /// How many bytes of this direction came before.
        position: u64,
        /// When the last of them was captured, nanoseconds since 1970.
        time: u64,
    },
    /// Bytes are missing.
    Gap {
        /// Whose.
        connection: u32,
        /// Which way.
        direction: Direction,
        /// Where in the arena stands what the parser had left unread before the gap.
        offset: u32,
        /// How long that is.
        length: u32,
        /// Of the first missing byte.
        position: u64,
        /// How many.
        bytes: u64,
    },
    /// A connection is over.
    Closed {
        /// Whose.
        connection: u32,
    },
}

/// What a parser is told of a connection when it opens.
#[derive(Clone, Copy, Debug)]
pub struct FlowFacts {
    /// Its number.
    pub connection: u32,
    /// The same in all its records; other than numbers of connections it is not used again.
    pub flow_id: u64,
    /// TCP or UDP.
    pub transport: Transport,
    /// Who sends requests.
    pub client: (Address, u16),
    /// Who answers.
    pub server: (Address, u16),
    /// False: the capture joined it in the middle.
    pub from_start: bool,
    /// Some hook wants the heads of messages.
    pub heads: bool,
    /// So many bytes of each body some hook wants; 0: nobody wants bodies.
    pub body_limit: u32,
}
