//! All flows of a worker: found by five-tuple, bounded, forgotten in the order of their silence.
//!
//! Takes: keys and times. Gives: slots. A slot number is stable while its flow lives. Does not know TCP.
//!
//! Each flow is in one of three lists, each ordered by last activity, so that finding the next one to forget costs nothing:
//! those without payload (half-open handshakes, scans), those with payload, and closed ones. When the table is full the
//! closed go first, then those without payload, then the longest idle.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::key::FlowKey;

/// Which list a flow is in; the order is the order of forgetting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Both directions ended.
    Closed,
    /// No payload yet.
    HalfOpen,
    /// With payload, TCP.
    Active,
    /// With payload, UDP.
    Datagrams,
}

const CLASSES: usize = 4;

/// A flow moves to the end of its list once in so much time, nanoseconds: moving touches two other flows, which are seldom
/// in the cache, and no limit is so short that the order within half a second matters.
const RELIST: u64 = 500_000_000;

const NONE: u32 = u32::MAX;

/// A bounded table of values by flow.
#[derive(Debug)]
pub struct FlowTable<V> {
    slots: Vec<Slot<V>>,
    free: Vec<u32>,
    index: HashTable<u32>,
    hasher: RandomState,
    lists: [List; CLASSES],
    capacity: usize,
}

#[derive(Debug)]
struct Slot<V> {
    key: FlowKey,
    value: Option<V>,
    last_seen: u64,
    /// When it was put at the end of its list.
    listed: u64,
    previous: u32,
    next: u32,
    class: Class,
}

#[derive(Clone, Copy, Debug)]
struct List {
    oldest: u32,
    newest: u32,
}

impl<V> FlowTable<V> {
    /// An empty table that holds at most `capacity` flows.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            index: HashTable::new(),
            hasher: RandomState::default(),
            lists: [List { oldest: NONE, newest: NONE }; CLASSES],
            capacity: capacity.clamp(1, NONE as usize),
        }
    }

    /// Another bound. The caller takes out what is too much.
    pub fn set_capacity(&mut self, capacity: usize) {
        self.capacity = capacity.clamp(1, NONE as usize);
    }

    /// Gives back the memory of slots behind the last one in use, when there is much of it. Slots keep their numbers.
    pub fn shrink(&mut self) {
        let used = self.slots.iter().rposition(|slot| slot.value.is_some()).map_or(0, |last| last + 1);
        if used < self.slots.len() {
            self.slots.truncate(used);
            self.free.retain(|slot| (*slot as usize) < used);
        }
        self.slots.shrink_to(used * 2);
        self.free.shrink_to(self.free.len() * 2);
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.index.shrink_to(self.index.len() * 2, |n| hasher.hash_one(slots[*n as usize].key));
    }

    /// More flows than the bound, since that was lowered.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.index.len() > self.capacity
    }

    /// A hash of a key that nobody outside of this process can foresee.
    #[must_use]
    pub fn hash(&self, key: &FlowKey) -> u64 {
        self.hasher.hash_one(key)
    }

    /// How many flows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// No flow is tracked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// No room for one more.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.index.len() >= self.capacity
    }

    /// The slot of a flow.
    #[must_use]
    pub fn find(&self, key: &FlowKey) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        self.index.find(hash, |slot| self.slots[*slot as usize].key == *key).copied()
    }

    /// Adds a flow that is not there; the caller has made room.
    pub fn insert(&mut self, key: FlowKey, class: Class, now: u64, value: V) -> u32 {
        let slot =
            Slot { key, value: Some(value), last_seen: now, listed: now, previous: NONE, next: NONE, class };
        let number = match self.free.pop() {
            Some(number) => {
                self.slots[number as usize] = slot;
                number
            }
            None => {
                self.slots.push(slot);
                self.slots.len() as u32 - 1
            }
        };
        let slots = &self.slots;
        let hasher = &self.hasher;
        self.index.insert_unique(hasher.hash_one(key), number, |n| hasher.hash_one(slots[*n as usize].key));
        self.append(number, class);
        number
    }

    /// The flow in a slot.
    pub fn value_mut(&mut self, slot: u32) -> Option<&mut V> {
        self.slots.get_mut(slot as usize)?.value.as_mut()
    }

    /// The key of the flow in a slot.
    #[must_use]
    pub fn key(&self, slot: u32) -> Option<FlowKey> {
        self.slots.get(slot as usize).filter(|s| s.value.is_some()).map(|s| s.key)
    }

    /// The flow was seen now.
    pub fn touch(&mut self, slot: u32, class: Class, now: u64) {
        let entry = &mut self.slots[slot as usize];
        entry.last_seen = entry.last_seen.max(now);
        if entry.class == class && now.saturating_sub(entry.listed) < RELIST {
            return;
        }
        entry.listed = now;
        self.unlink(slot);
        self.append(slot, class);
    }

    /// Takes a flow out.
    pub fn remove(&mut self, slot: u32) -> Option<V> {
        let entry = self.slots.get_mut(slot as usize)?;
        let value = entry.value.take()?;
        let hash = self.hasher.hash_one(entry.key);
        if let Ok(found) = self.index.find_entry(hash, |n| *n == slot) {
            found.remove();
        }
        self.unlink(slot);
        self.free.push(slot);
        Some(value)
    }

    /// The longest idle flow of a class that was not seen since `before`.
    #[must_use]
    pub fn oldest(&self, class: Class, before: u64) -> Option<u32> {
        let slot = self.lists[class as usize].oldest;
        (slot != NONE && self.slots[slot as usize].last_seen < before).then_some(slot)
    }

    /// The flow that has to go when room is needed.
    #[must_use]
    pub fn to_evict(&self) -> Option<(u32, Class)> {
        let oldest = |class: Class| self.oldest(class, u64::MAX).map(|slot| (slot, class));
        let idle = |class: Class| oldest(class).map(|(slot, _)| self.slots[slot as usize].last_seen);
        oldest(Class::Closed).or_else(|| oldest(Class::HalfOpen)).or_else(|| {
            // Of the two kinds with payload, the one that is silent for longer.
            match (idle(Class::Active), idle(Class::Datagrams)) {
                (Some(tcp), Some(udp)) if udp < tcp => oldest(Class::Datagrams),
                (Some(_), _) => oldest(Class::Active),
                (None, _) => oldest(Class::Datagrams),
            }
        })
    }

    /// All slots in use, in the order of their numbers.
    pub fn slots(&self) -> impl Iterator<Item = u32> {
        self.slots.iter().enumerate().filter(|(_, s)| s.value.is_some()).map(|(n, _)| n as u32)
    }

    fn unlink(&mut self, slot: u32) {
        let Slot { previous, next, class, .. } = self.slots[slot as usize];
        let list = &mut self.lists[class as usize];
        if previous == NONE {
            list.oldest = next;
        } else {
            self.slots[previous as usize].next = next;
        }
        let list = &mut self.lists[class as usize];
        if next == NONE {
            list.newest = previous;
        } else {
            self.slots[next as usize].previous = previous;
        }
    }

    fn append(&mut self, slot: u32, class: Class) {
        let list = &mut self.lists[class as usize];
        let newest = std::mem::replace(&mut list.newest, slot);
        if newest == NONE {
            list.oldest = slot;
        } else {
            self.slots[newest as usize].next = slot;
        }
        let entry = &mut self.slots[slot as usize];
        (entry.previous, entry.next, entry.class) = (newest, NONE, class);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Address, Transport};

    fn key(n: u16) -> FlowKey {
        let end = |port| (Address::v4([10, 0, 0, 1]), port);
        FlowKey { low: end(1), high: end(n + 2), transport: Transport::Tcp, socket: 0 }
    }

    #[test]
    fn forgets_closed_then_half_open_then_idle() {
        let mut table = FlowTable::new(8);
        let active = table.insert(key(1), Class::Active, 1, 'a');
        let half_open = table.insert(key(2), Class::HalfOpen, 2, 'h');
        let closed = table.insert(key(3), Class::HalfOpen, 3, 'c');
        let datagrams = table.insert(key(4), Class::Datagrams, 4, 'd');
        table.touch(closed, Class::Closed, 5);
        for (slot, class) in [
            (closed, Class::Closed),
            (half_open, Class::HalfOpen),
            (active, Class::Active),
            (datagrams, Class::Datagrams),
        ] {
            assert_eq!(table.to_evict(), Some((slot, class)));
            assert!(table.remove(slot).is_some());
        }
        assert!(table.is_empty() && table.to_evict().is_none());
    }

    #[test]
    fn slots_are_used_again_and_found_by_key() {
        let mut table = FlowTable::new(4);
        for n in 0..4 {
            table.insert(key(n), Class::Active, u64::from(n), n);
        }
        assert!(table.is_full());
        let slot = table.find(&key(2)).unwrap();
        assert_eq!(table.remove(slot), Some(2));
        assert_eq!((table.find(&key(2)), table.remove(slot)), (None, None));
        assert_eq!(table.insert(key(9), Class::Active, 9, 9), slot);
        assert_eq!(table.find(&key(9)), Some(slot));
        assert_eq!(table.slots().count(), 4);
    }

    #[test]
    fn memory_behind_the_last_flow_is_given_back_and_the_rest_stays_in_place() {
        let mut table = FlowTable::new(1000);
        let slots: Vec<_> = (0..1000).map(|n| table.insert(key(n), Class::Active, 0, n)).collect();
        for slot in slots.iter().filter(|slot| **slot != 7) {
            table.remove(*slot);
        }
        table.shrink();
        assert!(table.slots.capacity() <= 16 && table.index.capacity() <= 16 && table.free.len() == 7);
        assert_eq!(table.find(&key(7)), Some(7));
        let again: Vec<_> = (100..110).map(|n| table.insert(key(n), Class::Active, 1, n)).collect();
        assert_eq!((table.len(), again.iter().max()), (11, Some(&10)));
        (100..110).for_each(|n| assert_eq!(table.find(&key(n)).and_then(|slot| table.remove(slot)), Some(n)));
        table.remove(7);
        table.shrink();
        assert!(table.is_empty() && table.slots.capacity() == 0);
    }

    #[test]
    fn touched_flows_go_last() {
        let mut table = FlowTable::new(4);
        let slots: Vec<_> = (0..3).map(|n| table.insert(key(n), Class::Active, 0, n)).collect();
        table.touch(slots[0], Class::Active, 10 * RELIST);
        table.touch(slots[1], Class::Active, 11 * RELIST);
        assert_eq!(table.oldest(Class::Active, 1), Some(slots[2]));
        table.remove(slots[2]);
        assert_eq!(table.oldest(Class::Active, 1), None, "the others were seen since");
        assert_eq!(table.oldest(Class::Active, 11 * RELIST), Some(slots[0]));
    }
}
