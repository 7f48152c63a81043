//! How texts look. Takes what a text means, gives a style; and takes colours away where nobody wants them.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

/// What a text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    Plain,
    Dim,
    Bold,
    Good,
    Warning,
    Bad,
}

impl From<Paint> for Style {
    fn from(paint: Paint) -> Self {
        match paint {
            Paint::Plain => Self::new(),
            Paint::Dim => Self::new().add_modifier(Modifier::DIM),
            Paint::Bold => Self::new().add_modifier(Modifier::BOLD),
            Paint::Good => Self::new().fg(Color::Green),
            Paint::Warning => Self::new().fg(Color::Yellow),
            Paint::Bad => Self::new().fg(Color::Red),
        }
    }
}

/// Leaves what is no colour: bold, reversed.
pub(super) fn without_color(drawn: &mut Buffer) {
    for cell in &mut drawn.content {
        (cell.fg, cell.bg) = (Color::Reset, Color::Reset);
        cell.modifier.remove(Modifier::DIM);
    }
}
