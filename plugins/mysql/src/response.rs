//! Takes: the server's packets. Gives: one response a command, however many packets and result sets it has.
//!
//! Only heads and first bytes are looked at: definitions and rows are stepped over.

mod outcome;
mod packet;
mod prepared;
mod result_set;

use weir_plugin_sdk::prelude::*;

use self::outcome::Outcome;
use self::packet::Packet;
use crate::capability::Capabilities;
use crate::command::Answer;
use crate::handshake::{self, greeting};
use crate::packet::{HEADER, Header, Place};
use crate::result::{EOF, EOF_LENGTH, ERR, OK};
use crate::resync;
use crate::session::{Phase, Session};

/// Text of `COM_STATISTICS` that is handed on; the host keeps as much of a text.
const STATISTICS: usize = 4096;

/// The answer that is being read.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    stage: Stage,
    /// The host was told that it begins.
    begun: bool,
    /// Position of its first byte.
    start: u64,
    /// Sequence id of the next packet.
    sequence: u8,
    /// A whole result set was seen: an error from now on is a later statement's.
    later: bool,
    /// Its command was not seen.
    orphan: bool,
}

/// What the next packet of an answer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// The first one of an answer.
    #[default]
    First,
    /// The first one of a further result set.
    NextResult,
    /// So many column definitions, at least one.
    Columns(u32),
    /// What ends the column definitions, or the first row.
    ColumnsEnd,
    /// Rows and what ends them.
    Rows,
    /// Definitions of a prepared statement: what is left of this block, and the block behind it.
    Prepared(u16, u16),
    /// Definitions up to an EOF.
    Fields,
    /// What the server says to a local file.
    File,
}

impl Reply {
    pub(crate) fn is_open(&self) -> bool {
        self.stage != Stage::First
    }
}

/// What was made of a packet.
enum Taken {
    /// It is dealt with.
    Whole,
    /// So many bytes of the payload are needed.
    Needs(usize),
    /// Behind it all is compressed.
    Switch,
    Finished,
    Violation,
}

impl Session {
    pub(crate) fn server(&mut self, bytes: &[u8], place: Place, output: &mut Output<'_>) -> Step {
        let mut at = 0;
        if !self.is_synced(Direction::ServerToClient) {
            let Some(found) = self.find_packet(bytes, place, output) else {
                return Step::Consumed(bytes.len() as u64);
            };
            at = found;
        }
        let taken = loop {
            let rest = bytes.get(at..).unwrap_or_default();
            if rest.is_empty() {
                break Taken::Whole;
            }
            let Some(head) = Header::read(rest) else { break Taken::Needs(0) };
            let payload = rest.get(HEADER..rest.len().min(head.whole())).unwrap_or_default();
            if payload.is_empty() && head.length != 0 {
                break Taken::Needs(1);
            }
            let in_rows = self.reply.stage == Stage::Rows && head.sequence == self.reply.sequence;
            let is_plain_row = in_rows && payload.first().is_none_or(|b| *b < EOF);
            if !is_plain_row && !self.lane(Direction::ServerToClient).continued {
                let behind = rest.get(head.whole()..).unwrap_or_default();
                let taken = self.packet(Packet { head, payload, behind, at, place }, output);
                if matches!(taken, Taken::Switch) {
                    at += head.whole();
                }
                if !matches!(taken, Taken::Whole) {
                    break taken;
                }
            }
            self.lane(Direction::ServerToClient).continued = head.continues();
            self.reply.sequence = head.sequence.wrapping_add(1);
            at += head.whole();
        };
        if self.reply.is_open() && !self.reply.begun {
            self.reply.begun = true;
            self.quota.count_message();
            let start = self.reply.start;
            output.spanning(Kind::Response, Part::Begin, start, start);
        }
        match taken {
            Taken::Needs(payload) if at == 0 => Step::NeedAtLeast((HEADER + payload) as u32),
            Taken::Whole | Taken::Needs(_) | Taken::Switch => Step::Consumed(at as u64),
            Taken::Finished => Step::Finished,
            Taken::Violation => {
                self.lane(Direction::ServerToClient).synced = false;
                Step::Violation
            }
        }
    }

    /// Where a packet begins in bytes from somewhere.
    fn find_packet(&mut self, bytes: &[u8], place: Place, output: &mut Output<'_>) -> Option<usize> {
        self.align(place, output);
        let begins = |answer| resync::is_answer(bytes, answer).then_some(0);
        let found = match self.reply.stage {
            Stage::First if self.pending.front().is_some_and(|p| p.further_packets) => {
                resync::ends_exchange(bytes).then_some(0)
            }
            Stage::First => begins(self.awaited()),
            Stage::File => resync::ends_exchange(bytes).then_some(0),
            _ if begins(Answer::Unknown).is_some() => {
                // The answer to a command that was lost as well.
                self.finish(Outcome::Lost, place.start(0), output);
                Some(0)
            }
            Stage::Rows => resync::rows(bytes),
            _ => None,
        }?;
        let lane = self.lane(Direction::ServerToClient);
        (lane.synced, lane.continued) = (true, false);
        self.reply.sequence = Header::read(bytes.get(found..)?)?.sequence;
        Some(found)
    }

    /// Which command is answered behind a gap? A client that waits for each answer has got all but the last one.
    fn align(&mut self, place: Place, output: &mut Output<'_>) {
        if self.pending.len() + usize::from(self.reply.orphan && self.reply.is_open()) < 2 {
            return;
        }
        if self.reply.is_open() {
            self.finish(Outcome::Lost, place.start(0), output);
        }
        let keep = if self.pipelines { 0 } else { 1 };
        let gone = self.pending.len().saturating_sub(keep);
        self.pending.drain(..gone);
        self.lossy |= keep == 0;
    }

    fn packet(&mut self, packet: Packet<'_>, output: &mut Output<'_>) -> Taken {
        let in_order = packet.head.sequence == self.reply.sequence
            || self.reply.stage == Stage::File
            || packet.place.is_compressed();
        if self.reply.is_open() && !in_order {
            if packet.head.sequence != 1 || self.pending.len() < 2 {
                return Taken::Violation;
            }
            // The answer to the next command.
            self.finish(Outcome::Lost, packet.start(), output);
        }
        let taken = match self.reply.stage {
            Stage::First if self.phase == Phase::Greeting => self.greeting(packet, output),
            Stage::First => self.first(packet, output),
            Stage::NextResult | Stage::File => self.result(packet, output),
            Stage::Columns(left) => self.column(packet, left, output),
            Stage::ColumnsEnd => self.columns_end(packet, output),
            Stage::Rows => self.row(packet, output),
            Stage::Prepared(left, next) => self.prepared(packet, left, next, output),
            Stage::Fields => match packet.first() {
                EOF | ERR => self.row(packet, output),
                _ => Ok(()),
            },
        };
        match taken {
            Ok(()) => Taken::Whole,
            Err(taken) => taken,
        }
    }

    fn greeting(&mut self, packet: Packet<'_>, output: &mut Output<'_>) -> Result<(), Taken> {
        if packet.first() == ERR {
            // Too many connections, or this host may not connect: nobody asked yet.
            return self.error(packet, output);
        }
        if packet.head.length > handshake::GREETING {
            return Err(Taken::Violation);
        }
        let greeting = greeting(packet.up_to(handshake::GREETING)?).ok_or(Taken::Violation)?;
        self.offered = Some(greeting.capabilities);
        self.phase = Phase::Hello;
        Ok(())
    }

    /// The first packet of an answer.
    fn first(&mut self, packet: Packet<'_>, output: &mut Output<'_>) -> Result<(), Taken> {
        let first = packet.first();
        match self.awaited() {
            Answer::Auth => return self.auth(packet, output),
            _ if first == ERR => {}
            _ if self.is_left_over(packet) => return Ok(()),
            Answer::Statistics => {
                let text = packet.up_to(STATISTICS)?;
                self.open(packet);
                self.finish(Outcome::Text(text), packet.end(), output);
                return Ok(());
            }
            Answer::Stream => {
                self.open(packet);
                self.finish(Outcome::Ok, packet.end(), output);
                return Err(Taken::Finished);
            }
            Answer::Fetch => {
                if first == EOF {
                    return self.result(packet, output);
                }
                self.open(packet);
                self.reply.stage = Stage::Rows;
                return Ok(());
            }
            Answer::FieldList if first != EOF => {
                self.open(packet);
                self.reply.stage = Stage::Fields;
                return Ok(());
            }
            Answer::Prepare if first == OK => return self.prepare_ok(packet, output),
            Answer::Unknown if resync::is_prepare_ok(packet.payload, packet.head.length) => {
                return self.prepare_ok(packet, output);
            }
            _ => {}
        }
        self.result(packet, output)
    }

    /// An EOF behind definitions, of which it was not known whether it would come.
    fn is_left_over(&mut self, packet: Packet<'_>) -> bool {
        let left_over = packet.first() == EOF
            && packet.head.length == EOF_LENGTH
            && packet.head.sequence == self.reply.sequence
            && packet.head.sequence > 1;
        if left_over {
            self.deprecates_eof = Some(false);
        }
        left_over
    }

    /// A packet of the login ("Authentication Method Switch", "Authentication Method Extra Data").
    fn auth(&mut self, packet: Packet<'_>, output: &mut Output<'_>) -> Result<(), Taken> {
        match packet.first() {
            OK => {
                let in_handshake = !self.compresses && !packet.place.is_compressed();
                self.open(packet);
                self.finish(Outcome::Ok, packet.end(), output);
                let speaks = |flag| in_handshake && self.speaks(flag) == Some(true);
                if speaks(Capabilities::COMPRESS) {
                    self.compresses = true;
                    return Err(Taken::Switch);
                }
                if speaks(Capabilities::ZSTD) { Err(Taken::Finished) } else { Ok(()) }
            }
            ERR => self.error(packet, output),
            _ => Ok(()),
        }
    }
}
