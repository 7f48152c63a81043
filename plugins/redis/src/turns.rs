//! Who speaks when: behind a loss, where does a message begin?
//!
//! Takes: that a side speaks, and commands. Gives: whether bytes may begin a message, and how often that has to prove right. Does not
//! look at bytes.
//!
//! Behind a loss the next bytes may be the middle of a value, and a value may look like messages. But who waits for answers
//! speaks only when the other side has said all it had to say: there a message begins. Clients that do not wait are told by their
//! commands that come while a reply is due; with them only what holds again and again is believed.

use weir_plugin_sdk::prelude::Direction;

/// Beginnings that have to prove right before one is believed: one where a side waits for the other.
const WAITING: u8 = 1;
/// Several commands were sent together: some may still have been on their way as the first replies came.
const TOGETHER: u8 = 3;
/// The client does not wait. In the middle of a value each of these would have to look like a message from its first byte on, with a
/// command between it and the next.
const NOT_WAITING: u8 = 8;

/// Commands without a word of the server, behind which nobody waits for one: its side is not captured. Pipelines that open a
/// connection are shorter.
const ALONE: u32 = 16;

/// How the two sides take turns.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// By direction: bytes of it were captured, or missed.
    heard: [bool; 2],
    /// By direction: where its side began to speak when it was its turn.
    began: [Option<u64>; 2],
    /// By direction: the other side has said something since this one spoke.
    is_due: [bool; 2],
    /// Commands since the server spoke.
    commands: u32,
    /// A command came while a reply was due, or on its way.
    interleaved: bool,
    /// It was seen that the client waits for the replies to commands that it sends together.
    waits: bool,
}

impl Turns {
    /// Bytes of a side, the first one at `position`; none: they were not captured.
    pub(crate) fn speaks(&mut self, direction: Direction, position: Option<u64>) {
        let index = direction.index();
        self.heard[index] = true;
        if std::mem::take(&mut self.is_due[index]) {
            self.began[index] = position;
        }
        if direction == Direction::ServerToClient {
            self.is_due[direction.reverse().index()] = true;
        }
    }

    /// A command that wants a reply was read. `is_open`: an earlier one has none yet; none: nobody knows.
    pub(crate) fn asks(&mut self, is_open: Option<bool>) {
        let server = Direction::ServerToClient.index();
        if !std::mem::replace(&mut self.is_due[server], true) {
            self.interleaved |= is_open == Some(true);
            self.waits |= is_open == Some(false) && self.commands > 1;
            self.commands = 0;
        }
        self.commands = self.commands.saturating_add(1);
    }

    /// Commands since the server spoke.
    pub(crate) fn commands(&self) -> u64 {
        u64::from(self.commands)
    }

    /// Bytes at this position may begin a message. Where the other side is not captured, any may.
    pub(crate) fn may_begin(&self, direction: Direction, position: u64) -> bool {
        self.is_alone(direction) || self.began[direction.index()] == Some(position)
    }

    /// The other side is not captured. No server speaks first, but a client may be at its first commands.
    fn is_alone(&self, direction: Direction) -> bool {
        let is_early = direction == Direction::ClientToServer && self.commands < ALONE;
        !self.heard[direction.reverse().index()] && !is_early
    }

    /// What should have begun a message did not.
    pub(crate) fn proved_wrong(&mut self) {
        self.interleaved = true;
    }

    /// All beginnings that had to prove right did.
    pub(crate) fn proved_right(&mut self) {
        self.waits |= !self.interleaved;
    }

    /// How many beginnings have to prove right behind a loss.
    pub(crate) fn doubt(&self, direction: Direction) -> u8 {
        match self.commands {
            _ if self.is_alone(direction) => WAITING,
            _ if self.interleaved => NOT_WAITING,
            0 | 1 => WAITING,
            _ if self.waits => WAITING,
            _ => TOGETHER,
        }
    }
}
