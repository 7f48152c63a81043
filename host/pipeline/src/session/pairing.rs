//! Which of the waiting requests does a response answer?
//!
//! Takes: what waits, and what TCP's acknowledgments say about who had received what. Gives: the request, or none: nothing
//! is invented.
//!
//! Answers come in the order of the requests as long as nothing is lost, and even then two facts exclude a request: the
//! server had not received it yet, or the client had the whole response before it sent it. After a loss the order alone
//! proves nothing. Then a client that sends one request at a time is recognised by its acknowledgments: it had received all
//! that came before its request. A pipelining client is not, and its requests stay unanswered until it waits for an answer.

use smallvec::SmallVec;

use super::exchange::Exchange;

/// Requests that wait, oldest first. Most connections have one; at most as many as the limit, so that moving the rest up is
/// cheap.
pub(crate) type Pending = SmallVec<[Box<Exchange>; 2]>;

/// What is known of a response when its first byte is seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Response<'a> {
    pub(crate) correlation: Option<u64>,
    pub(crate) start: u64,
    /// Behind its last byte, where that is known.
    pub(crate) end: Option<u64>,
    /// How many request bytes the server had received when it sent this.
    pub(crate) peer: Option<u64>,
    /// Positions behind request bytes that were lost.
    pub(crate) losses: &'a [u64],
}

/// What the connection showed so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Certainty {
    /// Bytes were lost (or the capture joined in the middle) since the last time nothing was open.
    pub(crate) lost: bool,
    /// The client sends requests before it has the answers to earlier ones.
    pub(crate) pipelined: bool,
}

/// The answer: requests before `answered` (or `unanswered` many) will never be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    /// So many requests at the front have no answer.
    pub(crate) unanswered: usize,
    /// Index of the answered request, before those are taken out.
    pub(crate) answered: Option<usize>,
}

const NOBODY: Decision = Decision { unanswered: 0, answered: None };

pub(crate) fn decide(pending: &[Box<Exchange>], response: &Response<'_>, certainty: Certainty) -> Decision {
    if response.correlation.is_some() {
        let answered = pending.iter().position(|e| e.correlation == response.correlation);
        return Decision { unanswered: 0, answered };
    }
    if !certainty.lost {
        let front = pending.first().filter(|e| e.correlation.is_none() && is_possible(e, response));
        return Decision { unanswered: 0, answered: front.map(|_| 0) };
    }
    let candidates = pending.iter().take_while(|e| is_possible(e, response)).count();
    let Some(latest) = candidates.checked_sub(1) else { return NOBODY };
    let sent_together = |a: &Exchange, b: &Exchange| a.peer >= b.peer;
    let ambiguous = latest > 0 && sent_together(&pending[latest - 1], &pending[latest]);
    if ambiguous || (certainty.pipelined && latest > 0) || answers_a_lost_one(&pending[latest], response) {
        return Decision { unanswered: candidates, answered: None };
    }
    Decision { unanswered: latest, answered: Some(latest) }
}

/// A request behind this one was lost, and the server had received it.
fn answers_a_lost_one(request: &Exchange, response: &Response<'_>) -> bool {
    let end = request.request.as_ref().map_or(0, |half| half.end);
    response.peer.is_some_and(|peer| response.losses.iter().any(|lost| (end + 1..=peer).contains(lost)))
}

/// Nothing that is known excludes that the response answers this request.
fn is_possible(request: &Exchange, response: &Response<'_>) -> bool {
    let Some(half) = request.request.as_ref() else { return false };
    let received = response.peer.is_none_or(|peer| half.start < peer);
    let sent_before = match (request.peer, response.end) {
        (Some(had), Some(end)) => had < end,
        (Some(had), None) => had <= response.start,
        (None, _) => true,
    };
    received && sent_before
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::event::Direction;
    use crate::session::exchange::Half;

    /// Requests of 10 bytes: (start, what the client had received of the responses).
    fn pending(requests: &[(u64, u64)]) -> Pending {
        let exchange = |(start, peer): &(u64, u64)| {
            let half = Half {
                direction: Direction::ClientToServer,
                start: *start,
                end: start + 10,
                start_time: 0,
                end_time: 0,
                sequence: 0,
                complete: true,
                own: None,
                caller: None,
            };
            Box::new(Exchange { request: Some(half), peer: Some(*peer), ..Exchange::default() })
        };
        requests.iter().map(exchange).collect()
    }

    fn response(start: u64, end: u64, peer: u64) -> Response<'static> {
        Response { correlation: None, start, end: Some(end), peer: Some(peer), losses: &[] }
    }

    const SURE: Certainty = Certainty { lost: false, pipelined: false };
    const LOST: Certainty = Certainty { lost: true, pipelined: false };

    #[test]
    fn in_order_while_nothing_is_lost() {
        let pending = pending(&[(0, 0), (10, 0), (20, 0)]);
        assert_eq!(decide(&pending, &response(0, 100, 30), SURE).answered, Some(0));
    }

    #[test]
    fn never_a_request_that_the_server_does_not_have() {
        // The request before this one was lost; its answer comes.
        assert_eq!(decide(&pending(&[(50, 0)]), &response(0, 100, 50), SURE).answered, None);
    }

    #[test]
    fn never_a_request_that_was_sent_after_the_response() {
        assert_eq!(decide(&pending(&[(50, 100)]), &response(0, 100, 60), SURE).answered, None);
    }

    #[test]
    fn a_lost_answer_is_left_out() {
        // The second request was sent when the client had 100 bytes: the first one was answered by then.
        let decision = decide(&pending(&[(0, 0), (10, 100)]), &response(100, 200, 20), LOST);
        assert_eq!(decision, Decision { unanswered: 1, answered: Some(1) });
    }

    #[test]
    fn the_answer_to_a_lost_request_is_nobody_elses() {
        // The first request's answer was lost, then a request; the server answers that one.
        let lost = Response { losses: &[20, 50], ..response(100, 200, 20) };
        assert_eq!(decide(&pending(&[(0, 0)]), &lost, LOST), Decision { unanswered: 1, answered: None });
        let before = Response { losses: &[20], ..response(0, 100, 10) };
        assert_eq!(decide(&pending(&[(0, 0)]), &before, LOST).answered, Some(0));
    }

    #[test]
    fn pipelined_requests_are_not_guessed_after_a_loss() {
        let decision = decide(&pending(&[(0, 0), (10, 0)]), &response(100, 200, 20), LOST);
        assert_eq!(decision, Decision { unanswered: 2, answered: None });
    }
}
