//! Takes: a payload and a tree of paths. Gives: the values that the paths lead to, as they stand on the wire.
//!
//! A message inside of a message is looked into only when all of its bytes are a message: text is not mistaken for one. Bytes are
//! gone over at most twice for each step of a path, and `FIELDS` bounds that once more.

use crate::plan::{Pick, Tree};
use crate::wire::{Cursor, Raw, Span, Step, Work, is_message};

/// Fields looked at in one payload, over all passes: those of 64 KiB in steps of two bytes, twice. About half a millisecond.
const FIELDS: u32 = 1 << 16;
/// Values of one payload where all of a field count; more do not fit into a text of a request log.
const MANY: usize = 256;

/// How reading a payload ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// All of it was read.
    Whole,
    /// What lies behind was not there, or was too much work.
    Early,
    /// Not a message: nothing was found.
    Malformed,
}

/// What was found. Kept from payload to payload, so that nothing is allocated for one.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// By node.
    states: Vec<State>,
    /// Of nodes that may have many values, in their order.
    many: Vec<(usize, Raw)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// Within the message that is being read.
    seen: bool,
    last: Option<Raw>,
    /// The answer.
    value: Option<Raw>,
}

impl Found {
    /// The values of a node.
    pub(crate) fn values(&self, node: usize) -> impl Iterator<Item = Raw> + '_ {
        let single = self.states.get(node).and_then(|state| state.value);
        single.into_iter().chain(self.many.iter().filter(move |(of, _)| *of == node).map(|(_, raw)| *raw))
    }

    /// Reads a payload; `cut` when it was longer.
    pub(crate) fn read(&mut self, tree: &Tree, payload: &[u8], cut: bool) -> Ended {
        self.clear(tree.len());
        let mut walk = Walk { tree, payload, work: Work(FIELDS), found: self };
        let ended = walk.message(0, Span { start: 0, end: payload.len() }, cut);
        if ended == Ended::Malformed {
            self.clear(0);
        }
        ended
    }

    fn clear(&mut self, nodes: usize) {
        self.states.clear();
        self.states.resize(nodes, State::default());
        self.many.clear();
    }

    fn state(&mut self, node: usize) -> State {
        self.states.get(node).copied().unwrap_or_default()
    }

    fn change(&mut self, node: usize, change: impl FnOnce(&mut State)) {
        if let Some(state) = self.states.get_mut(node) {
            change(state);
        }
    }
}

struct Walk<'a> {
    tree: &'a Tree,
    payload: &'a [u8],
    work: Work,
    found: &'a mut Found,
}

impl Walk<'_> {
    fn message(&mut self, node: usize, span: Span, cut: bool) -> Ended {
        let tree = self.tree;
        for child in tree.children(node) {
            self.found.change(child, |state| (state.seen, state.last) = (false, None));
        }
        let mut cursor = Cursor::new(self.payload, span);
        let ended = loop {
            match cursor.step(&mut self.work) {
                Step::Field { number, raw } => self.field(node, number, raw),
                Step::End if cut => break Ended::Early,
                Step::End => break Ended::Whole,
                Step::Tired => break Ended::Early,
                Step::Partial { number, span } if cut => {
                    self.partial(node, number, span);
                    break Ended::Early;
                }
                Step::Cut if cut => break Ended::Early,
                Step::Cut | Step::Partial { .. } | Step::Malformed => return Ended::Malformed,
            }
        };
        self.settle(node, ended);
        ended
    }

    fn field(&mut self, parent: usize, number: u32, raw: Raw) {
        let tree = self.tree;
        for child in tree.children(parent) {
            let Some(node) = tree.node(child).filter(|node| node.hop.number == number) else { continue };
            match &node.hop.pick {
                Pick::First if self.found.state(child).seen => {}
                Pick::First | Pick::All => self.take(child, raw, false),
                Pick::Single => {
                    self.look_into(child, raw, false);
                    self.found.change(child, |state| state.last = Some(raw));
                }
                Pick::Last => self.found.change(child, |state| state.last = Some(raw)),
                Pick::Key(key) => {
                    if self.key_of(raw).is_some_and(|raw| key.fits(raw, self.payload)) {
                        self.found.change(child, |state| state.last = Some(raw));
                    }
                }
            }
            self.found.change(child, |state| state.seen = true);
        }
    }

    /// The payload ends in this field: what lies before may be whole.
    fn partial(&mut self, parent: usize, number: u32, span: Span) {
        let tree = self.tree;
        for child in tree.children(parent) {
            let Some(node) = tree.node(child).filter(|node| node.hop.number == number) else { continue };
            let fits = match node.hop.pick {
                Pick::Single | Pick::All => true,
                Pick::First => !self.found.state(child).seen,
                Pick::Last | Pick::Key(_) => false,
            };
            if fits {
                self.look_into(child, Raw::Bytes(span), true);
            }
        }
    }

    /// The message is over: the last of a field is known.
    fn settle(&mut self, parent: usize, ended: Ended) {
        let tree = self.tree;
        for child in tree.children(parent) {
            let Some(raw) = self.found.state(child).last else { continue };
            match tree.node(child).map(|node| &node.hop.pick) {
                Some(Pick::Single) => self.keep(child, raw),
                Some(Pick::Last) if ended == Ended::Whole => self.take(child, raw, false),
                Some(Pick::Key(_)) => self.take(child, raw, false),
                _ => {}
            }
        }
    }

    fn take(&mut self, node: usize, raw: Raw, cut: bool) {
        self.keep(node, raw);
        self.look_into(node, raw, cut);
    }

    fn keep(&mut self, node: usize, raw: Raw) {
        match self.tree.node(node) {
            Some(found) if found.wanted && !found.many => {
                self.found.change(node, |state| state.value = Some(raw));
            }
            Some(found) if found.wanted && self.found.many.len() < MANY => self.found.many.push((node, raw)),
            _ => {}
        }
    }

    fn look_into(&mut self, node: usize, raw: Raw, cut: bool) {
        let (Raw::Bytes(span) | Raw::Group(span)) = raw else { return };
        if self.tree.has_children(node) && is_message(self.payload, span, cut, &mut self.work) {
            self.message(node, span, cut);
        }
    }

    /// Field 1 of a map's entry.
    fn key_of(&mut self, entry: Raw) -> Option<Raw> {
        let Raw::Bytes(span) = entry else { return None };
        let mut cursor = Cursor::new(self.payload, span);
        while let Step::Field { number, raw } = cursor.step(&mut self.work) {
            if number == 1 {
                return Some(raw);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
