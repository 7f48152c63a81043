//! A map that forgets what was not used for long. Takes and gives values by number. Bounded: whatever traffic does, it holds twice
//! its room at most.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

type Map<V> = HashMap<u64, V, foldhash::fast::RandomState>;

/// Values by number. What was not used while as many others came as there is room for, is forgotten.
#[derive(Debug)]
pub(super) struct Recent<V> {
    room: usize,
    young: Map<V>,
    old: Map<V>,
}

impl<V> Recent<V> {
    pub(super) fn new(room: usize) -> Self {
        Self { room, young: Map::default(), old: Map::default() }
    }

    /// The value, or a new one.
    pub(super) fn entry(&mut self, number: u64, make: impl FnOnce() -> V) -> &mut V {
        if self.young.len() >= self.room && !self.young.contains_key(&number) {
            self.old = std::mem::take(&mut self.young);
        }
        match self.young.entry(number) {
            Entry::Occupied(place) => place.into_mut(),
            Entry::Vacant(place) => place.insert(self.old.remove(&number).unwrap_or_else(make)),
        }
    }

    /// The value, if it is there.
    pub(super) fn get(&self, number: u64) -> Option<&V> {
        self.young.get(&number).or_else(|| self.old.get(&number))
    }

    /// Takes the value out.
    pub(super) fn remove(&mut self, number: u64) -> Option<V> {
        self.young.remove(&number).or_else(|| self.old.remove(&number))
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
