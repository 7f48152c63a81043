//! The parsers of a worker, and how they change while connections go on.
//!
//! Takes: parsers in the order in which they are asked. Gives: them by slot; a connection names its parser by slot as long as it
//! lives. A parser that is replaced follows its connections to their end and goes then; new connections are the new one's.

use crate::inference::signatures::{PARSERS, Signatures};
use crate::parse::driver::Driver;
use crate::parse::parser::ProtocolParser;

/// What happens to one place in the order.
pub enum Change {
    /// The parser of that name goes on as it is.
    Keep(String),
    /// A new one; it takes the place of the one that has its name.
    New(Box<dyn ProtocolParser>),
}

impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Keep(name) => f.debug_tuple("Keep").field(name).finish(),
            Self::New(parser) => f.debug_tuple("New").field(&parser.manifest().name).finish(),
        }
    }
}

/// Why parsers could not be changed. Everything is as before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeError {
    /// No parser of that name is there to be kept.
    Unknown(String),
    /// All slots are taken, by parsers that are asked or that still follow connections.
    Full,
}

impl std::fmt::Display for ChangeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "there is no parser `{name}` to keep"),
            Self::Full => {
                write!(f, "there are {PARSERS} parsers, those included that end with their connections")
            }
        }
    }
}

impl std::error::Error for ChangeError {}

/// Parsers by slot.
#[derive(Default)]
pub(super) struct Parsers {
    slots: Vec<Option<Driver>>,
    /// Slots of those that are asked about new connections.
    order: Vec<usize>,
    signatures: Signatures,
}

impl Parsers {
    pub(super) fn new(drivers: Vec<Driver>) -> Self {
        let order = (0..drivers.len()).collect();
        let mut parsers = Self { slots: drivers.into_iter().map(Some).collect(), order, ..Self::default() };
        parsers.compile();
        parsers
    }

    pub(super) fn get_mut(&mut self, slot: usize) -> Option<&mut Driver> {
        self.slots.get_mut(slot)?.as_mut()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Driver> {
        self.slots.iter_mut().flatten()
    }

    /// By place in [`Parsers::slot`].
    pub(super) fn signatures(&self) -> &Signatures {
        &self.signatures
    }

    /// The slot of the parser that is asked at that place.
    pub(super) fn slot(&self, place: usize) -> Option<usize> {
        self.order.get(place).copied()
    }

    /// The place of a slot; none when it is no longer asked.
    pub(super) fn place(&self, slot: usize) -> Option<usize> {
        self.order.iter().position(|other| *other == slot)
    }

    /// Changes who is asked. Gives, for each slot that is no longer asked, the one that has its name now.
    pub(super) fn change(
        &mut self,
        changes: Vec<Change>,
        mut drive: impl FnMut(Box<dyn ProtocolParser>) -> Driver,
    ) -> Result<Vec<(usize, Option<usize>)>, ChangeError> {
        self.retire();
        let new = changes.iter().filter(|change| matches!(change, Change::New(_))).count();
        if self.slots.iter().flatten().count() + new > PARSERS {
            return Err(ChangeError::Full);
        }
        let unknown = changes.iter().find_map(|change| match change {
            Change::Keep(name) if self.find(name).is_none() => Some(name.clone()),
            _ => None,
        });
        if let Some(name) = unknown {
            return Err(ChangeError::Unknown(name));
        }
        let mut order = Vec::with_capacity(changes.len());
        for change in changes {
            order.extend(match change {
                Change::Keep(name) => self.find(&name),
                Change::New(parser) => Some(self.insert(drive(parser))),
            });
        }
        let before = std::mem::replace(&mut self.order, order);
        self.compile();
        let gone = before.into_iter().filter(|slot| !self.order.contains(slot));
        let successor = |slot: usize| {
            let name = self.slots.get(slot)?.as_ref()?.manifest().name.as_str();
            self.find(name)
        };
        let moved = gone.map(|slot| (slot, successor(slot))).collect();
        self.retire();
        Ok(moved)
    }

    /// Lets go of parsers that nobody asks and that follow nothing.
    pub(super) fn retire(&mut self) {
        if self.slots.len() == self.order.len() {
            return;
        }
        for (slot, parser) in self.slots.iter_mut().enumerate() {
            if !self.order.contains(&slot) && parser.as_ref().is_some_and(Driver::is_idle) {
                *parser = None;
            }
        }
    }

    fn find(&self, name: &str) -> Option<usize> {
        let is = |slot: &usize| {
            self.slots
                .get(*slot)
                .and_then(Option::as_ref)
                .is_some_and(|driver| driver.manifest().name == name)
        };
        self.order.iter().copied().find(|slot| is(slot))
    }

    fn insert(&mut self, driver: Driver) -> usize {
        match self.slots.iter().position(Option::is_none) {
            Some(slot) => {
                self.slots[slot] = Some(driver);
                slot
            }
            None => {
                self.slots.push(Some(driver));
                self.slots.len() - 1
            }
        }
    }

    fn compile(&mut self) {
        let drivers = self.order.iter().filter_map(|slot| self.slots.get(*slot)?.as_ref());
        self.signatures = Signatures::new(drivers.map(|driver| driver.manifest().signatures.as_slice()));
    }
}
