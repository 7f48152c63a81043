//! What is shown until the next second. Takes the board, gives copies of its lines, so that nobody waits while they are looked at.

use std::sync::Arc;

use weir_red::{Board, Code, Counts, Failed, HISTORY, Key, Line};

/// The board at one time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    pub(super) lines: Vec<Shown>,
    /// What there was no room for.
    pub(super) other: Option<Shown>,
    /// All together.
    pub(super) all: Option<Shown>,
    pub(super) responses_alone: u64,
    /// How long the window is.
    pub(super) seconds: f64,
}

/// A line of the table.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    /// None: not one endpoint.
    pub(super) key: Option<Key>,
    pub(super) counts: Counts,
    pub(super) rate: f64,
    pub(super) error_rate: f64,
    pub(super) error_percent: f64,
    pub(super) p50: Option<u64>,
    pub(super) p95: Option<u64>,
    pub(super) p99: Option<u64>,
    pub(super) max: Option<u64>,
    pub(super) process: Option<Arc<str>>,
}

/// What is known of one key.
#[derive(Clone, Debug)]
pub(super) struct Detail {
    pub(super) line: Shown,
    pub(super) total: Counts,
    pub(super) codes: Vec<(Code, u64)>,
    pub(super) other_codes: u64,
    pub(super) failures: Vec<Failed>,
    pub(super) history: [u64; HISTORY],
}

impl Snapshot {
    pub(crate) fn of(board: &Board) -> Self {
        Self {
            lines: board.lines().map(|line| Shown::of(&line)).collect(),
            other: board.other().map(|line| Shown::of(&line)),
            all: Some(Shown::of(&board.all())),
            responses_alone: board.responses_alone(),
            seconds: board.seconds(),
        }
    }
}

impl Shown {
    fn of(line: &Line<'_>) -> Self {
        Self {
            key: line.key.cloned(),
            counts: *line.counts,
            rate: line.rate,
            error_rate: line.error_rate,
            error_percent: line.error_percent(),
            p50: line.p50,
            p95: line.p95,
            p99: line.p99,
            max: line.max,
            process: line.process().cloned(),
        }
    }
}

impl Detail {
    pub(super) fn of(board: &Board, key: &Key) -> Option<Self> {
        let line = board.of(key)?;
        let (codes, other_codes) = line.codes();
        let mut codes = codes.to_vec();
        codes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        Some(Self {
            line: Shown::of(&line),
            total: *line.total(),
            codes,
            other_codes,
            failures: line.failures().cloned().collect(),
            history: line.history(),
        })
    }
}
