//! Values by key. Takes keys by reference, and copies those that are new. Gives places that stay until [`Keyed::keep_best`].

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

use crate::key::Key;

/// Values with their keys, in the order of their coming.
#[derive(Debug)]
pub(crate) struct Keyed<T> {
    index: HashTable<u32>,
    slots: Vec<Slot<T>>,
    hasher: RandomState,
}

/// A value with its key.
#[derive(Debug)]
pub(crate) struct Slot<T> {
    pub(crate) key: Key,
    hash: u64,
    pub(crate) value: T,
}

impl<T> Default for Keyed<T> {
    fn default() -> Self {
        Self { index: HashTable::new(), slots: Vec::new(), hasher: RandomState::default() }
    }
}

impl<T: Default> Keyed<T> {
    /// The place of a key, which is given one when there are less than `room`.
    #[inline]
    pub(crate) fn place(&mut self, key: &Key, room: usize) -> Option<usize> {
        let hash = self.hasher.hash_one(key);
        let Self { index, slots, .. } = self;
        let known = index.find(hash, |place| slots.get(*place as usize).is_some_and(|slot| slot.key == *key));
        if let Some(place) = known {
            return Some(*place as usize);
        }
        if slots.len() >= room {
            return None;
        }
        let place = slots.len();
        slots.push(Slot { key: key.clone(), hash, value: T::default() });
        // The hash is kept beside the key, so that growing does not compute it anew.
        index.insert_unique(hash, place as u32, |place| {
            slots.get(*place as usize).map_or(0, |slot| slot.hash)
        });
        Some(place)
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn slots(&self) -> &[Slot<T>] {
        &self.slots
    }

    pub(crate) fn slots_mut(&mut self) -> &mut [Slot<T>] {
        &mut self.slots
    }

    pub(crate) fn slot_mut(&mut self, place: usize) -> Option<&mut Slot<T>> {
        self.slots.get_mut(place)
    }

    /// Keeps the `count` values of the highest worth; gives those that leave. All places change.
    pub(crate) fn keep_best<W: Ord>(&mut self, count: usize, worth: impl Fn(&T) -> W) -> Vec<T> {
        if self.slots.len() <= count {
            return Vec::new();
        }
        self.slots.select_nth_unstable_by(count, |a, b| worth(&b.value).cmp(&worth(&a.value)));
        let gone = self.slots.split_off(count);
        let Self { index, slots, .. } = self;
        index.clear();
        for (place, slot) in slots.iter().enumerate() {
            index.insert_unique(slot.hash, place as u32, |place| {
                slots.get(*place as usize).map_or(0, |slot| slot.hash)
            });
        }
        gone.into_iter().map(|slot| slot.value).collect()
    }
}
