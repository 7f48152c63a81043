//! Counts its way through a reply of any depth without storing it.
//!
//! Takes: the bytes of a reply, in any pieces. Gives: where it ends. Elements of sized aggregates are one number to
//! count down however deep they nest; only streamed aggregates, whose end is a mark, need a level each.

use weir_plugin_sdk::prelude::Step;

use crate::wire::{self, Length, MAX_BULK, MAX_COUNT, Trouble};

/// No server is known to nest streamed types at all (RESP3 leaves it open); this bounds the memory of a connection.
const MAX_LEVELS: usize = 4;

/// What is still to come of a reply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nesting {
    /// Elements that are still to come on the innermost level.
    left: u64,
    /// What was left on the levels outside of the streamed ones.
    outside: [u64; MAX_LEVELS],
    levels: u8,
    /// The innermost level is a string in chunks, not an aggregate.
    chunks: bool,
}

/// How far a walk came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walked {
    /// Bytes that are dealt with; may lie ahead of the input.
    pub(crate) bytes: u64,
    /// Why it stopped; none: the end was reached.
    pub(crate) stopped: Option<Trouble>,
}

impl Walked {
    /// What to answer when the walk stopped.
    pub(crate) fn step(&self, trouble: Trouble) -> Step {
        match trouble {
            Trouble::Short(_) if self.bytes > 0 => Step::Consumed(self.bytes),
            trouble => trouble.step(),
        }
    }
}

impl Nesting {
    /// So many elements are to come.
    pub(crate) fn of(elements: u64) -> Self {
        Self { left: elements, outside: [0; MAX_LEVELS], levels: 0, chunks: false }
    }

    fn is_done(&self) -> bool {
        self.left == 0 && self.levels == 0
    }

    /// Goes as far as the bytes do.
    pub(crate) fn walk(&mut self, bytes: &[u8]) -> Walked {
        let mut at: u64 = 0;
        while !self.is_done() {
            let rest = usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
            if rest.is_empty() {
                return Walked { bytes: at, stopped: Some(Trouble::Short(1)) };
            }
            match self.element(rest) {
                Ok(taken) => at += taken,
                Err(trouble) => return Walked { bytes: at, stopped: Some(trouble) },
            }
        }
        Walked { bytes: at, stopped: None }
    }

    /// One element, or the head of an aggregate; gives how many bytes it takes.
    fn element(&mut self, bytes: &[u8]) -> Result<u64, Trouble> {
        let (Some(kind), Some(rest)) = (bytes.first().copied(), bytes.get(1..)) else {
            return Err(Trouble::Short(1));
        };
        if self.chunks {
            return self.chunk(kind, rest);
        }
        match kind {
            b'$' | b'!' | b'=' => self.string(bytes, rest),
            b'*' | b'~' | b'>' => self.aggregate(rest, 1),
            b'%' => self.aggregate(rest, 2),
            b'|' => self.attribute(rest),
            b'.' => self.mark(rest),
            b':' | b'+' | b'-' | b',' | b'#' | b'_' | b'(' => {
                let line = wire::line(rest).map_err(|t| t.behind(1))?;
                self.count(0)?;
                Ok(line.len() as u64 + 3)
            }
            _ => Err(Trouble::Wrong),
        }
    }

    fn string(&mut self, bytes: &[u8], rest: &[u8]) -> Result<u64, Trouble> {
        let (length, taken) = wire::length(rest, MAX_BULK).map_err(|t| t.behind(1))?;
        let head = taken as u64 + 1;
        match length {
            Length::Known(size) => {
                let total = head + size + 2;
                wire::crlf_behind(bytes, total)?;
                self.count(0)?;
                Ok(total)
            }
            Length::Null => {
                self.count(0)?;
                Ok(head)
            }
            Length::Streamed => {
                self.count(0)?;
                self.enter()?;
                self.chunks = true;
                Ok(head)
            }
        }
    }

    fn aggregate(&mut self, rest: &[u8], each: u64) -> Result<u64, Trouble> {
        let (length, taken) = wire::length(rest, MAX_COUNT).map_err(|t| t.behind(1))?;
        match length {
            Length::Known(n) => self.count(n * each)?,
            Length::Null => self.count(0)?,
            Length::Streamed => {
                self.count(0)?;
                self.enter()?;
            }
        }
        Ok(taken as u64 + 1)
    }

    /// Pairs that stand before the element they belong to; they are not counted as an element.
    fn attribute(&mut self, rest: &[u8]) -> Result<u64, Trouble> {
        let (length, taken) = wire::length(rest, MAX_COUNT).map_err(|t| t.behind(1))?;
        let Length::Known(n) = length else { return Err(Trouble::Wrong) };
        // Inside of a streamed aggregate the pairs would pass for the element itself: nobody sends that.
        if self.left == 0 {
            return Err(Trouble::Wrong);
        }
        self.left = self.left.checked_add(n * 2).ok_or(Trouble::Wrong)?;
        Ok(taken as u64 + 1)
    }

    /// `.`: the end of a streamed aggregate.
    fn mark(&mut self, rest: &[u8]) -> Result<u64, Trouble> {
        if self.left != 0 || self.levels == 0 {
            return Err(Trouble::Wrong);
        }
        match rest.get(..2) {
            Some(b"\r\n") => {
                self.leave();
                Ok(3)
            }
            Some(_) => Err(Trouble::Wrong),
            None => Err(Trouble::Short(3)),
        }
    }

    /// `;5\r\nhello\r\n`; a chunk of length 0 is the last one and has no text.
    fn chunk(&mut self, kind: u8, rest: &[u8]) -> Result<u64, Trouble> {
        if kind != b';' {
            return Err(Trouble::Wrong);
        }
        let (length, taken) = wire::length(rest, MAX_BULK).map_err(|t| t.behind(1))?;
        let head = taken as u64 + 1;
        match length {
            Length::Known(0) => {
                self.chunks = false;
                self.leave();
                Ok(head)
            }
            Length::Known(size) => {
                wire::crlf_behind(rest, head - 1 + size + 2)?;
                Ok(head + size + 2)
            }
            _ => Err(Trouble::Wrong),
        }
    }

    /// An element is here that holds `inner` others.
    fn count(&mut self, inner: u64) -> Result<(), Trouble> {
        // On a streamed level itself nothing is counted: only its mark ends it.
        let left = self.left.saturating_sub(1);
        self.left = left.checked_add(inner).ok_or(Trouble::Wrong)?;
        Ok(())
    }

    fn enter(&mut self) -> Result<(), Trouble> {
        let slot = self.outside.get_mut(usize::from(self.levels)).ok_or(Trouble::Wrong)?;
        *slot = self.left;
        self.levels += 1;
        self.left = 0;
        Ok(())
    }

    fn leave(&mut self) {
        self.levels = self.levels.saturating_sub(1);
        self.left = self.outside.get(usize::from(self.levels)).copied().unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Length of the one reply that the bytes begin with, found in one piece and byte by byte.
    fn length(bytes: &[u8]) -> Option<u64> {
        let whole = Nesting::of(1).walk(bytes);
        let mut nesting = Nesting::of(1);
        let mut done = 0;
        for end in 1..=bytes.len() {
            let Some(piece) = bytes.get(done as usize..end) else { continue };
            let walked = nesting.walk(piece);
            done += walked.bytes;
            if walked.stopped.is_none() {
                break;
            }
        }
        assert_eq!((nesting.is_done(), done), (whole.stopped.is_none(), whole.bytes));
        whole.stopped.is_none().then_some(whole.bytes)
    }

    #[test]
    fn every_type_ends_where_it_ends() {
        for reply in [
            "+OK\r\n",
            "-ERR x\r\n",
            ":1\r\n",
            "$-1\r\n",
            "$0\r\n\r\n",
            "$5\r\nhello\r\n",
            "*0\r\n",
            "*-1\r\n",
            "*2\r\n:1\r\n*1\r\n$2\r\nab\r\n",
            "_\r\n",
            "#t\r\n",
            ",1.5\r\n",
            ",inf\r\n",
            "(12345678901234567890\r\n",
            "!5\r\nERR x\r\n",
            "=7\r\ntxt:abc\r\n",
            "%1\r\n+a\r\n:1\r\n",
            "~1\r\n+a\r\n",
            ">2\r\n+a\r\n+b\r\n",
            "|1\r\n+ttl\r\n:3\r\n:1\r\n",
            "*1\r\n|1\r\n+ttl\r\n:3\r\n:1\r\n",
            "$?\r\n;4\r\nHell\r\n;1\r\no\r\n;0\r\n",
            "*?\r\n:1\r\n*2\r\n:1\r\n:2\r\n.\r\n",
            "%?\r\n+a\r\n:1\r\n.\r\n",
            "*2\r\n*?\r\n:1\r\n.\r\n$?\r\n;0\r\n",
            "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*0\r\n",
        ] {
            let long = format!("{reply}+next\r\n");
            assert_eq!(length(long.as_bytes()), Some(reply.len() as u64), "{reply:?}");
            for cut in 0..reply.len() {
                let walked = Nesting::of(1).walk(&reply.as_bytes()[..cut]);
                let ahead = walked.bytes as usize > cut;
                assert!(ahead || matches!(walked.stopped, Some(Trouble::Short(_))), "{reply:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn hostile_lengths_are_wrong() {
        for reply in [
            "*2147483648\r\n",
            "$536870913\r\n",
            "*-2\r\n",
            "$99999999999999999999\r\n",
            "x\r\n",
            ".\r\n",
            "*1\r\n.\r\n",
            ";1\r\n",
            "$?\r\n+a\r\n",
            "*?\r\n*?\r\n*?\r\n*?\r\n*?\r\n",
            "$1\r\nabc",
            "|-1\r\n",
            "\r\n",
        ] {
            assert_eq!(Nesting::of(1).walk(reply.as_bytes()).stopped, Some(Trouble::Wrong), "{reply:?}");
        }
    }

    #[test]
    fn a_count_that_can_not_be_is_wrong_or_never_done() {
        let head = "%2147483647\r\n".repeat(1000);
        let walked = Nesting::of(1).walk(head.as_bytes());
        assert_eq!((walked.bytes, walked.stopped), (head.len() as u64, Some(Trouble::Short(1))));
    }
}
