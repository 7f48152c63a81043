//! A map that forgets what was not used for long. Takes and gives values by key. Bounded: whatever traffic does, it holds twice
//! its room at most.

use std::hash::Hash;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Values by key, a number for most. What was not used while as many others came as there is room for, is forgotten.
#[derive(Debug)]
pub(super) struct Recent<V, K = u64> {
    room: usize,
    young: Map<K, V>,
    old: Map<K, V>,
}

impl<V, K: Copy + Eq + Hash> Recent<V, K> {
    pub(super) fn new(room: usize) -> Self {
        Self { room, young: Map::default(), old: Map::default() }
    }

    /// The value, or a new one.
    pub(super) fn entry(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        if self.young.len() >= self.room && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        match self.young.entry(key) {
            Entry::Occupied(place) => place.into_mut(),
            Entry::Vacant(place) => place.insert(self.old.remove(&key).unwrap_or_else(make)),
        }
    }

    /// The value, if it is there.
    pub(super) fn get(&self, key: K) -> Option<&V> {
        self.young.get(&key).or_else(|| self.old.get(&key))
    }

    /// Takes the value out.
    pub(super) fn remove(&mut self, key: K) -> Option<V> {
        self.young.remove(&key).or_else(|| self.old.remove(&key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_is_used_and_is_bounded() {
        let mut recent = Recent::new(10);
        *recent.entry(7, || 0) = 42;
        for number in 100..10_000 {
            recent.entry(number, || 1);
            assert_eq!(*recent.entry(7, || 0), 42);
            assert!(recent.young.len() + recent.old.len() <= 20);
        }
        assert_eq!(*recent.entry(100, || 2), 2);
        assert_eq!((recent.remove(7), recent.remove(7)), (Some(42), None));
    }
}
