//! DNS over TCP: two bytes of length before each message.
//!
//! Takes: the bytes of a direction. Gives: one whole message at a time. Source: RFC 1035 section 4.2.2, RFC 7766.

use weir_plugin_sdk::prelude::*;

use crate::check;
use crate::header::LENGTH;

/// One direction.
#[derive(Debug)]
pub(crate) struct Lane {
    /// The next byte is known to begin a length.
    synced: bool,
    /// What comes before this position belongs to a message that was told already.
    skip_to: u64,
}

/// What stands at the front of the input.
#[derive(Debug)]
pub(crate) enum Framed<'a> {
    Message(&'a [u8]),
    /// No message yet.
    Step(Step),
}

impl Lane {
    pub(crate) fn new(from_start: bool) -> Self {
        Self { synced: from_start, skip_to: 0 }
    }

    pub(crate) fn is_synced(&self) -> bool {
        self.synced
    }

    /// The thread is lost: the next message has to be searched.
    pub(crate) fn lose(&mut self) {
        self.synced = false;
    }

    pub(crate) fn next<'a>(&mut self, bytes: &'a [u8], position: u64) -> Framed<'a> {
        if position < self.skip_to {
            return Framed::Step(Step::Consumed(self.skip_to - position));
        }
        let Some(length) = bytes.first_chunk().map(|pair| usize::from(u16::from_be_bytes(*pair))) else {
            return Framed::Step(Step::NeedAtLeast(2));
        };
        if length < LENGTH || (!self.synced && !check::begins(bytes)) {
            self.lose();
            return Framed::Step(Step::Violation);
        }
        self.synced = true;
        match bytes.get(2..2 + length) {
            Some(message) => Framed::Message(message),
            None => Framed::Step(Step::NeedAtLeast(2 + length as u32)),
        }
    }

    /// What a gap left of a message, and where that would have ended. Finds out whether the next one's place is known.
    pub(crate) fn cut<'a>(&mut self, gap: &Gap<'a>, position: u64) -> Option<(&'a [u8], u64)> {
        let was_synced = std::mem::replace(&mut self.synced, false);
        let after = gap.position.saturating_add(gap.bytes);
        if was_synced && after <= self.skip_to {
            self.synced = true; // in the rest of a message that was told when it was cut before
            return None;
        }
        let (length, message) = gap.unread.split_first_chunk::<2>()?;
        let length = u64::from(u16::from_be_bytes(*length));
        if !was_synced || length < LENGTH as u64 {
            return None;
        }
        let end = position.saturating_add(2 + length);
        self.skip_to = end;
        self.synced = after <= end;
        Some((message, end))
    }
}
