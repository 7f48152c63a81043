//! A connection that a parser follows: two lanes, and the sessions that are on their way.

use super::event::FlowFacts;
use super::lane::Lane;
use crate::session::exchange::ConnectionFacts;
use crate::session::sessions::Sessions;

/// A connection of one parser.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Slot of its flow; it may belong to another flow by now, the flow's number in `shown` tells.
    pub(crate) flow_slot: u32,
    /// What the parser is told.
    pub(crate) facts: FlowFacts,
    /// What records say of it.
    pub(crate) shown: ConnectionFacts,
    /// By direction.
    pub(crate) lanes: [Lane; 2],
    pub(crate) sessions: Sessions,
    /// What comes waits behind a gap.
    pub(crate) held: bool,
    /// The parser wants no more events.
    pub(crate) finished: bool,
    /// Another protocol speaks now: the connection is given back once the batch is dealt with.
    pub(crate) upgraded: bool,
    /// `closed` is in a batch: nothing can come behind it.
    pub(crate) closing: bool,
    /// The instance that was told of this connection; a later one has to be told first.
    pub(crate) opened_in: u32,
    /// Bytes were left in the batch that is being dealt with: later events of it come again.
    pub(crate) deferred: bool,
    /// Violations since the last message.
    pub(crate) violations: u32,
}

/// Connections by number; numbers are used again, so that guest state stays dense.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    slots: Vec<Option<Box<Connection>>>,
    free: Vec<u32>,
}

impl Connections {
    /// The number that the next [`Connections::insert`] gives.
    pub(crate) fn next_number(&self) -> u32 {
        self.free.last().copied().unwrap_or(self.slots.len() as u32)
    }

    pub(crate) fn insert(&mut self, connection: Connection) -> u32 {
        let connection = Some(Box::new(connection));
        match self.free.pop() {
            Some(number) => {
                self.slots[number as usize] = connection;
                number
            }
            None => {
                self.slots.push(connection);
                self.slots.len() as u32 - 1
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.slots.len() == self.free.len()
    }

    pub(crate) fn find(&mut self, number: u32) -> Option<&mut Connection> {
        self.slots.get_mut(number as usize)?.as_deref_mut()
    }

    pub(crate) fn remove(&mut self, number: u32) -> Option<Box<Connection>> {
        let connection = self.slots.get_mut(number as usize)?.take()?;
        self.free.push(number);
        Some(connection)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut Connection)> {
        self.slots.iter_mut().enumerate().filter_map(|(n, c)| Some((n as u32, c.as_deref_mut()?)))
    }
}
