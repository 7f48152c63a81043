//! A log that waits. Takes: lines. Gives: each once, with how often it was said, to standard error when somebody asks. Does not do:
//! levels and format.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Different lines that are kept: nobody reads more, and a plugin may say something else for each byte of traffic.
const LINES: usize = 1000;

/// Lines that were said since they were shown last.
#[derive(Debug, Default)]
struct Lines {
    /// In the order in which they were said first, and how often.
    said: Vec<(String, u64)>,
    /// Places in `said`.
    places: HashMap<String, usize>,
    left_out: u64,
}

static HELD: Mutex<Option<Lines>> = Mutex::new(None);

/// Where lines wait. One write is one line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held;

impl Write for Held {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        lock().get_or_insert_default().add(&String::from_utf8_lossy(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes what waits, and forgets it.
pub(super) fn show() {
    let lines = lock().take();
    if let Some(lines) = lines {
        let _ = io::stderr().lock().write_all(lines.text().as_bytes());
    }
}

fn lock() -> MutexGuard<'static, Option<Lines>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lines {
    fn add(&mut self, line: &str) {
        let line = line.trim_end();
        if let Some((_, count)) = self.places.get(line).and_then(|place| self.said.get_mut(*place)) {
            *count += 1;
        } else if self.said.len() < LINES {
            self.places.insert(line.to_owned(), self.said.len());
            self.said.push((line.to_owned(), 1));
        } else {
            self.left_out += 1;
        }
    }

    fn text(&self) -> String {
        let line = |(line, count): &(String, u64)| match count {
            1 => format!("{line}\n"),
            _ => format!("{line} ({count} times)\n"),
        };
        let mut text: String = self.said.iter().map(line).collect();
        if self.left_out > 0 {
            text.push_str(&format!("weir: warn: {} more lines of the log are not shown\n", self.left_out));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_shown_once_in_the_order_of_its_first_time() {
        let mut lines = Lines::default();
        for line in ["b\n", "a\n", "b\n", "b\n"] {
            lines.add(line);
        }
        assert_eq!(lines.text(), "b (3 times)\na\n");
    }

    #[test]
    fn there_is_no_end_of_different_lines() {
        let mut lines = Lines::default();
        (0..LINES + 7).for_each(|n| lines.add(&n.to_string()));
        lines.add("0");
        let text = lines.text();
        assert_eq!(text.lines().count(), LINES + 1);
        assert!(text.starts_with("0 (2 times)\n"), "{text}");
        assert!(text.ends_with("weir: warn: 7 more lines of the log are not shown\n"), "{text}");
    }
}
