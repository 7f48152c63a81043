//! Log lines of guests.
//!
//! Takes: bytes. Gives: `tracing` events of target `weir::plugin` with the plugin's name, cut and rationed as `host.wit` says.
//! Seconds are those of the events' time: a replay says the same on every run.

use std::fmt::{self, Write as _};

use crate::limits::{LOG_LINE_BYTES, LOG_LINES_A_SECOND};
use crate::stats::Counters;

/// `level` of `host.wit`, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

impl Level {
    /// By its number in the WIT.
    pub(crate) fn from_raw(raw: u32) -> Option<Self> {
        [Self::Error, Self::Warn, Self::Info, Self::Debug].get(raw as usize).copied()
    }
}

/// Writes a line, or counts that it was one too many. The counts outlive the guest: breaking does not buy new lines.
pub(super) fn write(plugin: &str, counters: &Counters, level: Level, line: &[u8], time: u64) {
    let second = time / 1_000_000_000;
    if second != counters.log_second.value() {
        counters.log_second.set(second);
        counters.log_lines.set(0);
    }
    if counters.log_lines.value() == LOG_LINES_A_SECOND {
        counters.log_lines_dropped.add(1);
        return;
    }
    counters.log_lines.add(1);
    let line = Printable(cut(line, LOG_LINE_BYTES));
    match level {
        Level::Error => tracing::error!(target: "weir::plugin", plugin, "{line}"),
        Level::Warn => tracing::warn!(target: "weir::plugin", plugin, "{line}"),
        Level::Info => tracing::info!(target: "weir::plugin", plugin, "{line}"),
        Level::Debug => tracing::debug!(target: "weir::plugin", plugin, "{line}"),
    }
}

/// The first bytes of a text.
pub(crate) fn cut(bytes: &[u8], limit: usize) -> &[u8] {
    &bytes[..bytes.len().min(limit)]
}

/// Text that can do nothing to a terminal: plugins may log what strangers sent.
pub(crate) struct Printable<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                if c.is_control() { write!(f, "{}", c.escape_default())? } else { f.write_char(c)? }
            }
            if !chunk.invalid().is_empty() {
                f.write_char(char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(())
    }
}
