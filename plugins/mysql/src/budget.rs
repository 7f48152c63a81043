//! Memory and answers that strangers can make the instance spend, and their bounds.
//!
//! Takes: wishes. Gives: grants, which are given back when they are dropped.

use std::cell::Cell;

/// Bytes that all connections of an instance may hold beyond their fixed state: statements, waiting commands, inflated bytes.
/// A quarter of the 64 MiB that the host gives to a guest; fixed state of 65,536 connections and the lists of an answer
/// take about half.
const TOTAL: usize = 16 << 20;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// Bytes that may be held.
#[derive(Debug, Default)]
pub(crate) struct Grant(usize);

impl Grant {
    pub(crate) fn of(bytes: usize) -> Option<Self> {
        let mut grant = Self(0);
        grant.take(bytes).then_some(grant)
    }

    /// Asks for so many bytes more.
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        let total = HELD.get().saturating_add(bytes);
        let granted = total <= TOTAL;
        if granted {
            HELD.set(total);
            self.0 += bytes;
        }
        granted
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        HELD.set(HELD.get().saturating_sub(self.0));
    }
}

/// What one input may be answered with, so that an answer stays within the host's limits (65,536 messages, 4 MiB of texts that
/// the guest built) whatever is executed, pipelined or inflated. A call has 128 inputs of together 192 KiB at most.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Quota {
    /// Bytes of texts that do not stand in the input: 3 MiB a call.
    texts: usize,
    /// 55,000 a call; the shortest packet has five bytes.
    messages: usize,
}

impl Quota {
    pub(crate) fn of(input: usize) -> Self {
        Self { texts: (6 << 10) + input * 12, messages: 128 + input / 5 }
    }

    /// A text of so many bytes that is not in the input.
    pub(crate) fn takes_text(&mut self, bytes: usize) -> bool {
        let left = self.texts.checked_sub(bytes);
        self.texts = left.unwrap_or(self.texts);
        left.is_some()
    }

    pub(crate) fn count_message(&mut self) {
        self.messages = self.messages.saturating_sub(1);
    }

    pub(crate) fn is_used_up(&self) -> bool {
        self.messages == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_bounded_and_given_back() {
        let before = HELD.get();
        let grants: Vec<Grant> = std::iter::from_fn(|| Grant::of(4096)).take(10_000).collect();
        assert_eq!(grants.len(), (TOTAL - before) / 4096);
        assert!(Grant::of(usize::MAX).is_none());
        drop(grants);
        assert_eq!(HELD.get(), before);
    }
}
