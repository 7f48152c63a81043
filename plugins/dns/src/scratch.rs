//! Memory for texts that are built, used again for every message.

use std::cell::Cell;

/// Texts of one message.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) name: Vec<u8>,
    pub(crate) result: Vec<u8>,
}

thread_local! {
    static SPARE: Cell<Scratch> = const { Cell::new(Scratch { name: Vec::new(), result: Vec::new() }) };
}

impl Scratch {
    /// Empty texts; give them back.
    pub(crate) fn take() -> Self {
        let mut scratch = SPARE.take();
        scratch.name.clear();
        scratch.result.clear();
        scratch
    }

    pub(crate) fn give_back(self) {
        SPARE.set(self);
    }
}
