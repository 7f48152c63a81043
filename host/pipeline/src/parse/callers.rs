//! Who made the calls that carried the bytes of one direction. Takes positions with callers, gives the caller that brought a byte. Does
//! not do: anything for bytes of the network, which have none.

use crate::captured::Caller;

/// Changes of the caller that are remembered. A parser may leave up to 128 KiB unread, in segments of any size; a server reads a message
/// in a few calls of one thread.
const MOST: usize = 256;

/// Callers by the position of the first byte that each of them brought, ascending.
#[derive(Debug, Default)]
pub(crate) struct Callers(Vec<(u64, Caller)>);

impl Callers {
    /// Bytes from this position on were brought by this caller.
    pub(crate) fn note(&mut self, position: u64, caller: &Caller) {
        if self.0.last().is_some_and(|(_, last)| last == caller) {
            return;
        }
        if self.0.len() >= MOST {
            // Who brought the oldest is not known any more.
            self.0.drain(..MOST / 2);
        }
        self.0.push((position, *caller));
    }

    /// Who brought the byte at this position.
    pub(crate) fn of(&self, position: u64) -> Option<Caller> {
        let after = self.0.partition_point(|(first, _)| *first <= position);
        Some(self.0.get(after.checked_sub(1)?)?.1)
    }

    /// Forgets who brought only bytes before this position.
    pub(crate) fn retire(&mut self, position: u64) {
        let keep_from = self.0.partition_point(|(first, _)| *first <= position).saturating_sub(1);
        self.0.drain(..keep_from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread(thread_id: u32) -> Caller {
        Caller { thread_id, ..Caller::default() }
    }

    fn of(callers: &Callers, position: u64) -> Option<u32> {
        callers.of(position).map(|caller| caller.thread_id)
    }

    #[test]
    fn each_byte_has_the_caller_that_brought_it() {
        let mut callers = Callers::default();
        assert_eq!(of(&callers, 0), None);
        for (position, id) in [(10, 1), (20, 1), (30, 2), (40, 1)] {
            callers.note(position, &thread(id));
        }
        let found: Vec<_> = [9, 10, 29, 30, 39, 40, 1000].map(|position| of(&callers, position)).into();
        assert_eq!(found, [None, Some(1), Some(1), Some(2), Some(2), Some(1), Some(1)]);
        callers.retire(39);
        assert_eq!((of(&callers, 29), of(&callers, 39), of(&callers, 40)), (None, Some(2), Some(1)));
    }

    #[test]
    fn callers_in_turns_take_no_more_than_their_room() {
        let mut callers = Callers::default();
        for n in 0..100_000 {
            callers.note(n, &thread(n as u32));
            assert!(callers.0.len() <= MOST);
            assert_eq!(of(&callers, n), Some(n as u32));
        }
        assert_eq!(of(&callers, 5), None, "rather nobody than somebody else");
    }
}
