//! What the user looks at. Takes keys and snapshots, gives what is to be shown. Does not do: drawing.

use std::cmp::{Ordering, Reverse};

use weir_red::Key as Endpoint;

use super::columns::request;
use super::keys::Key;
use super::snapshot::{Detail, Shown, Snapshot};

/// Letters of a filter: more than a name on a screen has.
const FILTER: usize = 60;

/// The order of lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sort {
    #[default]
    Rate,
    Errors,
    Latency,
    Name,
}

/// What comes of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    GoOn,
    Quit,
}

/// The state of the screen.
#[derive(Debug, Default)]
pub(super) struct Model {
    snapshot: Snapshot,
    pub(super) sort: Sort,
    pub(super) filter: String,
    /// The filter is being typed.
    pub(super) typing: bool,
    pub(super) paused: bool,
    pub(super) selected: Option<Endpoint>,
    pub(super) detail: Option<Detail>,
    /// Details of the selected line are wanted.
    pub(super) opened: bool,
    /// Lines of the table on the screen, as drawn last.
    pub(super) page: usize,
}

impl Model {
    /// What holds from now on, unless the user paused.
    pub(super) fn update(&mut self, snapshot: Snapshot) {
        if !self.paused {
            self.snapshot = snapshot;
        }
    }

    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Lines that the filter leaves, in order; what there was no room for is the last.
    pub(super) fn lines(&self) -> Vec<&Shown> {
        let wanted = self.filter.to_lowercase();
        let matches = |line: &&Shown| {
            let key = line.key.as_ref();
            let of = |part: &str| part.to_lowercase().contains(&wanted);
            wanted.is_empty()
                || key.is_some_and(|key| of(key.protocol()) || of(key.server()))
                || of(&request(line))
        };
        let mut lines: Vec<&Shown> = self.snapshot.lines.iter().filter(matches).collect();
        sort(&mut lines, self.sort);
        lines.extend(self.snapshot.other.iter().filter(matches));
        lines
    }

    /// Takes a key.
    pub(super) fn press(&mut self, key: Key) -> Then {
        match key {
            Key::Interrupt => return Then::Quit,
            _ if self.typing => self.type_key(key),
            Key::Character('q') => return Then::Quit,
            Key::Character('r') => self.sort = Sort::Rate,
            Key::Character('e') => self.sort = Sort::Errors,
            Key::Character('l') => self.sort = Sort::Latency,
            Key::Character('n') => self.sort = Sort::Name,
            Key::Character('/') => {
                (self.typing, self.opened) = (true, false);
                self.filter.clear();
            }
            Key::Character(' ') => self.paused = !self.paused,
            Key::Enter => self.opened = !self.opened && self.select(0),
            Key::Escape | Key::Backspace if self.opened => self.opened = false,
            Key::Escape => self.filter.clear(),
            Key::Up | Key::Character('k') => drop(self.select(-1)),
            Key::Down | Key::Character('j') => drop(self.select(1)),
            Key::PageUp => drop(self.select(-(self.page.max(1) as isize))),
            Key::PageDown => drop(self.select(self.page.max(1) as isize)),
            Key::Home => drop(self.select(isize::MIN)),
            Key::End => drop(self.select(isize::MAX)),
            Key::Character(_) | Key::Backspace => {}
        }
        Then::GoOn
    }

    fn type_key(&mut self, key: Key) {
        match key {
            Key::Character(c) if self.filter.chars().count() < FILTER => self.filter.push(c),
            Key::Backspace => drop(self.filter.pop()),
            Key::Enter => self.typing = false,
            Key::Escape => {
                self.typing = false;
                self.filter.clear();
            }
            _ => {}
        }
    }

    /// The place of the selected line.
    pub(super) fn place(&self, lines: &[&Shown]) -> Option<usize> {
        let selected = self.selected.as_ref()?;
        lines.iter().position(|line| line.key.as_ref() == Some(selected))
    }

    /// Selects the line so many further down; the first one where none was selected. `false`: there is no line.
    fn select(&mut self, by: isize) -> bool {
        let lines = self.lines();
        let last = lines.iter().rposition(|line| line.key.is_some());
        let next = match (self.place(&lines), last) {
            (_, None) => None,
            (Some(place), Some(last)) => Some(place.saturating_add_signed(by).min(last)),
            (None, Some(last)) => Some(if by == isize::MAX { last } else { 0 }),
        };
        let key = next.and_then(|next| lines.get(next)).and_then(|line| line.key.clone());
        let found = key.is_some();
        if found {
            self.selected = key;
        }
        found
    }
}

/// The busiest first; and where two are equal, by name, so that lines do not dance.
pub(super) fn sort(lines: &mut [&Shown], by: Sort) {
    let name = |line: &Shown| {
        let key = line.key.as_ref();
        key.map(|key| {
            (
                key.endpoint().to_owned(),
                key.request_type().to_owned(),
                key.server().to_owned(),
                key.protocol().to_owned(),
            )
        })
    };
    lines.sort_by(|a, b| {
        let order = match by {
            Sort::Rate => Ordering::Equal,
            Sort::Errors => b.error_rate.total_cmp(&a.error_rate),
            Sort::Latency => Reverse(a.p99).cmp(&Reverse(b.p99)),
            Sort::Name => name(a).cmp(&name(b)),
        };
        order.then_with(|| b.counts.requests.cmp(&a.counts.requests)).then_with(|| name(a).cmp(&name(b)))
    });
}
