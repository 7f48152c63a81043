//! Sizes, alignments and offsets of the records of `wit/v0.1` in linear memory. Tests compute them from the WIT.
#![allow(missing_docs)] // the names are the WIT's

/// `stream-event`: the case at 0, what it holds behind it.
pub(crate) mod event {
    pub(crate) const SIZE: usize = 40;
    pub(crate) const ALIGN: u32 = 8;
    /// The connection, or the index of the flow.
    pub(crate) const PAYLOAD: usize = 8;
    // `data` and `gap` are laid out alike.
    pub(crate) const DIRECTION: usize = PAYLOAD + 4;
    pub(crate) const OFFSET: usize = PAYLOAD + 8;
    pub(crate) const LENGTH: usize = PAYLOAD + 12;
    pub(crate) const POSITION: usize = PAYLOAD + 16;
    /// `data.time`, `gap.bytes`.
    pub(crate) const LAST: usize = PAYLOAD + 24;
}

/// `flow`.
pub(crate) mod flow {
    pub(crate) const SIZE: usize = 64;
    pub(crate) const ALIGN: u32 = 8;
    pub(crate) const CONNECTION: usize = 0;
    pub(crate) const TRANSPORT: usize = 4;
    pub(crate) const CLIENT: usize = 8;
    pub(crate) const SERVER: usize = 32;
    pub(crate) const FROM_START: usize = 56;
    pub(crate) const HEADS: usize = 57;
    pub(crate) const BODY_LIMIT: usize = 60;
}

/// `endpoint`, from its own beginning on.
pub(crate) mod endpoint {
    pub(crate) const SIZE: usize = 24;
    pub(crate) const HIGH: usize = 0;
    pub(crate) const LOW: usize = 8;
    pub(crate) const PORT: usize = 16;
}

/// `message`.
pub(crate) mod message {
    pub(crate) const SIZE: usize = 48;
    pub(crate) const CONNECTION: usize = 0;
    pub(crate) const DIRECTION: usize = 4;
    pub(crate) const KIND: usize = 5;
    pub(crate) const PART: usize = 6;
    pub(crate) const STATUS: usize = 7;
    pub(crate) const PROTOCOL: usize = 8;
    pub(crate) const FIELDS: usize = 10;
    pub(crate) const ATTRIBUTES: usize = 12;
    pub(crate) const PIECES: usize = 14;
    pub(crate) const CORRELATION: usize = 16;
    pub(crate) const START: usize = 32;
    pub(crate) const END: usize = 40;
    /// In `option<u64>`, behind its case.
    pub(crate) const CORRELATION_VALUE: usize = CORRELATION + 8;
}

/// `field`.
pub(crate) mod field {
    pub(crate) const SIZE: usize = 24;
    pub(crate) const NAME: usize = 0;
    pub(crate) const VALUE: usize = 8;
}

/// `attribute`.
pub(crate) mod attribute {
    pub(crate) const SIZE: usize = 24;
    pub(crate) const KEY: usize = 0;
    pub(crate) const VALUE: usize = 8;
}

/// `piece`.
pub(crate) mod piece {
    pub(crate) const SIZE: usize = 24;
    pub(crate) const KIND: usize = 0;
    pub(crate) const ENCODING: usize = 1;
    pub(crate) const LAST: usize = 2;
    pub(crate) const BYTES: usize = 8;
}

/// `value`, from its own beginning on: the case at 0, what it holds at 8.
pub(crate) mod value {
    pub(crate) const PAYLOAD: usize = 8;
}

/// `progress`.
pub(crate) mod progress {
    pub(crate) const SIZE: usize = 24;
    pub(crate) const EVENT: usize = 0;
    pub(crate) const STATE: usize = 4;
    pub(crate) const NEED: usize = 8;
    pub(crate) const RESUME_AT: usize = 16;
}

/// `manifest`.
pub(crate) mod manifest {
    pub(crate) const SIZE: usize = 32;
    pub(crate) const NAME: usize = 0;
    pub(crate) const VERSION: usize = 8;
    pub(crate) const PROTOCOLS: usize = 16;
    pub(crate) const SIGNATURES: usize = 24;
}

/// `signature`.
pub(crate) mod signature {
    pub(crate) const SIZE: usize = 24;
    pub(crate) const TRANSPORT: usize = 0;
    pub(crate) const OFFSET: usize = 4;
    pub(crate) const ANY_OF: usize = 8;
    pub(crate) const PORTS: usize = 16;
}

/// `outcome`: five lists, each an address and a length.
pub(crate) mod outcome {
    pub(crate) const SIZE: usize = 40;
    pub(crate) const MESSAGES: usize = 0;
    pub(crate) const FIELDS: usize = 8;
    pub(crate) const ATTRIBUTES: usize = 16;
    pub(crate) const PROGRESS: usize = 24;
    pub(crate) const PIECES: usize = 32;
}

/// `subject`.
pub(crate) mod subject {
    pub(crate) const SIZE: usize = 112;
    pub(crate) const ALIGN: u32 = 8;
    pub(crate) const PROTOCOL: usize = 0;
    pub(crate) const CLIENT: usize = 8;
    pub(crate) const SERVER: usize = 32;
    pub(crate) const FLOW_ID: usize = 56;
    pub(crate) const TIME: usize = 64;
    pub(crate) const DURATION: usize = 72;
    pub(crate) const HEAD: usize = 80;
    pub(crate) const BODY: usize = 88;
    pub(crate) const FIELDS: usize = 96;
    pub(crate) const ATTRIBUTES: usize = 98;
    pub(crate) const TRANSPORT: usize = 100;
    pub(crate) const DIRECTION: usize = 101;
    pub(crate) const STATUS: usize = 102;
    pub(crate) const SESSION_TYPE: usize = 103;
    pub(crate) const CUT: usize = 104;
}

/// `known-attribute`: a slice, and a value like that of `attribute`.
pub(crate) mod known_attribute {
    pub(crate) const SIZE: usize = 24;
    pub(crate) const ALIGN: u32 = 8;
    pub(crate) const KEY: usize = 0;
    pub(crate) const VALUE: usize = 8;
}

/// `patch`.
pub(crate) mod patch {
    pub(crate) const SIZE: usize = 12;
    pub(crate) const ALIGN: u32 = 4;
    pub(crate) const SUBJECT: usize = 0;
    pub(crate) const ACTION: usize = 4;
    pub(crate) const STATUS: usize = 5;
    pub(crate) const FIELDS: usize = 6;
    pub(crate) const ATTRIBUTES: usize = 8;
}

/// `patches`: three lists.
pub(crate) mod patches {
    pub(crate) const SIZE: usize = 24;
    pub(crate) const PATCHES: usize = 0;
    pub(crate) const FIELDS: usize = 8;
    pub(crate) const ATTRIBUTES: usize = 16;
}

/// `interest`.
pub(crate) mod interest {
    pub(crate) const SIZE: usize = 20;
    pub(crate) const PROTOCOLS: usize = 0;
    pub(crate) const REQUESTS: usize = 8;
    pub(crate) const RESPONSES: usize = 9;
    pub(crate) const HEAD: usize = 10;
    pub(crate) const BODY_LIMIT: usize = 12;
    pub(crate) const REQUIRED: usize = 16;
}

/// `about`.
pub(crate) mod about {
    pub(crate) const SIZE: usize = 16;
    pub(crate) const NAME: usize = 0;
    pub(crate) const VERSION: usize = 8;
}

/// Reads a `u16` out of a record. Offsets are constants inside of the record, so the checks vanish.
#[inline(always)]
pub(crate) fn u16_at<const N: usize>(record: &[u8; N], at: usize) -> u16 {
    u16::from_le_bytes([record[at], record[at + 1]])
}

/// Reads a `u32`.
#[inline(always)]
pub(crate) fn u32_at<const N: usize>(record: &[u8; N], at: usize) -> u32 {
    u32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]])
}

/// Reads a `u64`.
#[inline(always)]
pub(crate) fn u64_at<const N: usize>(record: &[u8; N], at: usize) -> u64 {
    u64::from(u32_at(record, at)) | u64::from(u32_at(record, at + 4)) << 32
}

#[cfg(test)]
mod tests;
