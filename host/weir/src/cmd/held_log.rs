//! A log that waits. Takes: lines. Gives: the first of those that are alike, and how many they were, to standard error when somebody
//! asks. Does not do: levels and format.

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
    /// Places in `said`, by what lines that are alike have in common.
    places: HashMap<String, usize>,
    left_out: u64,
    /// How many lines were said, and the last one.
    all: u64,
    last: String,
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

/// How many lines were said since they were shown last, and the last of them.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
pub(crate) fn last() -> Option<(u64, String)> {
    lock().as_ref().map(|lines| (lines.all, lines.last.clone()))
}

fn lock() -> MutexGuard<'static, Option<Lines>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lines {
    fn add(&mut self, line: &str) {
        let line = line.trim_end();
        self.all += 1;
        line.clone_into(&mut self.last);
        let key = without_numbers(line);
        if let Some((_, count)) = self.places.get(&key).and_then(|place| self.said.get_mut(*place)) {
            *count += 1;
        } else if self.said.len() < LINES {
            self.places.insert(key, self.said.len());
            self.said.push((line.to_owned(), 1));
        } else {
            self.left_out += 1;
        }
    }

    fn text(&self) -> String {
        let line = |(line, count): &(String, u64)| match count {
            1 => format!("{line}\n"),
            _ => format!("{line} (and {} more like it)\n", count - 1),
        };
        let mut text: String = self.said.iter().map(line).collect();
        if self.left_out > 0 {
            text.push_str(&format!("weir: warn: {} more lines of the log are not shown\n", self.left_out));
        }
        text
    }
}

/// What lines that are alike have in common: a panic tells the same with other addresses and lengths each time.
pub(crate) fn without_numbers(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        text.push_str(before);
        text.push('#');
        rest = match number.strip_prefix("0x") {
            Some(digits) => digits.trim_start_matches(|c: char| c.is_ascii_hexdigit()),
            None => number.trim_start_matches(|c: char| c.is_ascii_digit()),
        };
    }
    text + rest
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
        assert_eq!(lines.text(), "b (and 2 more like it)\na\n");
    }

    #[test]
    fn numbers_make_no_difference() {
        let mut lines = Lines::default();
        for line in ["f(0x1ab, 7) a.go:7", "f(0xff, 123) a.go:7", "f(0x, 1) b.go:7", "x0x"] {
            lines.add(line);
        }
        let text = "f(0x1ab, 7) a.go:7 (and 1 more like it)\nf(0x, 1) b.go:7\nx0x\n";
        assert_eq!(lines.text(), text);
    }

    #[test]
    fn there_is_no_end_of_different_lines() {
        let mut lines = Lines::default();
        (1..=LINES + 7).for_each(|n| lines.add(&"x".repeat(n)));
        lines.add("x");
        assert_eq!((lines.all, lines.last.as_str()), (LINES as u64 + 8, "x"));
        let text = lines.text();
        assert_eq!(text.lines().count(), LINES + 1);
        assert!(text.starts_with("x (and 1 more like it)\n"), "{text}");
        assert!(text.ends_with("weir: warn: 7 more lines of the log are not shown\n"), "{text}");
    }
}
