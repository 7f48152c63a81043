//! What one plugin instance may use and answer. Takes nothing, gives numbers with their reasons.

use std::time::Duration;

/// Limits of one instance; the same for every plugin of a [`Runtime`](crate::Runtime).
#[derive(Clone, Debug)]
pub struct Limits {
    /// CPU time of one call. A batch of 128 payloads takes 30 us; what needs a thousand times more will not come back, and
    /// the worker's capture ring must not run full meanwhile.
    pub deadline: Duration,
    /// Bytes of linear memory of one instance, all its memories together. Connection state of parsers is a few dozen bytes:
    /// this is room for a million connections.
    pub memory: usize,
    /// Elements of all tables of one instance. Go puts every function into the table, some thousand; ten times that.
    pub table_elements: usize,
    /// Size of a `.wasm` file. Rust parsers have 0.1 MB, Go ones 2 MB; compiling takes about a second for 2 MB.
    pub wasm_bytes: usize,
    /// Messages of one answer. The shortest real message is six bytes long (`PING` of RESP), so an arena of 256 KiB can not
    /// hold more.
    pub messages: usize,
    /// Fields of one answer: four for each message of the fullest answer; there are 15 names.
    pub fields: usize,
    /// Attributes of one answer.
    pub attributes: usize,
    /// Pieces of heads and bodies of one answer: a chunk of HTTP is six bytes long at least, so an arena can not hold more.
    pub pieces: usize,
    /// Bytes of texts that the guest built, in one answer. Most texts are slices; this is many times the arena.
    pub owned_bytes: usize,
    /// So many faults within `fault_window` quarantine an instance: one bad connection may break a parser a few times
    /// before it is dropped, which is no reason to lose the others.
    pub faults: u32,
    /// Event time in which faults are counted together. A fault a minute costs microseconds and is only counted.
    pub fault_window: Duration,
    /// First quarantine; each next one is twice as long. In event time.
    pub first_quarantine: Duration,
    /// Longest quarantine: a plugin that is broken for good costs one rebuild in that time.
    pub longest_quarantine: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_millis(100),
            memory: 64 << 20,
            table_elements: 1 << 16,
            wasm_bytes: 16 << 20,
            messages: 1 << 16,
            fields: 1 << 18,
            attributes: 1 << 16,
            pieces: 1 << 16,
            owned_bytes: 4 << 20,
            faults: 5,
            fault_window: Duration::from_secs(60),
            first_quarantine: Duration::from_secs(1),
            longest_quarantine: Duration::from_secs(300),
        }
    }
}

/// Log lines are cut here, as `host.wit` says.
pub(crate) const LOG_LINE_BYTES: usize = 1024;
/// Log lines in one second of event time, as `host.wit` says.
pub(crate) const LOG_LINES_A_SECOND: u64 = 100;
/// Names of counters of one plugin, as `host.wit` says.
pub(crate) const GUEST_COUNTERS: usize = 64;
/// Length of such a name, as `host.wit` says.
pub(crate) const GUEST_COUNTER_BYTES: usize = 64;
