//! Which connections a plugin claimed, with the number and the name that it gave them.
//!
//! Takes: answers of `check`, beginnings and ends of connections. Gives: connections. Outlives the guest: after a fault the next one
//! is told the same numbers. The numbers of two plugins never meet, since only the plugin that claimed a connection parses it.

use std::collections::VecDeque;

use weir_pipeline::parse::event::FlowFacts;

use crate::guest::cut;

/// Claims whose connection was not opened yet: one batch has 128 events, this is some of them that were lost to faults too.
const PENDING: usize = 1024;
/// Names of protocols of one plugin: four times as many as there are numbers.
const NAMES: usize = 1024;
/// Bytes of such a name; DeepFlow's SDK cuts at 16.
const NAME_BYTES: usize = 64;
/// Numbers of connections that are believed: ten times the default of flows that a worker follows.
const CONNECTIONS: usize = 1 << 20;

/// Connections of one plugin instance.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    pending: VecDeque<Claim>,
    /// By connection number, which are small and dense.
    connections: Vec<Option<Box<Connection>>>,
    names: Vec<Box<[u8]>>,
}

#[derive(Clone, Copy, Debug)]
struct Claim {
    flow_id: u64,
    number: u8,
    /// Index into the names.
    name: Option<u16>,
}

/// A connection that the plugin parses.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) facts: FlowFacts,
    /// What the plugin calls the protocol by; 0 when it never said.
    pub(super) number: u8,
    name: Option<u16>,
    /// Payloads in a row that the plugin did not want.
    pub(super) misses: u32,
    /// Fields that the latest request told, a bit each.
    pub(super) told: u32,
    /// Trace id of the latest request, hashed; 0: none.
    pub(super) trace: u64,
    /// By direction: correlations of messages that were begun; they are ended by another record.
    pub(super) begun: [Vec<Option<u32>>; 2],
}

/// A connection and the name of its protocol.
pub(super) struct Found<'a> {
    pub(super) connection: &'a mut Connection,
    /// Empty when the plugin gave none.
    pub(super) name: &'a [u8],
}

impl Claims {
    pub(super) fn claim(&mut self, flow_id: u64, number: u8, name: &[u8]) {
        let name = self.name(cut(name, NAME_BYTES));
        if self.pending.len() >= PENDING {
            self.pending.pop_front();
        }
        self.pending.push_back(Claim { flow_id, number, name });
    }

    /// None for no name, and for one too many.
    fn name(&mut self, name: &[u8]) -> Option<u16> {
        let known = self.names.iter().position(|known| **known == *name);
        let index = match known {
            _ if name.is_empty() => return None,
            Some(index) => index,
            None if self.names.len() >= NAMES => return None,
            None => {
                self.names.push(name.into());
                self.names.len() - 1
            }
        };
        u16::try_from(index).ok()
    }

    pub(super) fn open(&mut self, facts: &FlowFacts) {
        let index = facts.connection as usize;
        if index >= CONNECTIONS {
            return;
        }
        if index >= self.connections.len() {
            self.connections.resize_with(index + 1, || None);
        }
        let place = self.pending.iter().rposition(|claim| claim.flow_id == facts.flow_id);
        let claim = place.and_then(|place| self.pending.remove(place));
        let Some(slot) = self.connections.get_mut(index) else { return };
        let again = slot.take().filter(|c| claim.is_none() && c.facts.flow_id == facts.flow_id);
        let (number, name) = match (&claim, &again) {
            (Some(claim), _) => (claim.number, claim.name),
            // After a fault: the same connection, told to another guest.
            (None, Some(known)) => (known.number, known.name),
            (None, None) => (0, None),
        };
        *slot = Some(Box::new(Connection {
            facts: *facts,
            number,
            name,
            misses: 0,
            told: 0,
            trace: 0,
            begun: [Vec::new(), Vec::new()],
        }));
    }

    pub(super) fn close(&mut self, number: u32) {
        if let Some(slot) = self.connections.get_mut(number as usize) {
            *slot = None;
        }
    }

    pub(super) fn find(&mut self, number: u32) -> Option<Found<'_>> {
        let connection = self.connections.get_mut(number as usize)?.as_deref_mut()?;
        let name = connection.name.and_then(|name| self.names.get(usize::from(name)));
        Some(Found { name: name.map_or(&[], |name| name), connection })
    }
}
