//! Takes: header blocks of one direction, in order. Gives: their fields (RFC 7541), and says which ones nobody can know.
//!
//! An index counts from the newest entry, so what was inserted since the last loss stays known, however many entries lie behind.

mod huffman;
mod list;
mod statics;
mod table;

pub(crate) use list::{HeaderList, Line};

use statics::STATIC;
use table::Table;

/// Bytes of text that one block may give or copy, names that are referred to included: sixteen times what a list keeps. A block of
/// a few bytes can refer to large entries over and over.
const WORK_LIMIT: usize = 1 << 20;

/// The largest integer that is believed; nothing that is counted here comes near it.
const INTEGER_LIMIT: u32 = 1 << 24;

/// Why a block was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It is no header block of this connection.
    Bad,
    /// It ends inside of a field. What came before is right.
    Cut,
}

/// One direction's decoder.
#[derive(Debug)]
pub(crate) struct Decoder {
    table: Table,
}

impl Decoder {
    /// `known`: the connection is seen from its start, so the dynamic table is known to be empty.
    pub(crate) fn new(known: bool) -> Self {
        Self { table: Table::new(known) }
    }

    /// A block was lost, whole or in part: which entries it made nobody knows.
    pub(crate) fn lost(&mut self) {
        self.table.lost();
    }

    /// Reads one block into an empty list.
    pub(crate) fn decode(&mut self, block: &[u8], list: &mut HeaderList) -> Result<(), Stop> {
        let mut cursor = Cursor { rest: block, work: 0 };
        while let Some(first) = cursor.rest.first().copied() {
            match first {
                0x80.. => {
                    let index = cursor.integer(7)?;
                    self.indexed(index, &mut cursor, list)?;
                }
                0x40..=0x7f => self.literal(6, true, &mut cursor, list)?,
                0x20..=0x3f => {
                    let size = cursor.integer(5)?;
                    self.table.resize(size as usize);
                }
                ..=0x1f => self.literal(4, false, &mut cursor, list)?,
            }
        }
        Ok(())
    }

    fn indexed(&mut self, index: u32, cursor: &mut Cursor<'_>, list: &mut HeaderList) -> Result<(), Stop> {
        match self.find(index)? {
            Found::Entry(name, value) => {
                cursor.work(name.len() + value.len())?;
                list.push(name, value);
            }
            Found::Unknown => list.unknown(),
        }
        Ok(())
    }

    /// A field whose value, and maybe its name, stands in the block (RFC 7541 section 6.2).
    fn literal(
        &mut self,
        prefix: u32,
        insert: bool,
        cursor: &mut Cursor<'_>,
        list: &mut HeaderList,
    ) -> Result<(), Stop> {
        let start = list.begin();
        let read = self.read_literal(prefix, cursor, list);
        let Ok((colon, is_known)) = read else {
            list.drop_from(start);
            return read.map(|_| ());
        };
        if insert {
            let (name, value) = list.open(start, colon);
            self.table.insert(is_known.then_some(name), value);
        }
        if is_known {
            list.finish(start, colon);
        } else {
            list.drop_from(start);
            list.unknown();
        }
        Ok(())
    }

    /// Appends name and value. Gives where the name ends, and whether it is known.
    fn read_literal(
        &self,
        prefix: u32,
        cursor: &mut Cursor<'_>,
        list: &mut HeaderList,
    ) -> Result<(usize, bool), Stop> {
        let mut is_known = true;
        match cursor.integer(prefix)? {
            0 => cursor.string()?.append(cursor, list)?,
            index => match self.find(index)? {
                Found::Entry(name, _) => {
                    cursor.work(name.len())?;
                    list.append(name);
                }
                Found::Unknown => is_known = false,
            },
        }
        let colon = list.colon();
        cursor.string()?.append(cursor, list)?;
        Ok((colon, is_known))
    }

    fn find(&self, index: u32) -> Result<Found<'_>, Stop> {
        let Some(index) = (index as usize).checked_sub(1) else { return Err(Stop::Bad) };
        if let Some((name, value)) = STATIC.get(index) {
            return Ok(Found::Entry(name, value));
        }
        match self.table.entry(index - STATIC.len()) {
            Some((Some(name), value)) => Ok(Found::Entry(name, value)),
            Some((None, _)) => Ok(Found::Unknown),
            None if self.table.may_hold_more() => Ok(Found::Unknown),
            None => Err(Stop::Bad),
        }
    }
}

/// What an index refers to.
enum Found<'a> {
    Entry(&'a [u8], &'a [u8]),
    /// An entry that was made before this parser looked.
    Unknown,
}

/// What is left of a block.
struct Cursor<'a> {
    rest: &'a [u8],
    work: usize,
}

/// A string as it stands in a block.
struct Encoded<'a> {
    bytes: &'a [u8],
    is_huffman: bool,
}

impl<'a> Cursor<'a> {
    fn work(&mut self, bytes: usize) -> Result<(), Stop> {
        self.work += bytes;
        if self.work > WORK_LIMIT { Err(Stop::Bad) } else { Ok(()) }
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        let (first, rest) = self.rest.split_first().ok_or(Stop::Cut)?;
        self.rest = rest;
        Ok(*first)
    }

    /// An integer in the low `prefix` bits of the next byte and those behind it (RFC 7541 section 5.1).
    #[inline]
    fn integer(&mut self, prefix: u32) -> Result<u32, Stop> {
        let mask = (1_u32 << prefix) - 1;
        let first = u32::from(self.byte()?) & mask;
        if first < mask { Ok(first) } else { self.long_integer(mask) }
    }

    fn long_integer(&mut self, mut value: u32) -> Result<u32, Stop> {
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            value += u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return if value > INTEGER_LIMIT { Err(Stop::Bad) } else { Ok(value) };
            }
        }
        Err(Stop::Bad)
    }

    /// RFC 7541 section 5.2.
    fn string(&mut self) -> Result<Encoded<'a>, Stop> {
        let is_huffman = self.rest.first().is_some_and(|first| first & 0x80 != 0);
        let length = self.integer(7)? as usize;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Stop::Cut)?;
        self.rest = rest;
        Ok(Encoded { bytes, is_huffman })
    }
}

impl Encoded<'_> {
    fn append(&self, cursor: &mut Cursor<'_>, list: &mut HeaderList) -> Result<(), Stop> {
        // A byte becomes at most eight fifths of a byte.
        cursor.work(self.bytes.len() * 8 / 5)?;
        if self.is_huffman {
            return huffman::decode(self.bytes, list.text_mut()).ok_or(Stop::Bad);
        }
        list.append(self.bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
