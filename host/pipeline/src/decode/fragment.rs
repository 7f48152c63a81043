//! IP fragments -> datagrams (RFC 791, 3.2; RFC 8200, 4.5). Takes the pieces in any order, gives the datagram with the last
//! of them. Does not do: guessing. Pieces that contradict each other end their datagram (RFC 5722; Linux does the same for
//! IPv4), as whoever sends them wants the reader and the receiver to see different bytes.
//!
//! A piece that the snap length cut counts as come; the datagram then ends at the first missing byte, and its lengths tell
//! how much is missing.

use std::collections::BTreeMap;

use super::part::{Context, Ends, Part};
use super::skip::Skip;

/// How many datagrams wait at once; with 128 pieces each, lists of pieces stay under 2 MiB.
const MOST_DATAGRAMS: usize = 1024;

/// How many payload bytes wait at once: Linux's limit (`ipfrag_high_thresh`), 64 of the largest datagrams.
const MOST_BYTES: usize = 4 << 20;

/// Nanoseconds after which a datagram is given up: Linux's limit (`ipfrag_time`, 30 s), between RFC 791's 15 s and
/// RFC 8200's 60 s. In the capture's time.
const LONGEST_WAIT: u64 = 30_000_000_000;

/// The largest datagram in links of 576 bytes makes 119 pieces; whoever makes smaller ones is attacking.
const MOST_PIECES: usize = 128;

/// RFC 791, 3.1.
const LONGEST_DATAGRAM: u32 = 65_535;

/// A piece of a datagram.
pub(super) struct Fragment<'a> {
    pub(super) key: Key,
    /// What the datagram carries, if this is its first piece.
    pub(super) next: u8,
    /// Where it stands in the datagram, in bytes.
    pub(super) offset: u32,
    /// It is not the last piece.
    pub(super) more: bool,
    pub(super) part: Part<'a>,
    pub(super) context: Context,
}

/// What the pieces of a datagram have in common. VLANs and tunnels are not told apart: an address, an identification and
/// a protocol that are all the same in two of them within 30 s are one datagram seen twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) ends: Ends,
    pub(super) id: u32,
    pub(super) protocol: u8,
}

/// Datagrams that wait for pieces.
#[derive(Default)]
pub(super) struct Fragments {
    waiting: BTreeMap<Key, Datagram>,
    /// The same datagrams by the order in which they came.
    order: BTreeMap<u64, Key>,
    /// Memory held by their payload.
    bytes: usize,
    next_number: u64,
    stats: FragmentStats,
}

/// What became of fragmented datagrams. Pieces are counted by [`Skip`], as frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FragmentStats {
    /// Given up because 1,024 datagrams or 4 MiB were waiting.
    pub evicted: u64,
    /// Given up after 30 s.
    pub expired: u64,
    /// Made whole.
    pub reassembled: u64,
    /// Still waiting for a piece.
    pub waiting: u64,
}

/// A datagram that is whole again. Its bytes are in the buffer that was lent.
pub(super) struct Whole {
    pub(super) ends: Ends,
    pub(super) protocol: u8,
    /// Of all pieces on the wire.
    pub(super) length: usize,
    pub(super) context: Context,
}

struct Datagram {
    number: u64,
    first_time: u64,
    /// By offset, none of them overlapping.
    pieces: Vec<Piece>,
    /// What was captured, in the order in which it came.
    bytes: Vec<u8>,
    /// Sum of the pieces' lengths on the wire.
    come: u32,
    /// Known once the last piece has come.
    length: Option<u32>,
    /// Known once the first piece has come.
    protocol: Option<u8>,
}

#[derive(Clone, Copy)]
struct Piece {
    start: u32,
    end: u32,
    /// Where in `bytes`, and how many are there.
    at: u32,
    captured: u32,
}

impl Fragments {
    /// Takes a piece. When it is the last one that was missing, `whole` becomes the datagram's bytes.
    ///
    /// # Errors
    /// `FragmentHeld` as long as pieces are missing, the others when the piece can not be used.
    pub(super) fn insert(&mut self, fragment: &Fragment<'_>, whole: &mut Vec<u8>) -> Result<Whole, Skip> {
        let end = fragment.end()?;
        self.expire(fragment.context.time);
        let number = self.next_number;
        let datagram = self.waiting.entry(fragment.key).or_insert_with(|| {
            self.next_number += 1;
            self.order.insert(number, fragment.key);
            Datagram::new(number, fragment.context.time)
        });
        let before = datagram.bytes.capacity();
        let result = datagram.insert(fragment, end);
        self.bytes += datagram.bytes.capacity() - before;
        match result {
            Ok(None) => {
                self.make_room();
                Err(Skip::FragmentHeld)
            }
            Ok(Some((protocol, length))) => {
                datagram.write_to(whole);
                self.remove(fragment.key);
                self.stats.reassembled += 1;
                let length = length as usize;
                Ok(Whole { ends: fragment.key.ends, protocol, length, context: fragment.context })
            }
            Err(Skip::FragmentDuplicate) => Err(Skip::FragmentDuplicate),
            Err(skip) => {
                self.remove(fragment.key);
                Err(skip)
            }
        }
    }

    pub(super) fn stats(&self) -> FragmentStats {
        FragmentStats { waiting: self.waiting.len() as u64, ..self.stats }
    }

    fn expire(&mut self, now: u64) {
        while let Some((_, key)) = self.order.first_key_value() {
            let key = *key;
            let waiting_since = self.waiting.get(&key).map_or(0, |datagram| datagram.first_time);
            if now.saturating_sub(waiting_since) <= LONGEST_WAIT {
                break;
            }
            self.remove(key);
            self.stats.expired += 1;
        }
    }

    /// Gives up the oldest datagrams until the limits hold.
    fn make_room(&mut self) {
        while self.waiting.len() > MOST_DATAGRAMS || self.bytes > MOST_BYTES {
            let Some((_, key)) = self.order.first_key_value() else { break };
            self.remove(*key);
            self.stats.evicted += 1;
        }
    }

    fn remove(&mut self, key: Key) {
        if let Some(datagram) = self.waiting.remove(&key) {
            self.order.remove(&datagram.number);
            self.bytes -= datagram.bytes.capacity();
        }
    }
}

impl Fragment<'_> {
    /// Where it ends in the datagram.
    fn end(&self) -> Result<u32, Skip> {
        let end = self.offset as usize + self.part.wire;
        let whole_words = self.part.wire.is_multiple_of(8) || !self.more;
        if self.part.wire == 0 || end > LONGEST_DATAGRAM as usize || !whole_words {
            return Err(Skip::MalformedIp);
        }
        Ok(end as u32)
    }
}

impl Datagram {
    fn new(number: u64, first_time: u64) -> Self {
        let (pieces, bytes) = Default::default();
        Self { number, first_time, pieces, bytes, come: 0, length: None, protocol: None }
    }

    /// Gives protocol and length when nothing is missing.
    fn insert(&mut self, fragment: &Fragment<'_>, end: u32) -> Result<Option<(u8, u32)>, Skip> {
        let start = fragment.offset;
        let place = self.pieces.partition_point(|piece| piece.start < start);
        let next = self.pieces.get(place);
        if next.is_some_and(|next| next.start == start && next.end == end) {
            return Err(Skip::FragmentDuplicate);
        }
        let before = place.checked_sub(1).and_then(|place| self.pieces.get(place));
        if next.is_some_and(|next| next.start < end) || before.is_some_and(|before| before.end > start) {
            return Err(Skip::FragmentOverlap);
        }
        let last = self.pieces.last().map_or(0, |last| last.end);
        if fragment.more {
            if self.length.is_some_and(|length| end > length) {
                return Err(Skip::FragmentOverlap);
            }
        } else if self.length.is_some() || end < last {
            return Err(Skip::FragmentOverlap);
        } else {
            self.length = Some(end);
        }
        if self.pieces.len() >= MOST_PIECES {
            return Err(Skip::FragmentTooMany);
        }
        let at = self.bytes.len() as u32;
        self.bytes.extend_from_slice(fragment.part.bytes);
        self.pieces.insert(place, Piece { start, end, at, captured: fragment.part.bytes.len() as u32 });
        self.come += end - start;
        if start == 0 {
            self.protocol = Some(fragment.next);
        }
        Ok(self.protocol.zip(self.length).filter(|(_, length)| *length == self.come))
    }

    /// Everything up to the first byte that was not captured.
    fn write_to(&self, whole: &mut Vec<u8>) {
        whole.clear();
        for piece in &self.pieces {
            let (start, end) = (piece.at as usize, (piece.at + piece.captured) as usize);
            whole.extend_from_slice(self.bytes.get(start..end).unwrap_or_default());
            if piece.captured < piece.end - piece.start {
                break;
            }
        }
    }
}
