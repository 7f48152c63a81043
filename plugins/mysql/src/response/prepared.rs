//! Takes: the answer to `COM_STMT_PREPARE`. Gives: its end, and the statement's number to the table of statements.

use weir_plugin_sdk::prelude::*;

use super::outcome::Outcome;
use super::packet::Packet;
use super::{Stage, Taken};
use crate::result::{EOF, EOF_LENGTH, ERR};
use crate::session::Session;

/// Payload of `COM_STMT_PREPARE_OK`; one byte more where metadata is optional.
const PREPARE_OK: usize = 12;

impl Session {
    pub(super) fn prepare_ok(&mut self, packet: Packet<'_>, output: &mut Output<'_>) -> Result<(), Taken> {
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
    pub(super) fn prepared(
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
}
