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
    let line = OneLine(cut(line, LOG_LINE_BYTES));
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

/// A text of several lines as one (a panic of Rust has its message below its place). Tabs are blanks.
struct OneLine<'a>(&'a [u8]);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines =
            self.0.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
        let mut before = None;
        for line in lines {
            match before {
                None => {}
                // `panicked at src/lib.rs:7:9:`
                Some(b':' | b',' | b';') => f.write_char(' ')?,
                Some(_) => f.write_str("; ")?,
            }
            before = line.last().copied();
            for (number, part) in line.split(|byte| *byte == b'\t').enumerate() {
                if number > 0 {
                    f.write_char(' ')?;
                }
                Printable(part).fmt(f)?;
            }
        }
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::OneLine;

    #[test]
    fn several_lines_become_one() {
        for (text, line) in [
            (
                "panicked at src/lib.rs:26:9:\nindex out of bounds\n",
                "panicked at src/lib.rs:26:9: index out of bounds",
            ),
            (
                "panicked at a.rs:1:2:\nassertion `left == right` failed\n  left: 1\r\n right: 2",
                "panicked at a.rs:1:2: assertion `left == right` failed; left: 1; right: 2",
            ),
            ("\tmain.go:7\t+0x3", "main.go:7 +0x3"),
            ("\n\n \t\n", ""),
            ("a\x1b[2Jb\rc", "a\\u{1b}[2Jb\\rc"),
        ] {
            assert_eq!(OneLine(text.as_bytes()).to_string(), line);
        }
        assert_eq!(OneLine(b"a\xffb").to_string(), "a\u{fffd}b");
    }
}
