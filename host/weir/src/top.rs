//! Request logs -> the busiest endpoints, on a screen that changes each second or as one table.
//!
//! Takes: records of a run of the agent, keys that are pressed. Gives: text for a terminal. Does not do: capture, counting (host/red).
//!
//! The screen is drawn with ratatui, which writes only cells that differ from what was there. Names are strangers' texts, so each one is
//! cleaned and cut to its cell ([`text`](self::text::fit)) before it is drawn.

mod columns;
mod format;
mod keys;
mod losses;
mod model;
mod paint;
mod screen;
mod snapshot;
mod terminal;
mod text;
mod usage;
mod view;
mod workers;

pub(crate) use self::losses::{Loss, losses};
pub(crate) use self::screen::{Look, is_possible, show};
pub(crate) use self::snapshot::Snapshot;
pub(crate) use self::terminal::restore;
pub(crate) use self::workers::Shared;

/// The whole table as lines of text, `width` columns wide.
pub(crate) fn text(snapshot: &Snapshot, width: usize) -> String {
    view::text(snapshot, width)
}
