//! Takes: texts of strangers, a screen that was drawn. Gives: texts that can do no harm and fit their columns, the screen as text.

use ratatui::buffer::Buffer;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
use weir_sinks::harmless;

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

/// What a person would read, a line a row.
pub(super) fn plain(drawn: &Buffer) -> String {
    let mut text = String::new();
    for row in drawn.area.rows() {
        // A wide character's second cell holds nothing of its own.
        let mut next = row.left();
        let mut line = String::new();
        for column in row.columns() {
            let Some(cell) = drawn.cell((column.x, row.y)).filter(|_| column.x >= next) else { continue };
            line.push_str(cell.symbol());
            next = column.x.saturating_add(cell.symbol().width() as u16);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
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
}
