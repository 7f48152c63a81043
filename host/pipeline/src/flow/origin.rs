//! What is known of the segment that brought bytes. Takes it borrowed, keeps it for bytes that have to wait.

use crate::captured::Caller;

/// What is known of a segment besides its bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin<'a> {
    /// Capture time.
    pub time: u64,
    /// How many bytes of the other direction its sender had received; none where nobody knows.
    pub peer: Option<u64>,
    /// Who made the call that carried it; none: it comes from the network.
    pub caller: Option<&'a Caller>,
}

/// The same for bytes that wait.
#[derive(Debug)]
pub(crate) struct KeptOrigin {
    time: u64,
    peer: Option<u64>,
    /// A word in the many that come from the network.
    caller: Option<Box<Caller>>,
}

impl Origin<'_> {
    pub(crate) fn keep(&self) -> KeptOrigin {
        KeptOrigin { time: self.time, peer: self.peer, caller: self.caller.copied().map(Box::new) }
    }
}

impl KeptOrigin {
    pub(crate) fn origin(&self) -> Origin<'_> {
        Origin { time: self.time, peer: self.peer, caller: self.caller.as_deref() }
    }

    /// Bytes of memory beside its own.
    pub(crate) fn cost(&self) -> usize {
        self.caller.as_ref().map_or(0, |_| size_of::<Caller>())
    }
}
