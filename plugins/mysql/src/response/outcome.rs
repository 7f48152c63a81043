//! Takes: how an answer began and ended. Gives: the response to the host.

use weir_plugin_sdk::prelude::*;

use super::packet::Packet;
use super::{Stage, Taken};
use crate::charset::decode;
use crate::command::Answer;
use crate::result::{ERR_HEAD, ServerError, ServerStatus};
use crate::session::Session;

/// How an answer ended.
#[derive(Clone, Copy)]
pub(super) enum Outcome<'a> {
    Ok,
    Prepared(u32),
    Text(&'a [u8]),
    Error(ServerError<'a>),
    /// Its end was not captured.
    Lost,
}

impl Session {
    /// The first packet of an answer was seen.
    pub(super) fn open(&mut self, packet: Packet<'_>) {
        if !self.reply.is_open() {
            self.reply.start = packet.start();
            self.reply.begun = false;
            self.reply.later = false;
            self.reply.orphan = self.pending.is_empty();
            self.reply.stage = Stage::NextResult;
        }
    }

    pub(super) fn result_ends(&mut self, status: ServerStatus, packet: Packet<'_>, output: &mut Output<'_>) {
        if status.more_results() {
            self.reply.stage = Stage::NextResult;
            self.reply.later = true;
        } else {
            self.finish(Outcome::Ok, packet.end(), output);
        }
    }

    pub(super) fn error(&mut self, packet: Packet<'_>, output: &mut Output<'_>) -> Result<(), Taken> {
        let payload = if self.cut { packet.payload } else { packet.up_to(ERR_HEAD)? };
        let error = ServerError::read(payload).ok_or(Taken::Violation)?;
        self.open(packet);
        if !error.is_progress() {
            self.finish(Outcome::Error(error), packet.end(), output);
        }
        Ok(())
    }

    pub(super) fn finish(&mut self, outcome: Outcome<'_>, end: u64, output: &mut Output<'_>) {
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
