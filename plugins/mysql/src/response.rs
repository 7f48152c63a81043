//! Takes: the server's packets. Gives: one response a command, however many packets and result sets it has.
//!
//! Only heads and first bytes are looked at: definitions and rows are stepped over.

use weir_plugin_sdk::prelude::*;

use crate::capability::Capabilities;
use crate::charset::decode;
use crate::command::Answer;
use crate::handshake::{self, greeting};
use crate::packet::{HEADER, Header, Place, lenenc};
use crate::result::{
    EOF, EOF_LENGTH, ERR, ERR_HEAD, LOCAL_INFILE, OK, OK_HEAD, ServerError, ServerStatus, end_status,
    ok_status,
};
use crate::resync;
use crate::session::{Phase, Session};

/// Payload of `COM_STMT_PREPARE_OK`; one byte more where metadata is optional.
const PREPARE_OK: usize = 12;

/// Payload of a column count at most: an integer of nine bytes and the byte that says whether definitions follow.
const COLUMN_COUNT: usize = 10;

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

/// How an answer ended.
#[derive(Clone, Copy)]
enum Outcome<'a> {
    Ok,
    Prepared(u32),
    Text(&'a [u8]),
    Error(ServerError<'a>),
    /// Its end was not captured.
    Lost,
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

/// A packet of which at least the first byte of the payload is there.
#[derive(Clone, Copy)]
struct Packet<'a> {
    head: Header,
    /// As much of the payload as is there.
    payload: &'a [u8],
    /// What stands behind the packet.
    behind: &'a [u8],
    /// Of the header, in the input.
    at: usize,
    place: Place,
}

impl<'a> Packet<'a> {
    fn first(&self) -> u8 {
        self.payload.first().copied().unwrap_or_default()
    }

    /// The payload, or as much of it as is of use.
    fn up_to(&self, most: usize) -> Result<&'a [u8], Taken> {
        let wanted = self.head.length.min(most);
        self.payload.get(..wanted).ok_or(Taken::Needs(wanted))
    }

    /// Of the same answer.
    fn is_followed_by_eof(&self) -> bool {
        Header::read(self.behind).is_some_and(|next| {
            next.length == EOF_LENGTH
                && next.sequence == self.head.sequence.wrapping_add(1)
                && self.behind.get(HEADER) == Some(&EOF)
        })
    }

    fn start(&self) -> u64 {
        self.place.start(self.at)
    }

    fn end(&self) -> u64 {
        self.place.end(self.at + self.head.whole())
    }
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

    /// The first packet of a result ("COM_QUERY Response").
    fn result(&mut self, packet: Packet<'_>, output: &mut Output<'_>) -> Result<(), Taken> {
        match packet.first() {
            ERR => self.error(packet, output),
            OK => {
                let status = ok_status(packet.up_to(OK_HEAD)?).ok_or(Taken::Violation)?;
                self.open(packet);
                self.result_ends(status, packet, output);
                Ok(())
            }
            EOF if packet.head.length <= OK_HEAD => {
                let status =
                    end_status(packet.up_to(OK_HEAD)?, packet.head.length).ok_or(Taken::Violation)?;
                self.open(packet);
                self.result_ends(status, packet, output);
                Ok(())
            }
            LOCAL_INFILE => {
                self.open(packet);
                self.reply.stage = Stage::File;
                self.upload = true;
                Ok(())
            }
            _ => self.column_count(packet),
        }
    }

    fn column_count(&mut self, packet: Packet<'_>) -> Result<(), Taken> {
        if packet.head.length > COLUMN_COUNT {
            return Err(Taken::Violation);
        }
        let mut reader = Reader::new(packet.up_to(COLUMN_COUNT)?);
        let count = lenenc(&mut reader).and_then(|count| u16::try_from(count).ok());
        let count = count.ok_or(Taken::Violation)?;
        // Where metadata is optional, a byte behind the count says whether it follows.
        let follows = reader.u8().is_ok_and(|follows| follows == 0);
        self.open(packet);
        self.reply.stage = match (count, follows) {
            (0, _) | (_, true) => Stage::ColumnsEnd,
            (count, false) => Stage::Columns(u32::from(count)),
        };
        Ok(())
    }

    fn column(&mut self, packet: Packet<'_>, left: u32, output: &mut Output<'_>) -> Result<(), Taken> {
        if packet.first() == ERR {
            return self.error(packet, output);
        }
        self.reply.stage = if left > 1 { Stage::Columns(left - 1) } else { Stage::ColumnsEnd };
        Ok(())
    }

    fn columns_end(&mut self, packet: Packet<'_>, output: &mut Output<'_>) -> Result<(), Taken> {
        // An OK packet in place of an EOF is longer: a short one is the EOF behind the definitions, or there is none.
        if packet.first() != EOF || packet.head.length > EOF_LENGTH {
            self.deprecates_eof = Some(true);
            self.reply.stage = Stage::Rows;
            return self.row(packet, output);
        }
        let status = end_status(packet.up_to(EOF_LENGTH)?, packet.head.length).ok_or(Taken::Violation)?;
        self.deprecates_eof = Some(false);
        self.reply.stage = Stage::Rows;
        if status.cursor_exists() && matches!(self.awaited(), Answer::Execute | Answer::Unknown) {
            // The rows wait for COM_STMT_FETCH.
            self.result_ends(status, packet, output);
        }
        Ok(())
    }

    /// A row, or what ends them. A text row that begins with 0xfe is longer than a packet can be told from.
    fn row(&mut self, packet: Packet<'_>, output: &mut Output<'_>) -> Result<(), Taken> {
        match packet.first() {
            ERR => self.error(packet, output),
            EOF if !packet.head.continues() => {
                let status =
                    end_status(packet.up_to(OK_HEAD)?, packet.head.length).ok_or(Taken::Violation)?;
                self.result_ends(status, packet, output);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn prepare_ok(&mut self, packet: Packet<'_>, output: &mut Output<'_>) -> Result<(), Taken> {
        let mut reader = Reader::new(packet.up_to(PREPARE_OK + 1)?);
        let mut head = || {
            reader.u8()?;
            let id = reader.u32_le()?;
            let (columns, parameters) = (reader.u16_le()?, reader.u16_le()?);
            reader.take(3)?; // filler, warnings
            Ok::<_, Shortage>((id, columns, parameters))
        };
        let Ok((id, columns, parameters)) = head() else { return Err(Taken::Violation) };
        let follows = reader.u8() != Ok(0);
        self.open(packet);
        self.last_statement = Some(id);
        if let Some(sql) = self.pending.front_mut().and_then(|pending| pending.sql.take()) {
            self.statements.insert(id, sql);
        }
        match (parameters, columns) {
            (0, 0) => self.finish(Outcome::Prepared(id), packet.end(), output),
            _ if !follows => self.finish(Outcome::Prepared(id), packet.end(), output),
            (0, columns) => self.reply.stage = Stage::Prepared(columns, 0),
            (parameters, columns) => self.reply.stage = Stage::Prepared(parameters, columns),
        }
        Ok(())
    }

    /// Definitions of parameters and columns, each block with an EOF behind it unless that is deprecated.
    fn prepared(
        &mut self,
        packet: Packet<'_>,
        left: u16,
        next: u16,
        output: &mut Output<'_>,
    ) -> Result<(), Taken> {
        let is_eof = packet.first() == EOF && packet.head.length <= EOF_LENGTH;
        if packet.first() == ERR {
            return self.error(packet, output);
        }
        // What is left after this packet; an EOF is due where `left` gets down to 0.
        let (left, next) = match (left, is_eof) {
            (_, true) => {
                self.deprecates_eof = Some(false);
                (next, 0)
            }
            (0, false) => {
                self.deprecates_eof = Some(true);
                (next.saturating_sub(1), 0)
            }
            (left, false) => (left - 1, next),
        };
        if left == 0 && self.deprecates_eof.is_none() && packet.is_followed_by_eof() {
            self.deprecates_eof = Some(false);
        }
        let eof_is_due = left == 0 && !is_eof && self.deprecates_eof == Some(false);
        let is_last = left == 0 && next == 0 && !eof_is_due;
        if is_last {
            let id = self.last_statement.unwrap_or_default();
            self.finish(Outcome::Prepared(id), packet.end(), output);
        } else {
            self.reply.stage = Stage::Prepared(left, next);
        }
        Ok(())
    }

    /// The first packet of an answer was seen.
    fn open(&mut self, packet: Packet<'_>) {
        if !self.reply.is_open() {
            self.reply.start = packet.start();
            self.reply.begun = false;
            self.reply.later = false;
            self.reply.orphan = self.pending.is_empty();
            self.reply.stage = Stage::NextResult;
        }
    }

    fn result_ends(&mut self, status: ServerStatus, packet: Packet<'_>, output: &mut Output<'_>) {
        if status.more_results() {
            self.reply.stage = Stage::NextResult;
            self.reply.later = true;
        } else {
            self.finish(Outcome::Ok, packet.end(), output);
        }
    }

    fn error(&mut self, packet: Packet<'_>, output: &mut Output<'_>) -> Result<(), Taken> {
        let payload = if self.cut { packet.payload } else { packet.up_to(ERR_HEAD)? };
        let error = ServerError::read(payload).ok_or(Taken::Violation)?;
        self.open(packet);
        if !error.is_progress() {
            self.finish(Outcome::Error(error), packet.end(), output);
        }
        Ok(())
    }

    fn finish(&mut self, outcome: Outcome<'_>, end: u64, output: &mut Output<'_>) {
        self.quota.count_message();
        let charset = self.charset;
        let answered = if self.reply.orphan { None } else { self.take_answered() };
        // Nobody asked: the server says why it closes the connection.
        let is_push = answered.is_none() && !self.lossy && matches!(outcome, Outcome::Error(_));
        let kind = if is_push { Kind::OneWay } else { Kind::Response };
        let mut message = if self.reply.begun {
            output.spanning(Kind::Response, Part::End, end, end)
        } else {
            output.spanning(kind, Part::Whole, self.reply.start, end)
        };
        match outcome {
            Outcome::Lost => {}
            Outcome::Error(error) if self.reply.later => {
                // The first result was a success, and stands for the whole.
                message.status(Status::Ok).number(Field::ResponseCode, 0);
                message.attribute("later_error_code", error.code.to_string());
                message.attribute("later_error", decode(charset, error.message));
            }
            Outcome::Error(error) => {
                message.status(error.status()).number(Field::ResponseCode, i64::from(error.code));
                message.text(Field::ResponseException, decode(charset, error.message));
                if let Some(state) = error.sql_state {
                    message.attribute("sql_state", state);
                }
            }
            Outcome::Ok => {
                message.status(Status::Ok).number(Field::ResponseCode, 0);
            }
            Outcome::Text(text) => {
                message.status(Status::Ok).number(Field::ResponseCode, 0);
                message.text(Field::ResponseResult, text);
            }
            Outcome::Prepared(id) => {
                message.status(Status::Ok).number(Field::ResponseCode, 0);
                message.number(Field::RequestId, i64::from(id));
            }
        }
        if let (Some(true), Some(id)) = (answered.as_ref().map(|a| a.last_statement), self.last_statement) {
            message.number(Field::RequestId, i64::from(id));
        }
        if answered.is_some_and(|a| a.answer == Answer::Prepare) && !matches!(outcome, Outcome::Prepared(_)) {
            self.last_statement = None;
        }
        self.pipelines |= !self.pending.is_empty() && !matches!(outcome, Outcome::Lost);
        self.upload = false;
        self.reply.stage = Stage::First;
        self.reply.begun = false;
    }
}
