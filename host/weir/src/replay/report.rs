//! What a replay was: counts of every stage, merged over files and workers, and what went wrong.

use std::collections::BTreeMap;

use weir_capture::InterfaceCounts;
use weir_capture::sockets::SocketCounts;
use weir_pipeline::decode::{DecodeStats, FragmentStats};
use weir_pipeline::stats::Stats;
use weir_request_log::{RequestLog, SessionType, Status};
use weir_sinks::OutputState;

use super::Ended;
use crate::failure::Failure;

/// Counts of a replay.
#[derive(Debug, Default)]
pub struct Report {
    /// Captures that could be opened.
    pub files: u64,
    /// Interfaces that were captured.
    pub interfaces: Vec<InterfaceCounts>,
    /// What became of system calls, where they were captured.
    pub calls: Option<SocketCounts>,
    /// Frames that were read.
    pub frames: u64,
    /// Frames of interfaces with a link type that is not decoded.
    pub frames_of_unknown_link: u64,
    /// Bytes of the files, as they lie on disk; of live frames, as they were captured.
    pub bytes: u64,
    /// Between the earliest and the latest frame.
    pub span: Span,
    /// What decode gave and skipped.
    pub decode: DecodeStats,
    /// Datagrams that came in pieces.
    pub fragments: FragmentStats,
    /// Counters of all workers.
    pub pipeline: Stats,
    /// Request logs by protocol.
    pub logs: BTreeMap<String, LogCount>,
    /// What went wrong, in the order of the files.
    pub failures: Vec<Failure>,
}

impl Report {
    /// Adds what a worker counted and gives back how its output ended.
    pub(super) fn add(&mut self, worker: Ended) -> Result<OutputState, Failure> {
        self.pipeline.merge(&worker.pipeline);
        for (protocol, count) in &worker.logs {
            self.logs.entry(protocol.to_string()).or_default().add(count);
        }
        worker.state
    }

    /// Adds what became of the fragments of a file.
    pub(super) fn add_fragments(&mut self, seen: FragmentStats) {
        self.fragments.evicted += seen.evicted;
        self.fragments.expired += seen.expired;
        self.fragments.reassembled += seen.reassembled;
        self.fragments.waiting += seen.waiting;
    }
}

/// Times of the earliest and the latest frame, nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    first: u64,
    last: u64,
}

impl Default for Span {
    /// Nothing was seen.
    fn default() -> Self {
        Self { first: u64::MAX, last: 0 }
    }
}

impl Span {
    /// Widens it to hold a time.
    #[inline]
    pub(super) fn see(&mut self, time: u64) {
        self.first = self.first.min(time);
        self.last = self.last.max(time);
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }

    /// How long it is, nanoseconds; none when nothing was seen.
    #[must_use]
    pub fn length(self) -> Option<u64> {
        self.last.checked_sub(self.first)
    }
}

/// Request logs of one protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogCount {
    /// All of them.
    pub all: u64,
    /// Those with request and response.
    pub sessions: u64,
    /// Those that say `ok`.
    pub ok: u64,
    /// Those that say `client_error`.
    pub client_errors: u64,
    /// Those that say `server_error`.
    pub server_errors: u64,
    /// Those that say `timeout`.
    pub timeouts: u64,
}

impl LogCount {
    pub(super) fn count(&mut self, log: &RequestLog) {
        self.all += 1;
        self.sessions += u64::from(log.session_type == SessionType::Session);
        self.ok += u64::from(log.status == Status::Ok);
        self.client_errors += u64::from(log.status == Status::ClientError);
        self.server_errors += u64::from(log.status == Status::ServerError);
        self.timeouts += u64::from(log.status == Status::Timeout);
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.all += other.all;
        self.ok += other.ok;
        self.sessions += other.sessions;
        self.client_errors += other.client_errors;
        self.server_errors += other.server_errors;
        self.timeouts += other.timeouts;
    }
}
