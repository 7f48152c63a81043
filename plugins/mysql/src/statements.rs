//! Prepared statements of a connection: statement id -> SQL.

use std::collections::VecDeque;

use crate::budget::Grant;

/// Bytes of one SQL text that are kept: what the host keeps of a `request_resource`, so more would be cut anyway.
const TEXT: usize = 4096;

/// Statements kept of one connection. Connection pools cache 250 to 1000 of them (Connector/J: 250 by default); the oldest
/// goes first.
const STATEMENTS: usize = 1024;

/// Bytes that a kept statement takes besides its text.
const ENTRY: usize = 64;

/// The SQL of a statement.
#[derive(Debug)]
pub(crate) struct Sql {
    text: Box<[u8]>,
    _grant: Grant,
}

impl Sql {
    /// None when the instance holds enough: the statement is known by its id alone.
    pub(crate) fn keep(text: &[u8]) -> Option<Self> {
        let text = &text[..text.len().min(TEXT)];
        Grant::of(text.len() + ENTRY).map(|grant| Self { text: text.into(), _grant: grant })
    }

    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }
}

/// Sorted by id. Servers count ids upwards, so a new one nearly always goes to the end.
#[derive(Debug, Default)]
pub(crate) struct Statements {
    open: VecDeque<(u32, Sql)>,
    /// The one closed last: MySQL Connector/Python closes a statement once more when the next one can not be prepared.
    closed: Option<(u32, Sql)>,
}

impl Statements {
    pub(crate) fn insert(&mut self, id: u32, sql: Sql) {
        match self.place(id) {
            Ok(at) => self.open[at].1 = sql,
            Err(at) => {
                self.open.insert(at, (id, sql));
                if self.open.len() > STATEMENTS {
                    self.open.pop_front();
                }
            }
        }
    }

    pub(crate) fn sql(&self, id: u32) -> Option<&[u8]> {
        let open = self.place(id).ok().and_then(|at| self.open.get(at));
        open.or(self.closed.as_ref().filter(|(closed, _)| *closed == id)).map(|(_, sql)| sql.text())
    }

    pub(crate) fn close(&mut self, id: u32) {
        if let Ok(at) = self.place(id) {
            self.closed = self.open.remove(at);
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    fn place(&self, id: u32) -> Result<usize, usize> {
        if self.open.back().is_none_or(|(last, _)| *last < id) {
            return Err(self.open.len());
        }
        self.open.binary_search_by_key(&id, |(id, _)| *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(text: &str) -> Sql {
        Sql::keep(text.as_bytes()).unwrap()
    }

    #[test]
    fn ids_in_any_order() {
        let mut statements = Statements::default();
        for id in [5, 1, 9, 5, 3] {
            statements.insert(id, sql(&format!("SQL {id}")));
        }
        for id in [1, 3, 5, 9] {
            assert_eq!(statements.sql(id), Some(format!("SQL {id}").as_bytes()));
        }
        assert_eq!((statements.sql(4), statements.sql(10)), (None, None));
        statements.close(5);
        statements.close(4);
        assert_eq!(statements.sql(5), Some(b"SQL 5".as_slice()), "the one closed last is still known");
        statements.close(1);
        assert_eq!((statements.sql(5), statements.sql(9)), (None, Some(b"SQL 9".as_slice())));
        assert_eq!(statements.open.len(), 2);
    }

    #[test]
    fn the_oldest_goes_first() {
        let mut statements = Statements::default();
        for id in 0..STATEMENTS as u32 + 10 {
            statements.insert(id, sql("x"));
        }
        assert_eq!(statements.open.len(), STATEMENTS);
        assert_eq!((statements.sql(9), statements.sql(10)), (None, Some(b"x".as_slice())));
    }
}
