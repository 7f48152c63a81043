//! Takes: texts of strangers. Gives: them safe for a terminal, measured and cut in columns of the screen.

use std::fmt::{self, Write};
use std::net::SocketAddr;

use unicode_width::UnicodeWidthChar;
use weir_request_log::Value;

/// Memory for one cell, used again for the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    text: String,
}

impl Cell {
    /// Lets `fill` write a new text.
    pub(super) fn start(&mut self, fill: impl FnOnce(&mut Self)) -> Measured<'_> {
        self.text.clear();
        fill(self);
        Measured { text: &self.text, width: width(&self.text), ellipsis: false }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// A space, unless there is nothing before it.
    pub(super) fn separate(&mut self) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
    }

    /// Our own text: taken as it is.
    pub(super) fn push_str(&mut self, text: &'static str) {
        self.text.push_str(text);
    }

    /// Our own text, or a number.
    pub(super) fn push_display(&mut self, value: impl fmt::Display) {
        // Writing to memory can not fail.
        let _ = write!(self.text, "{value}");
    }

    /// `10.0.0.1:80` or `[2001:db8::1]:80`.
    pub(super) fn push_peer(&mut self, peer: SocketAddr) {
        self.push_display(SocketAddr::new(peer.ip(), peer.port()));
    }

    /// A stranger's text.
    pub(super) fn push_value(&mut self, value: Value<'_>) {
        match value {
            Value::Number(number) => self.push_display(number),
            Value::Text(text) => self.text.extend(text.chars().map(harmless)),
        }
    }
}

/// A text from the network must not move the cursor, change colours or turn the reading direction of a terminal.
#[must_use]
pub fn harmless(character: char) -> char {
    match character {
        '\n' | '\r' | '\t' => ' ',
        // Marks and overrides of direction (Unicode Annex 9), line and paragraph separators.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

/// A text and the columns that it takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured<'a> {
    text: &'a str,
    width: usize,
    ellipsis: bool,
}

impl Measured<'_> {
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Leaves off what does not fit and says so with an ellipsis.
    pub(super) fn cut(self, limit: usize) -> Self {
        if self.width <= limit {
            return self;
        }
        if limit == 0 {
            return Self { text: "", width: 0, ellipsis: false };
        }
        let mut width = 0;
        for (at, character) in self.text.char_indices() {
            let next = width + character.width().unwrap_or(0);
            if next > limit - 1 {
                let text = self.text.get(..at).unwrap_or_default();
                return Self { text, width: width + 1, ellipsis: true };
            }
            width = next;
        }
        self
    }

    pub(super) fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.text.as_bytes());
        if self.ellipsis {
            out.extend_from_slice("…".as_bytes());
        }
    }

    pub(super) fn align_left(self, out: &mut Vec<u8>, column: usize) {
        self.write(out);
        out.resize(out.len() + column.saturating_sub(self.width), b' ');
    }

    pub(super) fn align_right(self, out: &mut Vec<u8>, column: usize) {
        out.resize(out.len() + column.saturating_sub(self.width), b' ');
        self.write(out);
    }
}

fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}
