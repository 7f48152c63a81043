//! Records: where one begins and ends, and what its data says.
//!
//! Source: RFC 1035 section 4.1.3.

use crate::header::{Trouble, u16_at, u32_at};
use crate::name;

pub(crate) mod encode;
pub(crate) mod service;
pub(crate) mod signed;
pub(crate) mod text;

/// Data that tells of the message itself: RFC 6891.
pub(crate) const OPT: u16 = 41;
pub(crate) const SOA: u16 = 6;
pub(crate) const CNAME: u16 = 5;
pub(crate) const DNAME: u16 = 39;
pub(crate) const IXFR: u16 = 251;
pub(crate) const AXFR: u16 = 252;
pub(crate) const ANY: u16 = 255;

/// One record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) kind: u16,
    /// Seconds; OPT keeps other things there.
    pub(crate) ttl: u32,
    /// Where its data begins and ends.
    pub(crate) data: (usize, usize),
}

impl Record {
    /// The record at `at`; it ends where its data ends.
    pub(crate) fn read(message: &[u8], at: usize) -> Result<Self, Trouble> {
        let at = name::skip(message, at)?;
        let kind = u16_at(message, at)?;
        let ttl = u32_at(message, at + 4)?;
        let length = usize::from(u16_at(message, at + 8)?);
        let data = (at + 10, at + 10 + length);
        if data.1 > message.len() { Err(Trouble::Cut) } else { Ok(Self { kind, ttl, data }) }
    }
}
