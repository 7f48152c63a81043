//! Takes: the paths of all rules for one kind of payload. Gives: one tree of them, so that a payload is gone over once for all.

use crate::wire::Raw;

/// Which occurrences of a field count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    /// Of a field that stands there once: the last one counts, messages are merged ("Last One Wins").
    Single,
    First,
    /// Nothing when the payload was cut: who knows what came later.
    Last,
    All,
    /// Of a map, the entry with this key.
    Key(Key),
}

/// Key of a map entry, in the forms that it may have on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    text: Box<str>,
    number: Option<u64>,
}

impl Key {
    pub(crate) fn new(text: &str) -> Self {
        let number = match text {
            "true" => Some(1),
            "false" => Some(0),
            _ => text.parse().ok().or_else(|| text.parse::<i64>().ok().map(|n| n as u64)),
        };
        Self { text: text.into(), number }
    }

    pub(crate) fn fits(&self, raw: Raw, payload: &[u8]) -> bool {
        match raw {
            Raw::Bytes(span) => span.of(payload) == self.text.as_bytes(),
            Raw::Varint(n) | Raw::Fixed64(n) => self.number == Some(n),
            Raw::Fixed32(n) => self.number.is_some_and(|number| number as u32 == n),
            Raw::Group(_) => false,
        }
    }
}

/// One step of a path: a field of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) number: u32,
    pub(crate) pick: Pick,
}

/// A field that is looked for; the first one is the message itself.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) hop: Hop,
    /// Its value is wanted.
    pub(crate) wanted: bool,
    /// There may be more than one value: somewhere on the way all of a field count.
    pub(crate) many: bool,
    children: Vec<usize>,
}

/// A tree of paths.
#[derive(Debug)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    pub(crate) fn new() -> Self {
        let hop = Hop { number: 0, pick: Pick::Single };
        Self { nodes: vec![Node { hop, wanted: false, many: false, children: Vec::new() }] }
    }

    /// Where the value of the path will be found.
    pub(crate) fn add(&mut self, path: &[Hop]) -> usize {
        let mut at = 0;
        for hop in path {
            let found = self.children(at).find(|child| self.node(*child).is_some_and(|n| n.hop == *hop));
            at = found.unwrap_or_else(|| self.grow(at, hop));
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.wanted = true;
        }
        at
    }

    fn grow(&mut self, parent: usize, hop: &Hop) -> usize {
        let new = self.nodes.len();
        let many = hop.pick == Pick::All || self.node(parent).is_some_and(|node| node.many);
        self.nodes.push(Node { hop: hop.clone(), wanted: false, many, children: Vec::new() });
        if let Some(node) = self.nodes.get_mut(parent) {
            node.children.push(new);
        }
        new
    }

    pub(crate) fn node(&self, index: usize) -> Option<&Node> {
        self.nodes.get(index)
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn children(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        self.nodes.get(index).map(|node| node.children.iter().copied()).into_iter().flatten()
    }

    pub(crate) fn has_children(&self, index: usize) -> bool {
        self.nodes.get(index).is_some_and(|node| !node.children.is_empty())
    }
}
