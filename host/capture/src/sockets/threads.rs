//! What a thread received -> what it sends because of it, so that a request and the requests made for it can be joined.
//!
//! Takes: what threads send and receive, in order. Gives: trace ids. What a thread receives from one socket, until it sends or
//! receives elsewhere, gets a new id; what it then sends gets the same one. So the request that a server reads, its queries to a
//! database and (with the id of the last answer it got) its own answer are a chain. Light threads of a runtime count for themselves.

use std::time::{SystemTime, UNIX_EPOCH};

use super::recent::Recent;

/// Threads that are remembered: as many as a machine may have by default, nearly (`kernel.threads-max` of 4 GB).
const ROOM: usize = 16 << 10;

/// Ids below this number are exact in every JSON reader.
const LIMIT: u64 = 1 << 53;

/// What all threads did last.
#[derive(Debug)]
pub(super) struct Threads {
    threads: Recent<Thread>,
    next: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Thread {
    /// 0: it has received nothing.
    trace: u64,
    /// Where it received, when that was the last that it did.
    receives_from: u64,
}

impl Threads {
    pub(super) fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // Microseconds: other ids after a restart, as fewer than a million are made in a second.
        Self { threads: Recent::new(ROOM), next: now.as_micros() as u64 % LIMIT }
    }

    /// A thread (or a coroutine) received from a socket.
    pub(super) fn received(&mut self, thread: u64, socket: u64) -> u64 {
        let state = self.threads.entry(thread, Thread::default);
        if state.receives_from != socket {
            self.next = (self.next + 1) % LIMIT;
            *state = Thread { trace: self.next, receives_from: socket };
        }
        state.trace
    }

    /// A thread sent. 0: it has received nothing before.
    pub(super) fn sent(&mut self, thread: u64) -> u64 {
        let state = self.threads.entry(thread, Thread::default);
        state.receives_from = 0;
        state.trace
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_and_what_is_asked_because_of_it_share_an_id() {
        let mut threads = Threads::new();
        let request = threads.received(1, 10);
        assert_eq!(threads.received(1, 10), request, "the rest of it");
        assert_eq!(threads.sent(1), request, "a query");
        let answer = threads.received(1, 20);
        assert_ne!(answer, request);
        assert_eq!(threads.sent(1), answer, "the answer to the request");
        assert_ne!(threads.received(1, 10), request, "the next request");
        assert_eq!(threads.sent(2), 0, "another thread");
        assert!(threads.received(2, 10) < LIMIT);
    }
}
