//! Request logs -> the busiest endpoints, on a screen that changes each second or as one table.
//!
//! Takes: records of a run of the agent, keys that are pressed. Gives: text for a terminal. Does not do: capture, counting (host/red).
//!
//! The screen is rows of cells at fixed columns ([`canvas`]): that is all this table needs. Names are strangers' texts, so each cell is
//! cleaned, cut and placed by itself: however a terminal measures a name, the next column stays where it is.

mod canvas;
mod columns;
mod format;
mod keys;
mod model;
mod screen;
mod snapshot;
mod terminal;
mod usage;
mod view;
mod workers;

pub(crate) use self::screen::{Look, is_possible, show};
pub(crate) use self::snapshot::Snapshot;
pub(crate) use self::terminal::restore;
pub(crate) use self::workers::Shared;

/// The whole table as lines of text, `width` columns wide.
pub(crate) fn text(snapshot: &Snapshot, width: usize) -> String {
    view::text(snapshot, width)
}
