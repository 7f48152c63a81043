//! What is put together for one call of a parser. Takes: events and their bytes. Gives: one arena, flat lists. Its memory is
//! used again.

use super::event::{Direction, FlowFacts, StreamEvent};

/// Arena, flows and events of one call.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) arena: Vec<u8>,
    pub(crate) flows: Vec<FlowFacts>,
    pub(crate) events: Vec<StreamEvent>,
    /// Which connections have events, a bit each.
    connections: Vec<u64>,
}

impl Batch {
    pub(crate) fn clear(&mut self) {
        self.arena.clear();
        self.flows.clear();
        self.events.clear();
        self.connections.clear();
    }

    /// The connection has events.
    pub(crate) fn has(&self, connection: u32) -> bool {
        let word = self.connections.get(connection as usize / 64).copied().unwrap_or_default();
        word >> (connection % 64) & 1 == 1
    }

    fn push(&mut self, connection: u32, event: StreamEvent) {
        let word = connection as usize / 64;
        if self.connections.len() <= word {
            self.connections.resize(word + 1, 0);
        }
        self.connections[word] |= 1 << (connection % 64);
        self.events.push(event);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub(crate) fn open(&mut self, facts: FlowFacts) {
        self.push(facts.connection, StreamEvent::Opened { flow: self.flows.len() as u32 });
        self.flows.push(facts);
    }

    /// The bytes of `pieces`, one behind the other, are the next ones of a direction.
    pub(crate) fn data(
        &mut self,
        connection: u32,
        direction: Direction,
        pieces: [&[u8]; 2],
        position: u64,
        time: u64,
    ) {
        let offset = self.arena.len() as u32;
        for piece in pieces {
            self.arena.extend_from_slice(piece);
        }
        let length = self.arena.len() as u32 - offset;
        let event = StreamEvent::Data { connection, direction, offset, length, position, time };
        self.push(connection, event);
    }

    pub(crate) fn gap(
        &mut self,
        connection: u32,
        direction: Direction,
        unread: &[u8],
        position: u64,
        bytes: u64,
    ) {
        let (offset, length) = (self.arena.len() as u32, unread.len() as u32);
        self.arena.extend_from_slice(unread);
        let event = StreamEvent::Gap { connection, direction, offset, length, position, bytes };
        self.push(connection, event);
    }

    pub(crate) fn close(&mut self, connection: u32) {
        self.push(connection, StreamEvent::Closed { connection });
    }

    /// The bytes of an event; they are there by construction.
    pub(crate) fn bytes(&self, offset: u32, length: u32) -> &[u8] {
        self.arena.get(offset as usize..).and_then(|rest| rest.get(..length as usize)).unwrap_or_default()
    }
}
