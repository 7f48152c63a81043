//! Takes: requests and responses as they come. Gives: what the next response answers, when that is certain.
//!
//! The method of the request decides whether a response has a body (RFC 9112 section 6.3). It is known as long as nothing of the
//! connection was lost. After a loss the answer is `None`, and the response has to be understood from itself, until a request, its
//! response and the next request came one after the other: a client that does not pipeline is in step again then.

/// Requests that wait for their response; browsers and proxies that pipeline keep fewer than ten.
const LIMIT: u32 = 64;

/// What a method says of the body of the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// `CONNECT`: a success opens a tunnel.
    Connect,
    /// `HEAD`: there is no body.
    Head,
    Other,
}

impl Asked {
    /// Methods are case-sensitive (RFC 9110 section 9.1).
    #[inline]
    pub(crate) fn of(method: &[u8]) -> Self {
        match method {
            b"HEAD" => Self::Head,
            b"CONNECT" => Self::Connect,
            _ => Self::Other,
        }
    }
}

/// A queue of methods, one bit each in two words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outstanding {
    heads: u64,
    connects: u64,
    count: u32,
    certain: bool,
    /// Since the loss: one request, then its response.
    alternated: bool,
}

impl Outstanding {
    /// `certain`: the connection is seen from its start.
    pub(crate) fn new(certain: bool) -> Self {
        Self { heads: 0, connects: 0, count: 0, certain, alternated: false }
    }

    /// A request was seen.
    #[inline(always)]
    pub(crate) fn request(&mut self, asked: Asked) {
        if !self.certain {
            let in_step = self.alternated && self.count == 0;
            *self = Self::new(in_step);
        } else if self.count == LIMIT {
            // Only one direction is captured, or nobody answers.
            *self = Self::new(false);
        }
        let bit = 1 << self.count;
        match asked {
            Asked::Connect => self.connects |= bit,
            Asked::Head => self.heads |= bit,
            Asked::Other => {}
        }
        self.count += 1;
    }

    /// What the next response answers.
    #[inline]
    pub(crate) fn next(&self) -> Option<Asked> {
        match (self.certain && self.count > 0, self.heads & 1, self.connects & 1) {
            (false, ..) => None,
            (true, 1, _) => Some(Asked::Head),
            (true, _, 1) => Some(Asked::Connect),
            (true, ..) => Some(Asked::Other),
        }
    }

    /// What the next response most likely answers, where it is not certain: the only request since the last one. True for clients
    /// that do not pipeline, which are nearly all.
    pub(crate) fn likely(&self) -> Option<Asked> {
        match (self.count, self.heads & 1, self.connects & 1) {
            (1, 1, _) => Some(Asked::Head),
            (1, _, 1) => Some(Asked::Connect),
            (1, ..) => Some(Asked::Other),
            _ => None,
        }
    }

    /// A final response was seen.
    #[inline]
    pub(crate) fn answered(&mut self) {
        if self.count == 0 {
            // Nobody asked: a server that gives up on an idle connection, or requests that are not captured.
            self.lost();
            return;
        }
        self.heads >>= 1;
        self.connects >>= 1;
        self.count -= 1;
        self.alternated = !self.certain && self.count == 0;
    }

    /// Bytes of either direction were lost or not understood.
    pub(crate) fn lost(&mut self) {
        self.certain = false;
        self.alternated = false;
    }

    /// The client may already send what belongs into the tunnel.
    #[inline]
    pub(crate) fn tunnel_may_open(&self) -> bool {
        self.connects != 0 && self.certain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_order() {
        let mut queue = Outstanding::new(true);
        assert_eq!(queue.next(), None);
        for method in [b"GET".as_slice(), b"HEAD", b"CONNECT", b"head"] {
            queue.request(Asked::of(method));
        }
        for asked in [Asked::Other, Asked::Head, Asked::Connect, Asked::Other] {
            assert_eq!(queue.next(), Some(asked));
            queue.answered();
        }
        assert_eq!(queue.next(), None);
    }

    #[test]
    fn a_loss_makes_uncertain_until_both_sides_alternate() {
        let mut queue = Outstanding::new(true);
        queue.request(Asked::Head);
        queue.lost();
        assert_eq!(queue.next(), None);
        queue.request(Asked::Head);
        assert_eq!(queue.next(), None, "an older response may still come");
        assert_eq!(queue.likely(), Some(Asked::Head));
        queue.answered();
        queue.request(Asked::Head);
        assert_eq!(queue.next(), Some(Asked::Head));
    }

    #[test]
    fn a_response_too_many_keeps_it_uncertain() {
        let mut queue = Outstanding::new(false);
        queue.request(Asked::Other);
        queue.answered();
        queue.answered();
        queue.request(Asked::Head);
        assert_eq!(queue.next(), None);
    }

    #[test]
    fn an_unasked_response_is_a_loss() {
        let mut queue = Outstanding::new(true);
        queue.answered();
        queue.request(Asked::Head);
        assert_eq!(queue.next(), None);
    }

    #[test]
    fn nobody_answers() {
        let mut queue = Outstanding::new(true);
        for _ in 0..1000 {
            queue.request(Asked::Head);
        }
        assert_eq!(queue.next(), None);
        assert!(queue.count <= LIMIT);
    }

    #[test]
    fn a_lost_answer_to_connect_does_not_hold_the_client() {
        let mut queue = Outstanding::new(true);
        queue.request(Asked::Connect);
        assert!(queue.tunnel_may_open());
        queue.lost();
        assert!(!queue.tunnel_may_open());
    }
}
