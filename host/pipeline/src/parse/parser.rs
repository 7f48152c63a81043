//! The door to a parser: what every plugin looks like to the pipeline, sandboxed or native.
//!
//! Takes: a batch of events over one arena of bytes. Gives: an [`Outcome`] or a [`PluginFault`]. Nothing here knows wasmtime.

use std::fmt;
use std::sync::Arc;

use super::event::{FlowFacts, StreamEvent};
use super::outcome::Outcome;
use crate::decode::{Address, Transport};

/// One plugin instance of one worker. (Zeek says analyzer, Wireshark dissector.)
pub trait ProtocolParser: Send {
    /// What the plugin says of itself.
    fn manifest(&self) -> &Arc<Manifest>;

    /// Event time is so far now, nanoseconds since 1970. Said before `check`, which carries no time: what waits for its
    /// next chance waits by this clock.
    fn advance(&mut self, _time: u64) {}

    /// Whose are these bytes? They passed one of the plugin's signatures.
    fn check(&mut self, payload: &[u8], probe: &Probe) -> Result<CheckVerdict, PluginFault>;

    /// Deals with a batch. `outcome` is empty when it is handed in; its memory is used again.
    ///
    /// After a fault the instance has been replaced by a new one that knows no connection.
    fn process(
        &mut self,
        arena: &[u8],
        flows: &[FlowFacts],
        events: &[StreamEvent],
        outcome: &mut Outcome,
    ) -> Result<(), PluginFault>;
}

/// What a plugin says of itself; `describe` in the WIT.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Lower-case letters, digits and dashes.
    pub name: String,
    /// `1.2.3`.
    pub version: String,
    /// Names for `l7_protocol`; messages refer to them by index.
    pub protocols: Vec<Arc<str>>,
    /// Cheap tests that decide whether `check` is called.
    pub signatures: Vec<Signature>,
}

/// A cheap test on first bytes; `signature` in the WIT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// TCP or UDP.
    pub transport: Transport,
    /// Where one of `any_of` must stand.
    pub offset: u32,
    /// Alternatives; none: everything fits.
    pub any_of: Vec<Vec<u8>>,
    /// One of the two ports must be in here; none: any port.
    pub ports: Vec<u16>,
}

/// What `check` is told besides the bytes.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// TCP or UDP.
    pub transport: Transport,
    /// Port of the sender.
    pub source_port: u16,
    /// Port of the receiver.
    pub destination_port: u16,
    /// First bytes of the connection in this direction.
    pub from_start: bool,
    /// `Some(true)`: sent by the client, as the handshake showed.
    pub from_client: Option<bool>,
    /// Of the flow; the same as in [`FlowFacts`] when it is opened.
    pub flow_id: u64,
    /// Address of the sender.
    pub source: Address,
    /// Address of the receiver.
    pub destination: Address,
}

/// The answer of `check`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckVerdict {
    /// Mine; the client sent these bytes.
    ClientSpeaks,
    /// Might be mine: ask again with more bytes.
    NeedMore,
    /// Not mine.
    No,
    /// Mine; the server sent these bytes.
    ServerSpeaks,
}

/// A plugin broke. Never the fault of the bytes it was given, never an error of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginFault {
    /// What it did.
    pub kind: FaultKind,
    /// Words for the log: which export, which function, which offset.
    pub detail: String,
}

/// What a plugin did wrong; the label of the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// An answer that breaks the contract: an offset outside of the arena, an unknown connection, an unknown case.
    BadAnswer,
    /// The call did not end in time.
    Deadline,
    /// It wanted more memory than it may have.
    Memory,
    /// An answer that is larger than allowed.
    TooMuch,
    /// It trapped: a panic, a division by zero, an access outside of its memory.
    Trap,
    /// Not called: it faulted too often and waits for its next chance.
    Quarantined,
}

impl FaultKind {
    /// The word for counters.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BadAnswer => "bad-answer",
            Self::Deadline => "deadline",
            Self::Memory => "memory",
            Self::TooMuch => "too-much",
            Self::Trap => "trap",
            Self::Quarantined => "quarantined",
        }
    }
}

impl fmt::Display for PluginFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.detail)
    }
}

impl std::error::Error for PluginFault {}
