//! What became of calls on sockets. Takes the kernel's counters and those of this side, gives them with their names.

use weir_ebpf_common::Counter;

/// What became of calls on sockets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SocketCounts {
    /// The kernel's counts, by `weir_ebpf_common::Counter`.
    pub kernel: [u64; Counter::ALL.len()],
    /// Records that the kernel handed over.
    pub records: u64,
    /// Bytes that they stand for.
    pub carried_bytes: u64,
    /// Of them those beyond the capture limit, or whose content is in no program's memory (sendfile).
    pub beyond_limit_bytes: u64,
    /// Records that could not be understood.
    pub malformed: u64,
    /// Datagrams whose other end nobody knows.
    pub without_peer: u64,
    /// Calls that the kernel did not show, as the same program had begun on that processor and not ended: see [`super::misses`].
    pub missed: u64,
    /// Records that were given though what should have come before did not come.
    pub given_up: u64,
}

impl SocketCounts {
    /// One of the kernel's counts.
    #[must_use]
    pub fn of(&self, counter: Counter) -> u64 {
        self.kernel[counter as usize]
    }

    /// All of them: name, count, and whether it tells of something that is missing in the logs.
    pub fn lines(&self) -> impl Iterator<Item = (&'static str, u64, bool)> {
        let own = [
            ("records", self.records, false),
            ("carried-bytes", self.carried_bytes, false),
            ("beyond-limit-bytes", self.beyond_limit_bytes, false),
            ("malformed", self.malformed, true),
            ("without-peer", self.without_peer, true),
            ("missed", self.missed, true),
            ("out-of-order", self.given_up, false),
        ];
        Counter::ALL
            .into_iter()
            .map(|counter| (counter.name(), self.of(counter), counter.is_loss()))
            .chain(own)
    }
}
