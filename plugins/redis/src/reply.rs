//! Server to client: replies and pushes.
//!
//! Takes: bytes in order. Gives: a message a top-level reply. Long values are stepped over, aggregates counted down; what
//! is inside of them (the replies of a transaction, say) is not told.

use weir_plugin_sdk::prelude::*;

use crate::check;
use crate::conversation::Conversation;
use crate::nesting::Nesting;
use crate::push;
use crate::wire::{self, Length, Trouble};

mod aggregate;
mod scalar;

/// The server's direction.
#[derive(Debug)]
pub(crate) struct Replies {
    state: State,
    /// The next byte is known to begin a reply.
    synced: bool,
    /// Where the attributes before the next reply began.
    lead: Option<u64>,
    /// The capture joined in the middle: it may be a replication stream.
    joined: bool,
    /// What comes before this position belongs to a reply that was told already.
    skip_to: u64,
    /// Behind a loss: so many beginnings have to prove right.
    doubt: u8,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Between,
    /// Attributes before a reply.
    Attributes(Nesting),
    /// The message was begun.
    Within(Nesting, Kind),
}

/// One reply: where it begins, and whom to tell.
struct Scene<'a, 'b, 'c> {
    input: Input<'a>,
    /// Position of its first byte, attributes included.
    start: u64,
    output: &'b mut Output<'c>,
    conversation: &'b mut Conversation,
}

impl<'a> Scene<'a, '_, '_> {
    /// Behind the type byte.
    fn rest(&self) -> &'a [u8] {
        self.input.bytes.get(1..).unwrap_or_default()
    }

    /// A message that ends `length` bytes behind the input's first one.
    fn tell(&mut self, kind: Kind, part: Part, length: u64) -> weir_plugin_sdk::message::MessageBuilder<'_> {
        self.output.spanning(kind, part, self.start, self.input.position.saturating_add(length))
    }

    /// The reply to a command.
    fn response(&mut self, part: Part, length: u64) -> weir_plugin_sdk::message::MessageBuilder<'_> {
        if self.conversation.in_confirmation() {
            let here = self.input.position;
            self.output.spanning(Kind::Response, Part::End, here, here);
            self.conversation.abandon_confirmation();
        }
        self.conversation.reply();
        self.tell(Kind::Response, part, length)
    }
}

impl Replies {
    pub(crate) fn new(from_start: bool) -> Self {
        Self {
            state: State::Between,
            synced: from_start,
            joined: !from_start,
            lead: None,
            skip_to: 0,
            doubt: 0,
        }
    }

    pub(crate) fn parse(
        &mut self,
        input: Input<'_>,
        output: &mut Output<'_>,
        conversation: &mut Conversation,
    ) -> Step {
        if input.position < self.skip_to {
            return Step::Consumed(self.skip_to - input.position);
        }
        let step = match std::mem::take(&mut self.state) {
            State::Between => self.reply(input, output, conversation),
            State::Attributes(nesting) => self.attributes(nesting, input),
            State::Within(nesting, kind) => self.within(nesting, kind, input, output),
        };
        if step == Step::Violation {
            self.lose(input.position, output, conversation);
        }
        step
    }

    /// Begins a reply.
    fn reply(&mut self, input: Input<'_>, output: &mut Output<'_>, conversation: &mut Conversation) -> Step {
        if !self.synced
            && let Some(step) = self.search(input, conversation)
        {
            return step;
        }
        let start = self.lead.unwrap_or(input.position);
        let mut scene = Scene { input, start, output, conversation };
        let step = match input.bytes.first() {
            Some(b'+') => scalar::simple(&mut scene),
            Some(b'-') => scalar::error(&mut scene),
            Some(b':' | b',' | b'(' | b'#' | b'_') => scalar::plain(&mut scene),
            Some(b'$') if scene.rest().first() == Some(&b'?') => self.aggregate(&mut scene),
            Some(b'$' | b'=' | b'!') => scalar::string(&mut scene),
            Some(b'*' | b'%' | b'~' | b'>') => self.aggregate(&mut scene),
            Some(b'|') => return self.attribute(input, start),
            // A master keeps a replica waiting with empty lines.
            Some(b'\n') if scene.conversation.sync_asked => return Step::Consumed(1),
            _ => Err(Trouble::Wrong),
        };
        match step {
            Ok(step) => {
                self.lead = None;
                step
            }
            Err(trouble) => trouble.step(),
        }
    }

    /// Whether a reply begins here; what to do with the bytes where none does for certain.
    fn search(&mut self, input: Input<'_>, conversation: &mut Conversation) -> Option<Step> {
        let all = Some(Step::Consumed(input.bytes.len() as u64));
        let pushed = conversation.is_subscribed() && push::begins(input.bytes);
        let turns = &mut conversation.turns;
        if self.doubt > 0 && !pushed && !turns.may_begin(input.direction, input.position) {
            return all;
        }
        match check::replies(input.bytes) {
            Ok(()) if self.doubt > 1 => {
                self.doubt -= 1;
                all
            }
            Ok(()) => {
                self.synced = true;
                if std::mem::take(&mut self.doubt) > 0 {
                    turns.proved_right();
                    conversation.found_replies();
                }
                None
            }
            Err(Trouble::Wrong) if self.doubt > 0 => {
                turns.proved_wrong();
                self.doubt = turns.doubt(Direction::ServerToClient);
                all
            }
            Err(trouble) => Some(trouble.step()),
        }
    }

    /// The head of attributes.
    fn attribute(&mut self, input: Input<'_>, start: u64) -> Step {
        let rest = input.bytes.get(1..).unwrap_or_default();
        match wire::length(rest, wire::MAX_COUNT) {
            Ok((Length::Known(pairs), taken)) => {
                self.lead = Some(start);
                if pairs > 0 {
                    self.state = State::Attributes(Nesting::of(pairs * 2));
                }
                Step::Consumed(taken as u64 + 1)
            }
            Ok(_) => Step::Violation,
            Err(trouble) => trouble.behind(1).step(),
        }
    }

    fn attributes(&mut self, mut nesting: Nesting, input: Input<'_>) -> Step {
        let walked = nesting.walk(input.bytes);
        match walked.stopped {
            None => Step::Consumed(walked.bytes),
            Some(trouble) => {
                self.state = State::Attributes(nesting);
                walked.step(trouble)
            }
        }
    }

    /// Goes on with a reply that was begun.
    fn within(
        &mut self,
        mut nesting: Nesting,
        kind: Kind,
        input: Input<'_>,
        output: &mut Output<'_>,
    ) -> Step {
        let walked = nesting.walk(input.bytes);
        match walked.stopped {
            None => {
                output.end(kind, walked.bytes);
                Step::Consumed(walked.bytes)
            }
            Some(trouble) => {
                self.state = State::Within(nesting, kind);
                walked.step(trouble)
            }
        }
    }

    /// Tells what a cut reply still says, and finds out whether the next one's place is known.
    pub(crate) fn gap(&mut self, gap: &Gap<'_>, output: &mut Output<'_>, conversation: &mut Conversation) {
        if matches!(self.state, State::Between) && self.synced && gap.position >= self.skip_to {
            let position = gap.position - gap.unread.len() as u64;
            let direction = Direction::ServerToClient;
            let input = Input { bytes: gap.unread, direction, position, time: 0 };
            let start = self.lead.unwrap_or(position);
            let mut scene = Scene { input, start, output, conversation };
            let length = match gap.unread.first() {
                Some(b'*' | b'%' | b'~' | b'>') => self.cut(&mut scene),
                _ => scalar::cut(&mut scene),
            };
            self.skip_to = length.map_or(self.skip_to, |length| position.saturating_add(length));
        }
        if self.skip_to < gap.position.saturating_add(gap.bytes) {
            self.lose(gap.position, output, conversation);
        }
    }

    /// Ends what was begun; the next reply has to be searched.
    fn lose(&mut self, position: u64, output: &mut Output<'_>, conversation: &mut Conversation) {
        if let State::Within(_, kind) = std::mem::take(&mut self.state) {
            output.spanning(kind, Part::End, position, position);
        }
        if conversation.in_confirmation() {
            output.spanning(Kind::Response, Part::End, position, position);
        }
        self.lead = None;
        if self.synced || self.doubt == 0 {
            self.doubt = conversation.turns.doubt(Direction::ServerToClient);
        }
        self.synced = false;
        conversation.lost_replies();
    }
}
