//! Events that wait until the parser has said something of what is in the batch: a gap behind bytes that it has not seen may lie in what it
//! steps over.
//!
//! Takes: events of a connection, in order. Gives: them back in order. Does not know when.

use super::event::Direction;
use crate::captured::Caller;
use crate::flow::origin::Origin;

/// Events of connections with a gap. Its memory is used again.
#[derive(Debug, Default)]
pub(crate) struct Held {
    arena: Vec<u8>,
    events: Vec<Event>,
}

#[derive(Debug)]
struct Event {
    connection: u32,
    what: What,
}

#[derive(Debug)]
enum What {
    Chunk {
        direction: Direction,
        start: usize,
        end: usize,
        time: u64,
        peer: Option<u64>,
        caller: Option<Caller>,
    },
    Gap {
        direction: Direction,
        bytes: u64,
        passed: Option<u64>,
    },
    Close,
}

/// An event that has waited; `Driver` has a function for each.
#[derive(Clone, Copy)]
pub(crate) enum Waited<'a> {
    Chunk(Direction, &'a [u8], Origin<'a>),
    Gap(Direction, u64, Option<u64>),
    Close,
}

impl Held {
    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    /// Bytes that they hold.
    pub(crate) fn bytes(&self) -> usize {
        self.arena.len()
    }

    pub(crate) fn clear(&mut self) {
        self.arena.clear();
        self.events.clear();
    }

    /// Adds an event behind all others. A gap right behind another one stays by itself: where each ends says what was answered when.
    pub(crate) fn push(&mut self, connection: u32, event: Waited<'_>) {
        let what = match event {
            Waited::Chunk(direction, bytes, Origin { time, peer, caller }) => {
                let start = self.arena.len();
                self.arena.extend_from_slice(bytes);
                What::Chunk { direction, start, end: self.arena.len(), time, peer, caller: caller.copied() }
            }
            Waited::Gap(direction, bytes, passed) => What::Gap { direction, bytes, passed },
            Waited::Close => What::Close,
        };
        self.events.push(Event { connection, what });
    }

    /// Connections with something that waits, once for each event.
    pub(crate) fn connections(&self) -> impl Iterator<Item = u32> {
        self.events.iter().map(|event| event.connection)
    }

    /// All of it, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, Waited<'_>)> {
        self.events.iter().map(|Event { connection, what }| {
            let waited = match *what {
                What::Chunk { direction, start, end, time, peer, ref caller } => {
                    let bytes = self.arena.get(start..end).unwrap_or_default();
                    Waited::Chunk(direction, bytes, Origin { time, peer, caller: caller.as_ref() })
                }
                What::Gap { direction, bytes, passed } => Waited::Gap(direction, bytes, passed),
                What::Close => Waited::Close,
            };
            (*connection, waited)
        })
    }
}
