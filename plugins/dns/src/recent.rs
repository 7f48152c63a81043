//! The last queries of a connection: whose fields need not be told again, and what a response without question answers.

/// A stub resolver has one or two queries open on a socket; others pay a few more bytes in the answer.
const KEPT: usize = 4;

/// Correlations of queries; the low 16 bits are the id.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    queries: [Option<u64>; KEPT],
    next: u8,
}

impl Recent {
    pub(crate) fn add(&mut self, correlation: u64) {
        if let Some(slot) = self.queries.get_mut(usize::from(self.next) % KEPT) {
            *slot = Some(correlation);
        }
        self.next = self.next.wrapping_add(1);
    }

    /// Whether it was among them; it is answered now.
    pub(crate) fn take(&mut self, correlation: u64) -> bool {
        let found = self.queries.iter_mut().find(|query| **query == Some(correlation));
        found.and_then(Option::take).is_some()
    }

    /// The query of that id.
    pub(crate) fn of_id(&self, id: u16) -> Option<u64> {
        self.queries.iter().flatten().copied().find(|correlation| *correlation as u16 == id)
    }
}
