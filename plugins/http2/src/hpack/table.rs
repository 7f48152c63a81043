//! Takes: entries, the newest first to be asked for. Gives: them by index, as long as they fit (RFC 7541 section 2.3.2 and 4).
//!
//! What was in the table before this parser looked is unknown, and stays so until that is certain to be evicted.

use std::collections::VecDeque;

/// The size before anybody changes it (RFC 9113 section 6.5.2).
const DEFAULT_SIZE: usize = 4096;

/// The largest size that is followed: sixteen times the default; servers and browsers allow up to 64 KiB. Of a larger table
/// the newest entries are known.
const SIZE_LIMIT: usize = 64 << 10;

/// What an entry counts beside its texts (RFC 7541 section 4.1).
const OVERHEAD: usize = 32;

/// A dynamic table.
#[derive(Debug)]
pub(super) struct Table {
    /// Names and values, oldest first; those before `front` are no longer needed.
    texts: Vec<u8>,
    front: usize,
    /// Oldest first.
    entries: VecDeque<Entry>,
    size: usize,
    limit: usize,
    /// There may be entries behind the oldest one.
    more: bool,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    start: usize,
    name: u32,
    value: u32,
    is_known: bool,
}

impl Entry {
    fn length(self) -> usize {
        self.name as usize + self.value as usize
    }

    fn size(self) -> usize {
        self.length() + OVERHEAD
    }
}

impl Table {
    /// `known`: it is empty, and of the default size.
    pub(super) fn new(known: bool) -> Self {
        Self {
            texts: Vec::new(),
            front: 0,
            entries: VecDeque::new(),
            size: 0,
            limit: if known { DEFAULT_SIZE } else { SIZE_LIMIT },
            more: !known,
        }
    }

    /// Entries, or a change of size, were missed.
    pub(super) fn lost(&mut self) {
        let (mut texts, mut entries) = (std::mem::take(&mut self.texts), std::mem::take(&mut self.entries));
        texts.clear();
        entries.clear();
        *self = Self { texts, entries, ..Self::new(false) };
    }

    /// Entries that are not known may lie behind the known ones.
    pub(super) fn may_hold_more(&self) -> bool {
        self.more
    }

    /// The entry of that age, 0 is the newest: its name, if that is known, and its value.
    pub(super) fn entry(&self, age: usize) -> Option<(Option<&[u8]>, &[u8])> {
        let entry = *self.entries.get(self.entries.len().checked_sub(age + 1)?)?;
        let text = self.texts.get(entry.start..entry.start + entry.length())?;
        let (name, value) = text.split_at_checked(entry.name as usize)?;
        Some((entry.is_known.then_some(name), value))
    }

    /// The sender changes the size.
    pub(super) fn resize(&mut self, size: usize) {
        self.limit = size.min(SIZE_LIMIT);
        if size == 0 {
            self.more = false;
        }
        self.evict(0);
        self.more |= size > SIZE_LIMIT;
    }

    pub(super) fn insert(&mut self, name: Option<&[u8]>, value: &[u8]) {
        let is_known = name.is_some();
        let name = name.unwrap_or_default();
        let (Ok(name_length), Ok(value_length)) = (u32::try_from(name.len()), u32::try_from(value.len()))
        else {
            return self.lost();
        };
        let entry = Entry { start: self.texts.len(), name: name_length, value: value_length, is_known };
        self.evict(entry.size());
        if entry.size() > self.limit {
            return;
        }
        self.texts.extend_from_slice(name);
        self.texts.extend_from_slice(value);
        self.size += entry.size();
        let start = self.texts.len() - entry.length();
        self.entries.push_back(Entry { start, ..entry });
    }

    /// Makes room. An entry counts at least as much as is known of it, so what leaves here has left the sender's table too,
    /// and everything older with it; unless the limit is this parser's and not the sender's.
    fn evict(&mut self, room: usize) {
        let is_senders = self.limit < SIZE_LIMIT;
        while self.size + room > self.limit {
            self.more = !is_senders;
            let Some(oldest) = self.entries.pop_front() else { break };
            self.size -= oldest.size();
            self.front = oldest.start + oldest.length();
        }
        if self.entries.is_empty() {
            self.texts.clear();
            self.front = 0;
        } else if self.front > DEFAULT_SIZE && self.front * 2 > self.texts.len() {
            self.texts.drain(..self.front);
            for entry in &mut self.entries {
                entry.start -= self.front;
            }
            self.front = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(table: &Table, age: usize) -> Option<String> {
        let (name, _) = table.entry(age)?;
        name.map(|name| String::from_utf8(name.to_vec()).unwrap())
    }

    #[test]
    fn ages_and_eviction() {
        let mut table = Table::new(true);
        table.resize(3 * (OVERHEAD + 2));
        for entry in [b"a", b"b", b"c", b"d"] {
            table.insert(Some(entry), b"1");
        }
        assert_eq!([0, 1, 2].map(|age| name(&table, age)), ["d", "c", "b"].map(|n| Some(n.to_owned())));
        assert!(table.entry(3).is_none() && !table.may_hold_more());
        table.insert(Some(&[b'x'; 200]), b"");
        assert!(table.entry(0).is_none(), "too large: the table is empty then");
    }

    #[test]
    fn what_came_before_is_unknown_until_it_is_gone() {
        let mut table = Table::new(false);
        assert!(table.may_hold_more());
        table.insert(Some(b"a"), b"1");
        assert_eq!(name(&table, 0).as_deref(), Some("a"));
        table.resize(0);
        assert!(!table.may_hold_more(), "nothing fits into nothing");

        let mut table = Table::new(false);
        table.resize(100);
        assert!(table.may_hold_more(), "the size is known, the entries are not");
        for _ in 0..3 {
            table.insert(Some(b"a"), b"1");
        }
        assert!(!table.may_hold_more(), "three have 105 bytes");
        table.lost();
        assert!(table.may_hold_more() && table.entry(0).is_none());
    }

    #[test]
    fn a_table_that_is_too_large_is_followed_in_part() {
        let mut table = Table::new(true);
        table.resize(1 << 20);
        for n in 0..100_000_u32 {
            table.insert(Some(&n.to_be_bytes()), b"");
        }
        assert!(table.may_hold_more());
        assert!(table.size <= SIZE_LIMIT && table.texts.len() <= 2 * SIZE_LIMIT);
        assert_eq!(table.entry(5).unwrap().0, Some(99_994_u32.to_be_bytes().as_slice()));
    }
}
