//! What both directions of a connection share: the commands that wait for their answers, capabilities, statements.
//!
//! Does not read packets: [`request`](crate::request) and [`response`](crate::response) do.

use std::collections::VecDeque;

use weir_plugin_sdk::prelude::*;

use crate::budget::{Grant, Quota};
use crate::capability::Capabilities;
use crate::charset::Charset;
use crate::command::Answer;
use crate::packet::Place;
use crate::response::Reply;
use crate::statements::{Sql, Statements};

/// Commands that wait for their answers: as many as the host keeps of one connection. Connectors send 100 at once at most
/// (Connector/J, `useBatchMultiSendNumber`).
const PENDING: usize = 512;

/// Room that is made for the first ones.
const FIRST_PENDING: usize = 4;

/// More room than this is given back when nothing waits any more.
const MANY_PENDING: usize = 32;

/// How far the connection phase got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The server speaks first.
    Greeting,
    /// The client's first packet comes next.
    Hello,
    /// Commands. (A login that is not through yet is a pending command.)
    Commands,
}

/// One direction.
#[derive(Debug)]
pub(crate) struct Lane {
    /// The next byte begins a packet. Not so in the middle of a connection and behind a gap.
    pub(crate) synced: bool,
    /// The next packet goes on with the payload of the last one.
    pub(crate) continued: bool,
}

/// A command that waits for its answer.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) answer: Answer,
    /// Of a statement that is being prepared.
    pub(crate) sql: Option<Sql>,
    /// It names "the statement prepared last" (MariaDB, statement id -1), whose number was not known yet.
    pub(crate) last_statement: bool,
    /// The client sent further packets for it, so the sequence id of the answer may be any.
    pub(crate) further_packets: bool,
}

impl Pending {
    pub(crate) fn new(answer: Answer) -> Self {
        Self { answer, sql: None, last_statement: false, further_packets: false }
    }
}

/// The conversation of one connection, free of how it is wrapped.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) phase: Phase,
    pub(crate) lanes: [Lane; 2],
    /// What the server offers.
    pub(crate) offered: Option<Capabilities>,
    /// What both sides speak.
    pub(crate) agreed: Option<Capabilities>,
    /// `CLIENT_DEPRECATE_EOF`: known from the handshake, or learned from a result set.
    pub(crate) deprecates_eof: Option<bool>,
    /// The login is through and compression was agreed on: all that follows is compressed.
    pub(crate) compresses: bool,
    pub(crate) charset: Charset,
    pub(crate) pending: VecDeque<Pending>,
    /// For what waits.
    grant: Grant,
    pub(crate) quota: Quota,
    /// The client was seen to send commands without waiting for answers.
    pub(crate) pipelines: bool,
    /// Commands may have been missed.
    pub(crate) lossy: bool,
    pub(crate) reply: Reply,
    /// The server asked for a local file; the client's packets are its content up to an empty one.
    pub(crate) upload: bool,
    /// What is missing of the bytes at hand will not come.
    pub(crate) cut: bool,
    /// Kind of the request whose payload goes on in further packets.
    pub(crate) told: Kind,
    pub(crate) statements: Statements,
    /// Id of the statement prepared last.
    pub(crate) last_statement: Option<u32>,
}

impl Session {
    pub(crate) fn new(from_start: bool) -> Self {
        let lane = || Lane { synced: from_start, continued: false };
        Self {
            phase: if from_start { Phase::Greeting } else { Phase::Commands },
            lanes: [lane(), lane()],
            offered: None,
            agreed: None,
            deprecates_eof: None,
            compresses: false,
            charset: None,
            pending: VecDeque::new(),
            grant: Grant::default(),
            quota: Quota::default(),
            pipelines: false,
            lossy: !from_start,
            reply: Reply::default(),
            upload: false,
            cut: false,
            told: Kind::Request,
            statements: Statements::default(),
            last_statement: None,
        }
    }

    /// Deals with the packets at the front of `bytes`; the answer counts in their bytes.
    pub(crate) fn parse(
        &mut self,
        bytes: &[u8],
        direction: Direction,
        place: Place,
        output: &mut Output<'_>,
    ) -> Step {
        match direction {
            Direction::ClientToServer => self.client(bytes, place, output),
            Direction::ServerToClient => self.server(bytes, place, output),
        }
    }

    /// The same for bytes that end at a gap: what is there must do.
    pub(crate) fn parse_cut(
        &mut self,
        bytes: &[u8],
        direction: Direction,
        place: Place,
        output: &mut Output<'_>,
    ) -> Step {
        self.cut = true;
        let step = self.parse(bytes, direction, place, output);
        self.cut = false;
        step
    }

    pub(crate) fn lane(&mut self, direction: Direction) -> &mut Lane {
        &mut self.lanes[direction.index()]
    }

    /// Bytes of this direction are missing: where its packets begin is not known any more.
    pub(crate) fn lose(&mut self, direction: Direction) {
        *self.lane(direction) = Lane { synced: false, continued: false };
        match (direction, self.phase) {
            (Direction::ServerToClient, Phase::Greeting) => self.phase = Phase::Hello,
            (Direction::ClientToServer, _) => {
                self.lossy = true;
                self.upload = false;
                self.phase = Phase::Commands;
            }
            _ => {}
        }
    }

    pub(crate) fn is_synced(&self, direction: Direction) -> bool {
        self.lanes[direction.index()].synced
    }

    /// The packet was lost that says whether, or that ends the login behind which the connection is compressed.
    pub(crate) fn may_compress_unseen(&self) -> bool {
        let is_synced = self.is_synced(Direction::ServerToClient);
        match self.speaks(Capabilities::COMPRESS) {
            None => self.phase == Phase::Commands,
            Some(compresses) => compresses && !self.compresses && !is_synced,
        }
    }

    pub(crate) fn agree(&mut self, client: Capabilities) {
        let agreed = self.offered.map_or(client, |offered| client.both(offered));
        self.agreed = Some(agreed);
        self.deprecates_eof = Some(agreed.has(Capabilities::DEPRECATE_EOF));
    }

    /// Whether both sides speak it; `None` when the handshake was not seen.
    pub(crate) fn speaks(&self, flag: Capabilities) -> Option<bool> {
        self.agreed.map(|agreed| agreed.has(flag))
    }

    pub(crate) fn wait_for(&mut self, pending: Pending) {
        if self.pending.len() == self.pending.capacity() && !self.grows() {
            self.pending.pop_front();
        }
        if self.pending.capacity() != 0 {
            self.pending.push_back(pending);
        }
    }

    /// Makes room for as many commands again.
    fn grows(&mut self) -> bool {
        let more = self.pending.len().max(FIRST_PENDING);
        let bytes = more * size_of::<Pending>();
        let granted = self.pending.len() < PENDING && self.grant.take(bytes);
        if granted {
            self.pending.reserve_exact(more);
        }
        granted
    }

    /// The command that was answered.
    pub(crate) fn take_answered(&mut self) -> Option<Pending> {
        let answered = self.pending.pop_front();
        if self.pending.is_empty() && self.pending.capacity() > MANY_PENDING {
            self.pending = VecDeque::new();
            self.grant = Grant::default();
        }
        answered
    }

    /// What the next answer belongs to.
    pub(crate) fn awaited(&self) -> Answer {
        self.pending.front().map_or(Answer::Unknown, |pending| pending.answer)
    }

    /// The login goes on: packets are neither commands nor answers to them.
    pub(crate) fn is_in_login(&self) -> bool {
        self.awaited() == Answer::Auth
    }
}
