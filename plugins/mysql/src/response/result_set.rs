//! Takes: the packets of results ("COM_QUERY Response", "Text Resultset"). Gives: where they end.

use weir_plugin_sdk::prelude::*;

use super::packet::Packet;
use super::{Stage, Taken};
use crate::command::Answer;
use crate::packet::lenenc;
use crate::result::{EOF, EOF_LENGTH, ERR, LOCAL_INFILE, OK, OK_HEAD, end_status, ok_status};
use crate::session::Session;

/// Payload of a column count at most: an integer of nine bytes and the byte that says whether definitions follow.
const COLUMN_COUNT: usize = 10;

impl Session {
    /// The first packet of a result ("COM_QUERY Response").
    pub(super) fn result(&mut self, packet: Packet<'_>, output: &mut Output<'_>) -> Result<(), Taken> {
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

    pub(super) fn column_count(&mut self, packet: Packet<'_>) -> Result<(), Taken> {
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

    pub(super) fn column(
        &mut self,
        packet: Packet<'_>,
        left: u32,
        output: &mut Output<'_>,
    ) -> Result<(), Taken> {
        if packet.first() == ERR {
            return self.error(packet, output);
        }
        self.reply.stage = if left > 1 { Stage::Columns(left - 1) } else { Stage::ColumnsEnd };
        Ok(())
    }

    pub(super) fn columns_end(&mut self, packet: Packet<'_>, output: &mut Output<'_>) -> Result<(), Taken> {
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
    pub(super) fn row(&mut self, packet: Packet<'_>, output: &mut Output<'_>) -> Result<(), Taken> {
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
}
