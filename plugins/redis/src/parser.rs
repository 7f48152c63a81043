//! The parser of one connection: hands each direction to its half.

use weir_plugin_sdk::prelude::*;

use crate::check;
use crate::conversation::Conversation;
use crate::reply::Replies;
use crate::request::Requests;

/// One connection.
#[derive(Debug)]
pub struct Redis {
    requests: Requests,
    replies: Replies,
    conversation: Conversation,
}

impl Parser for Redis {
    fn manifest() -> Manifest {
        Manifest::new("redis", env!("CARGO_PKG_VERSION"))
            .protocol("Redis")
            .signature(Signature::tcp().any_of(check::signatures()))
    }

    fn check(payload: &[u8], probe: &Probe) -> Verdict {
        check::verdict(payload, probe)
    }

    fn open(flow: &Flow) -> Self {
        Self {
            requests: Requests::new(flow.from_start),
            replies: Replies::new(flow.from_start),
            conversation: Conversation::default(),
        }
    }

    fn parse(&mut self, input: Input<'_>, output: &mut Output<'_>) -> Step {
        self.conversation.turns.speaks(input.direction, Some(input.position));
        match input.direction {
            Direction::ClientToServer => self.requests.parse(input, output, &mut self.conversation),
            Direction::ServerToClient => self.replies.parse(input, output, &mut self.conversation),
        }
    }

    fn gap(&mut self, gap: &Gap<'_>, output: &mut Output<'_>) {
        self.conversation.turns.speaks(gap.direction, None);
        match gap.direction {
            Direction::ClientToServer => self.requests.gap(gap, output, &mut self.conversation),
            Direction::ServerToClient => self.replies.gap(gap, output, &mut self.conversation),
        }
    }
}
