//! Takes: the client's packets. Gives: one request a command, and LOGIN for the handshake.

use weir_plugin_sdk::prelude::*;
use weir_plugin_sdk::trace_context::sql_comment;

use crate::attributes::query;
use crate::capability::Capabilities;
use crate::charset::{by_collation, decode, set_by};
use crate::command::{
    Answer, Argument, COM_CHANGE_USER, COM_QUERY, COM_RESET_CONNECTION, COM_STMT_CLOSE, Command, command,
};
use crate::handshake::{self, Hello, change_user, hello};
use crate::packet::{HEADER, Header, Place};
use crate::resync;
use crate::session::{Pending, Phase, Session};
use crate::statements::Sql;

/// Bytes of a command that are waited for; of a longer one the rest is stepped over. The host keeps 4 KiB of a text, and a
/// trace context stands at its end: few statements that carry one are longer than this.
const TEXT: usize = 64 << 10;

/// Bytes of a text that the host keeps.
const KEPT: usize = 4096;

/// "The statement prepared last", MariaDB's way to execute before the answer to `COM_STMT_PREPARE`.
const LAST_STATEMENT: u32 = u32::MAX;

/// A packet with this sequence id behind a query is a local file: commands begin with 0, handshakes with 1.
const FIRST_OF_FILE: u8 = 2;

impl Session {
    pub(crate) fn client(&mut self, bytes: &[u8], place: Place, output: &mut Output<'_>) -> Step {
        if !self.is_synced(Direction::ClientToServer) {
            if resync::is_login(bytes) {
                // The server's greeting was not captured, or came before this parser.
                self.phase = Phase::Hello;
            } else if resync::may_be_command(bytes) {
                // Servers read the head of a packet alone, and so it comes from system calls.
                return Step::NeedAtLeast(HEADER as u32 + 1);
            } else if !resync::is_command(bytes) {
                return Step::Consumed(bytes.len() as u64);
            }
            self.lane(Direction::ClientToServer).synced = true;
        }
        let Some(head) = Header::read(bytes) else { return Step::NeedAtLeast(HEADER as u32) };
        if self.lane(Direction::ClientToServer).continued {
            return self.continued(head, place, output);
        }
        let step = Step::Consumed(head.whole() as u64);
        if self.upload && self.phase == Phase::Commands {
            self.upload = head.length != 0;
            self.lane(Direction::ClientToServer).continued = false;
            return step;
        }
        if self.phase != Phase::Commands && (head.sequence != 0 || !resync::is_command(bytes)) {
            if let Some(step) = proxy_header(bytes) {
                return step;
            }
            return self.hello(head, bytes, place, output);
        }
        if head.sequence != 0 && self.is_in_login() {
            return step;
        }
        if head.sequence == FIRST_OF_FILE && self.awaited() == Answer::Result && !self.reply.is_open() {
            self.upload = head.length != 0;
            self.expect_any_sequence();
            return step;
        }
        self.command(head, bytes, place, output)
    }

    /// A further packet of a payload that is longer than one.
    fn continued(&mut self, head: Header, place: Place, output: &mut Output<'_>) -> Step {
        if !head.continues() {
            self.lane(Direction::ClientToServer).continued = false;
            let end = place.end(head.whole());
            self.quota.count_message();
            output.spanning(self.told, Part::End, end, end);
            self.expect_any_sequence();
        }
        Step::Consumed(head.whole() as u64)
    }

    fn expect_any_sequence(&mut self) {
        if let Some(last) = self.pending.back_mut() {
            last.further_packets = true;
        }
    }

    fn hello(&mut self, head: Header, bytes: &[u8], place: Place, output: &mut Output<'_>) -> Step {
        let wanted = HEADER + head.length.min(handshake::RESPONSE);
        let Some(payload) = bytes.get(HEADER..wanted) else { return Step::NeedAtLeast(wanted as u32) };
        match hello(payload, head.length) {
            Some(Hello::Tls) => Step::Finished,
            Some(Hello::Login(login)) => {
                self.quota.count_message();
                self.agree(login.capabilities);
                self.charset = by_collation(login.collation);
                self.phase = Phase::Commands;
                self.wait_for(Pending::new(Answer::Auth));
                let mut message =
                    output.spanning(Kind::Request, Part::Whole, place.start(0), place.end(head.whole()));
                message.text(Field::RequestType, "LOGIN").text(Field::RequestResource, login.user);
                if let Some(schema) = login.schema {
                    message.attribute("schema", schema);
                }
                Step::Consumed(head.whole() as u64)
            }
            None => self.stray(),
        }
    }

    fn command(&mut self, head: Header, bytes: &[u8], place: Place, output: &mut Output<'_>) -> Step {
        let Some(byte) = bytes.get(HEADER) else {
            return if head.length == 0 { self.stray() } else { Step::NeedAtLeast(HEADER as u32 + 1) };
        };
        if head.sequence != 0 {
            return self.stray();
        }
        let Some(command) = command(*byte).filter(|c| c.fits(head.length)) else {
            // A command of another server's own. Its answer is told without it.
            self.lossy = true;
            return Step::Consumed(head.whole() as u64);
        };
        let mut wanted = HEADER + head.length.min(wanted(&command));
        if self.cut {
            wanted = wanted.min(bytes.len());
        }
        let Some(argument) = bytes.get(HEADER + 1..wanted) else { return Step::NeedAtLeast(wanted as u32) };
        self.phase = Phase::Commands;
        self.lane(Direction::ClientToServer).continued = head.continues();
        self.tell(*byte, &command, head, argument, place, output);
        Step::Consumed(head.whole() as u64)
    }

    fn tell(
        &mut self,
        byte: u8,
        command: &Command,
        head: Header,
        argument: &[u8],
        place: Place,
        output: &mut Output<'_>,
    ) {
        self.quota.count_message();
        self.told = if command.answer == Answer::None { Kind::OneWay } else { Kind::Request };
        let part = if head.continues() { Part::Begin } else { Part::Whole };
        let mut message = output.spanning(self.told, part, place.start(0), place.end(head.whole()));
        message.text(Field::RequestType, command.name);
        let mut waiting = Pending::new(command.answer);
        match command.argument {
            Argument::Sql => {
                let attributes = self.speaks(Capabilities::QUERY_ATTRIBUTES);
                let sent = query(argument, if byte == COM_QUERY { attributes } else { Some(false) });
                // What was inflated is copied into the answer.
                let kept = if place.is_compressed() { sent.sql.len().min(KEPT) } else { sent.sql.len() };
                let sql = decode(self.charset, &sent.sql[..kept]);
                message.text(Field::RequestResource, &sql);
                if let Some((trace, span)) = sent.trace.or_else(|| sql_comment(sent.sql)) {
                    message.text(Field::TraceId, trace).text(Field::SpanId, span);
                }
                if command.answer == Answer::Prepare {
                    waiting.sql = Sql::keep(&sql);
                }
                if let Some(charset) = set_by(sent.sql) {
                    self.charset = charset;
                }
            }
            Argument::Name => {
                let name = argument.split(|b| *b == 0).next().unwrap_or_default();
                message.text(Field::RequestResource, decode(self.charset, name));
            }
            Argument::User => {
                if let Some(change) = change_user(argument) {
                    message.text(Field::RequestResource, change.user);
                    if let Some(schema) = change.schema {
                        message.attribute("schema", schema);
                    }
                    self.charset = change.collation.map_or(self.charset, by_collation);
                }
            }
            Argument::Statement => {
                let id = argument.first_chunk().map_or(0, |id| u32::from_le_bytes(*id));
                let mut quota = self.quota;
                let (id, sql) = self.statement(id);
                waiting.last_statement = id.is_none();
                if let Some(id) = id {
                    message.number(Field::RequestId, i64::from(id));
                }
                if let Some(sql) = sql.filter(|sql| quota.takes_text(sql.len())) {
                    message.text(Field::RequestResource, sql);
                }
                self.quota = quota;
                if let (COM_STMT_CLOSE, Some(id)) = (byte, id) {
                    self.statements.close(id);
                }
            }
            Argument::Other => {}
        }
        if matches!(byte, COM_RESET_CONNECTION | COM_CHANGE_USER) {
            // "Prepared statements are released."
            self.statements.clear();
        }
        if command.answer != Answer::None {
            self.wait_for(waiting);
        }
    }

    /// Number and SQL of the statement that a command names.
    fn statement(&self, id: u32) -> (Option<u32>, Option<&[u8]>) {
        if id != LAST_STATEMENT {
            return (Some(id), self.statements.sql(id));
        }
        let preparing = self.pending.iter().rev().find(|p| p.answer == Answer::Prepare);
        match (preparing, self.last_statement) {
            (Some(preparing), _) => (None, preparing.sql.as_ref().map(Sql::text)),
            (None, Some(id)) => (Some(id), self.statements.sql(id)),
            (None, None) => (None, None),
        }
    }

    /// No packet that a client sends now.
    fn stray(&mut self) -> Step {
        self.lane(Direction::ClientToServer).synced = false;
        self.lossy = true;
        Step::Violation
    }
}

/// Bytes of the payload that are read.
fn wanted(command: &Command) -> usize {
    match command.argument {
        Argument::Sql => TEXT,
        Argument::Name | Argument::User => handshake::RESPONSE,
        Argument::Statement => 5,
        Argument::Other => 1,
    }
}

/// What a load balancer puts in front of the client's bytes ("The PROXY protocol", versions 1 and 2).
fn proxy_header(bytes: &[u8]) -> Option<Step> {
    const VERSION_1: &[u8] = b"PROXY ";
    const VERSION_2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
    let begins = |head: &[u8]| bytes.starts_with(head) || head.starts_with(bytes);
    if begins(VERSION_1) {
        // "107 chars are enough": 16 bit addresses and line end included.
        let line = bytes.get(..bytes.len().min(107))?;
        let end = line.iter().position(|b| *b == b'\n');
        return match end {
            Some(end) => Some(Step::Consumed(end as u64 + 1)),
            None if bytes.len() < 107 => Some(Step::NeedMore),
            None => None,
        };
    }
    if begins(VERSION_2) {
        return match bytes.get(14..16) {
            Some(&[high, low]) => Some(Step::Consumed(16 + u64::from(u16::from_be_bytes([high, low])))),
            _ => Some(Step::NeedAtLeast(16)),
        };
    }
    None
}
