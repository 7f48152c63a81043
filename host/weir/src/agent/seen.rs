//! What a run has captured so far. Takes counts from the one who captures, gives them to who looks on.

use std::sync::{Mutex, PoisonError};

use weir_capture::InterfaceCounts;

/// Counts of a run that goes on, half a second old at most.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    interfaces: Mutex<Vec<InterfaceCounts>>,
}

impl Seen {
    /// By interface, those that are gone too.
    pub(crate) fn interfaces(&self) -> Vec<InterfaceCounts> {
        self.interfaces.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_interfaces(&self, counts: Vec<InterfaceCounts>) {
        *self.interfaces.lock().unwrap_or_else(PoisonError::into_inner) = counts;
    }
}
