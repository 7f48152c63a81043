//! One packet of the server, as much of it as is there.

use super::Taken;
use crate::packet::{HEADER, Header, Place};
use crate::result::{EOF, EOF_LENGTH};

/// A packet of which at least the first byte of the payload is there.
#[derive(Clone, Copy)]
pub(super) struct Packet<'a> {
    pub(super) head: Header,
    /// As much of the payload as is there.
    pub(super) payload: &'a [u8],
    /// What stands behind the packet.
    pub(super) behind: &'a [u8],
    /// Of the header, in the input.
    pub(super) at: usize,
    pub(super) place: Place,
}

impl<'a> Packet<'a> {
    pub(super) fn first(&self) -> u8 {
        self.payload.first().copied().unwrap_or_default()
    }

    /// The payload, or as much of it as is of use.
    pub(super) fn up_to(&self, most: usize) -> Result<&'a [u8], Taken> {
        let wanted = self.head.length.min(most);
        self.payload.get(..wanted).ok_or(Taken::Needs(wanted))
    }

    /// Of the same answer.
    pub(super) fn is_followed_by_eof(&self) -> bool {
        Header::read(self.behind).is_some_and(|next| {
            next.length == EOF_LENGTH
                && next.sequence == self.head.sequence.wrapping_add(1)
                && self.behind.get(HEADER) == Some(&EOF)
        })
    }

    pub(super) fn start(&self) -> u64 {
        self.place.start(self.at)
    }

    pub(super) fn end(&self) -> u64 {
        self.place.end(self.at + self.head.whole())
    }
}
