//! What the two directions of a connection know of each other: which replies no command asked for, which commands get
//! none, which get several.
//!
//! Takes: commands and replies as they are read. Gives: what kind of message each is. Does not pair them.

use std::collections::VecDeque;

use weir_plugin_sdk::prelude::Kind;

use crate::command::{Class, Effect};
use crate::turns::Turns;

/// Subscription commands that wait for their replies. Clients send one and wait; what is more is forgotten, its replies
/// pass for pushes.
const MAX_WAITING: usize = 64;

/// State of a connection that is not one direction's alone.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    /// Commands that want a reply, and replies; equal when nothing is known to be open.
    asked: u64,
    answered: u64,
    waiting: VecDeque<Waiting>,
    /// Channels by class, as the server counts them.
    subscriptions: [u32; 3],
    subscribed: bool,
    replies: Replies,
    /// A replica asked for the data set.
    pub(crate) sync_asked: bool,
    pub(crate) turns: Turns,
    /// Replies were lost: which commands have theirs is not known.
    replies_lost: bool,
}

/// `CLIENT REPLY`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Replies {
    #[default]
    On,
    Off,
    SkipNext,
}

/// A subscription command: one reply a channel.
#[derive(Debug)]
struct Waiting {
    /// Number of the command among those that want a reply.
    number: u64,
    class: Class,
    leaves: bool,
    /// Replies to come; none: as many as there are subscriptions.
    left: Option<u32>,
    begun: bool,
}

/// What a reply about a subscription is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirmation {
    /// The one reply.
    Whole,
    /// The first of several.
    First,
    /// One between.
    Middle,
    /// The last of several.
    Last,
    /// Nobody asked.
    Unasked,
}

/// A reply about a subscription, as read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Notice {
    pub(crate) class: Class,
    pub(crate) leaves: bool,
    /// There was no channel to leave.
    pub(crate) no_channel: bool,
    /// Subscriptions of the client, as the server counts them.
    pub(crate) count: u32,
}

impl Conversation {
    /// A command was read.
    pub(crate) fn command(&mut self, effect: Effect) -> Kind {
        let silent = match effect {
            Effect::RepliesOn => {
                self.replies = Replies::On;
                false
            }
            Effect::RepliesOff => {
                self.replies = Replies::Off;
                true
            }
            Effect::SkipReply if self.replies == Replies::On => {
                self.replies = Replies::SkipNext;
                true
            }
            _ => self.is_silent(),
        };
        if silent {
            return Kind::OneWay;
        }
        match effect {
            Effect::Subscription { class, leaves, channels } => self.expect(class, leaves, channels),
            Effect::Sync => self.sync_asked = true,
            Effect::Reset => self.forget_subscriptions(),
            _ => {}
        }
        self.turns.asks((!self.replies_lost).then(|| !self.is_quiet()));
        self.asked += 1;
        Kind::Request
    }

    fn is_silent(&mut self) -> bool {
        match self.replies {
            Replies::On => false,
            Replies::Off => true,
            Replies::SkipNext => {
                self.replies = Replies::On;
                true
            }
        }
    }

    fn expect(&mut self, class: Class, leaves: bool, channels: u32) {
        if self.waiting.len() < MAX_WAITING {
            let left = (channels > 0 || !leaves).then_some(channels);
            self.waiting.push_back(Waiting { number: self.asked, class, leaves, left, begun: false });
        }
    }

    fn forget_subscriptions(&mut self) {
        self.subscribed = false;
        self.subscriptions = [0; 3];
    }

    /// An ordinary reply was read.
    pub(crate) fn reply(&mut self) {
        while self.waiting.front().is_some_and(|w| w.number <= self.answered) {
            self.waiting.pop_front(); // refused, or queued by MULTI
        }
        self.count_answer();
    }

    fn count_answer(&mut self) {
        // Joined in the middle: replies to commands that were never seen.
        if self.answered < self.asked {
            self.answered += 1;
        }
    }

    /// Nothing is open: a reply that comes now was not asked for.
    pub(crate) fn is_quiet(&self) -> bool {
        self.asked == self.answered
    }

    /// One command is open, the last one.
    pub(crate) fn is_last(&self) -> bool {
        self.asked.wrapping_sub(self.answered) == 1
    }

    /// An array that looks like a push or a confirmation may be one. RESP2 has no type of its own for them.
    pub(crate) fn may_push(&self) -> bool {
        self.subscribed || !self.waiting.is_empty() || self.is_quiet()
    }

    /// Several replies to one subscription command are not complete.
    pub(crate) fn in_confirmation(&self) -> bool {
        self.waiting.front().is_some_and(|w| w.begun)
    }

    /// The rest of a confirmation will not come.
    pub(crate) fn abandon_confirmation(&mut self) {
        if self.in_confirmation() {
            self.waiting.pop_front();
        }
    }

    /// A reply about a subscription was read.
    pub(crate) fn notice(&mut self, notice: Notice) -> Confirmation {
        self.recount(notice);
        let subscriptions = self.subscriptions[notice.class as usize];
        let Some(front) = self.waiting.front_mut() else { return Confirmation::Unasked };
        let asked = front.class == notice.class && front.leaves == notice.leaves;
        if !asked || (!front.begun && front.number != self.answered) {
            return Confirmation::Unasked;
        }
        let is_last = match &mut front.left {
            Some(left) => {
                *left = left.saturating_sub(1);
                *left == 0
            }
            None => notice.no_channel || subscriptions == 0,
        };
        let was_begun = std::mem::replace(&mut front.begun, true);
        if is_last {
            self.waiting.pop_front();
        }
        if !was_begun {
            self.count_answer();
        }
        match (was_begun, is_last) {
            (false, true) => Confirmation::Whole,
            (false, false) => Confirmation::First,
            (true, false) => Confirmation::Middle,
            (true, true) => Confirmation::Last,
        }
    }

    /// Channels and patterns are counted together by the server, shard channels apart.
    fn recount(&mut self, notice: Notice) {
        let [channels, patterns, shards] = &mut self.subscriptions;
        match notice.class {
            Class::Channel => *channels = notice.count.saturating_sub(*patterns),
            Class::Pattern => *patterns = notice.count.saturating_sub(*channels),
            Class::Shard => *shards = notice.count,
        }
        self.subscribed = self.subscriptions != [0; 3];
    }

    /// Something is subscribed: the server speaks unasked.
    pub(crate) fn is_subscribed(&self) -> bool {
        self.subscribed
    }

    /// Replies are missing.
    pub(crate) fn lost_replies(&mut self) {
        self.lost();
        self.replies_lost = true;
    }

    /// The next reply is that to the first command since the server spoke.
    pub(crate) fn found_replies(&mut self) {
        self.replies_lost = false;
        self.answered = self.asked.saturating_sub(self.turns.commands()).max(self.answered);
    }

    /// Bytes are missing: which reply belongs to which command is not known any more.
    pub(crate) fn lost(&mut self) {
        self.answered = self.asked;
        self.waiting.clear();
        self.replies = Replies::On;
        self.sync_asked = false;
    }
}
