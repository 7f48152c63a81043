//! Takes: text and records. Gives: them to standard output, with colours where a person looks; a line of progress on standard
//! error. Does not do: errors, which are [`Failure`](crate::Failure)s.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

/// How often the line of progress is written anew.
const INTERVAL: Duration = Duration::from_millis(200);

/// Writes to standard output. Who closed it has read enough.
pub(super) fn out(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A record as one line of JSON.
pub(super) fn json(record: &impl Serialize) {
    // Names are strings and numbers are finite: nothing that JSON can not hold.
    if let Ok(line) = serde_json::to_string(record) {
        out(&format!("{line}\n"));
    }
}

/// What a piece of text means.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ink {
    Good,
    Bad,
    Faint,
}

/// Colours, or none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    color: bool,
}

impl Paint {
    /// Colours only where a person looks, and not where the person said no (no-color.org).
    pub(super) fn of_stdout() -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { color: io::stdout().is_terminal() && !no_color }
    }

    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self { color: false }
    }

    pub(super) fn text(self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Good => 32,
            Ink::Bad => 31,
            Ink::Faint => 2,
        };
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Deletes the line of a terminal.
const NO_LINE: &str = "\r\x1b[K";

/// A line on a terminal's standard error that stands there while something lasts.
#[derive(Debug)]
pub(super) struct Notice<W: Write>(Option<W>);

impl Notice<io::Stderr> {
    /// While a plugin is loaded: compiling one in Go takes seconds, on a slow machine ten.
    pub(super) fn loading(file: &Path) -> Self {
        let text =
            format!("loading {} (compiled once, then kept) ...", harmless(&file.display().to_string()));
        Self::new(io::stderr().is_terminal().then(io::stderr), &text)
    }
}

impl<W: Write> Notice<W> {
    fn new(mut terminal: Option<W>, text: &str) -> Self {
        if let Some(terminal) = &mut terminal {
            let _ = write!(terminal, "{NO_LINE}{text}").and_then(|()| terminal.flush());
        }
        Self(terminal)
    }
}

impl<W: Write> Drop for Notice<W> {
    fn drop(&mut self) {
        if let Some(terminal) = &mut self.0 {
            let _ = write!(terminal, "{NO_LINE}").and_then(|()| terminal.flush());
        }
    }
}

/// A line on a terminal's standard error that is written over.
#[derive(Debug)]
pub(super) struct Ticker {
    enabled: bool,
    next: Instant,
    shown: bool,
}

impl Ticker {
    pub(super) fn new() -> Self {
        Self { enabled: io::stderr().is_terminal(), next: Instant::now() + INTERVAL, shown: false }
    }

    /// Shows the text, when it is time.
    pub(super) fn tick(&mut self, now: Instant, text: impl FnOnce() -> String) {
        if !self.enabled || now < self.next {
            return;
        }
        self.next = now + INTERVAL;
        self.shown = true;
        let mut error = io::stderr().lock();
        let _ = write!(error, "{NO_LINE}{}", text()).and_then(|()| error.flush());
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(io::stderr().lock(), "{NO_LINE}");
        }
    }
}

/// `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    crate::cmd::grouped(number)
}

/// `64 MiB`, `1.2 KiB`, `17 bytes`.
pub(super) fn bytes(number: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.iter().find(|(size, _)| number >= *size) {
        Some((size, unit)) if number.is_multiple_of(*size) => format!("{} {unit}", number / size),
        Some((size, unit)) => format!("{:.1} {unit}", number as f64 / *size as f64),
        None => format!("{number} bytes"),
    }
}

/// Texts of strangers on a terminal.
pub(super) fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_notice_leaves_nothing_behind() {
        let mut terminal = Vec::new();
        drop(super::Notice::new(Some(&mut terminal), "loading"));
        assert_eq!(terminal, b"\r\x1b[Kloading\r\x1b[K");
        drop(super::Notice::<Vec<u8>>::new(None, "nobody looks"));
    }

    #[test]
    fn sizes_are_for_people() {
        for (number, text) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1536, "1.5 KiB"),
            (64 << 20, "64 MiB"),
            (3 << 29, "1.5 GiB"),
        ] {
            assert_eq!(super::bytes(number), text);
        }
    }
}
