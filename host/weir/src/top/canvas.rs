//! Takes: texts of strangers, at columns of rows. Gives: a screen, as escape sequences or as plain text. Nothing that is put on it leaves
//! its cell.

use std::fmt::Write;

use unicode_width::UnicodeWidthChar;
use weir_sinks::harmless;

/// How a cell looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Dim,
    Bold,
    Good,
    Warning,
    Bad,
}

impl Style {
    /// SGR parameters (ECMA-48, 8.3.117); without colours, only what is no colour.
    fn sequence(self, color: bool) -> &'static str {
        match self {
            Self::Bold => "\x1b[1m",
            Self::Dim if color => "\x1b[2m",
            Self::Good if color => "\x1b[32m",
            Self::Warning if color => "\x1b[33m",
            Self::Bad if color => "\x1b[31m",
            _ => "",
        }
    }
}

/// One line of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Columns that there are.
    width: usize,
    /// Column, style, cleaned text; in the order of columns.
    cells: Vec<(usize, Style, String)>,
    pub(super) reverse: bool,
}

impl Row {
    pub(super) fn new(width: usize) -> Self {
        Self { width, cells: Vec::new(), reverse: false }
    }

    /// Puts a text at a column, cut to `width` columns.
    pub(super) fn put(&mut self, column: usize, width: usize, style: Style, text: &str) {
        let text = fit(text, width.min(self.width.saturating_sub(column)));
        if !text.is_empty() {
            self.cells.push((column, style, text));
        }
    }

    /// The same, at the right end of its columns.
    pub(super) fn put_right(&mut self, column: usize, width: usize, style: Style, text: &str) {
        let width = width.min(self.width.saturating_sub(column));
        let text = fit(text, width);
        let used = columns(&text);
        self.put(column + width.saturating_sub(used), used, style, &text);
    }

    /// Text without styles.
    pub(super) fn plain(&self) -> String {
        let mut line = String::new();
        let mut at = 0;
        for (column, _, text) in &self.cells {
            while at < *column {
                line.push(' ');
                at += 1;
            }
            line.push_str(text);
            at += columns(text);
        }
        line
    }

    /// Writes it over line `number` (from 0) of a terminal. Each cell is placed by itself: a terminal may measure a text otherwise.
    fn write(&self, out: &mut String, number: usize, color: bool) {
        let width = self.width;
        // Writing to memory can not fail; the same holds below.
        let _ = write!(out, "\x1b[{};1H\x1b[0m\x1b[2K", number + 1);
        if self.reverse {
            let _ = write!(out, "\x1b[7m{:width$}", "");
        }
        for (column, style, text) in &self.cells {
            let style = if self.reverse { "\x1b[7m" } else { style.sequence(color) };
            let _ = write!(out, "\x1b[{};{}H\x1b[0m{style}{text}", number + 1, column + 1);
        }
    }
}

/// A screen.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) rows: Vec<Row>,
}

impl Canvas {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, rows: vec![Row::new(width); height] }
    }

    /// The row; one that does not exist takes what it is given.
    pub(super) fn row(&mut self, number: usize, set: impl FnOnce(&mut Row)) {
        if let Some(row) = self.rows.get_mut(number) {
            set(row);
        }
    }

    /// What turns `before` into this one on a terminal.
    pub(super) fn change(&self, before: &Self, color: bool) -> String {
        let mut out = String::new();
        let same_size = before.width == self.width && before.rows.len() == self.rows.len();
        if !same_size {
            out.push_str("\x1b[0m\x1b[2J");
        }
        for (number, row) in self.rows.iter().enumerate() {
            if !same_size || before.rows.get(number) != Some(row) {
                row.write(&mut out, number, color);
            }
        }
        out
    }
}

/// A text that can do no harm and takes so many columns at most; what is cut off is an ellipsis.
pub(super) fn fit(text: &str, width: usize) -> String {
    let mut fitted = String::new();
    let mut used = 0;
    // Where the text ended if one column were needed for the ellipsis.
    let mut shorter = 0;
    for character in text.chars().map(harmless) {
        // What has no width of its own may be endless, and joins what stands apart.
        let Some(wide) = character.width().filter(|wide| *wide > 0) else { continue };
        if used + wide > width {
            fitted.truncate(shorter);
            if width > 0 {
                fitted.push('…');
            }
            return fitted;
        }
        fitted.push(character);
        used += wide;
        if used < width {
            shorter = fitted.len();
        }
    }
    fitted
}

/// Columns that a text takes.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or(0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_columns_and_cleaned() {
        for (text, width, wanted) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("a\x1b[2Jb\nc", 9, "a\u{fffd}[2Jb c"),
            ("e\u{301}\u{301}\u{301}x\u{200d}y\u{202e}", 9, "exy\u{fffd}"),
            ("abc", 0, ""),
            ("日", 1, "…"),
        ] {
            assert_eq!(fit(text, width), wanted, "{text:?} in {width}");
            assert!(columns(&fit(text, width)) <= width);
        }
    }

    #[test]
    fn only_rows_that_differ_are_written() {
        let (mut first, mut second) = (Canvas::new(10, 3), Canvas::new(10, 3));
        first.row(1, |row| row.put(0, 10, Style::Bad, "one"));
        second.row(1, |row| row.put(2, 10, Style::Bad, "two"));
        assert_eq!(second.change(&second, true), "");
        assert_eq!(second.change(&first, true), "\x1b[2;1H\x1b[0m\x1b[2K\x1b[2;3H\x1b[0m\x1b[31mtwo");
        assert!(!second.change(&first, false).contains("31m"));
        assert!(second.change(&Canvas::new(9, 3), true).starts_with("\x1b[0m\x1b[2J"));
    }
}
