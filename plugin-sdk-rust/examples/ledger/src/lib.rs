//! A private protocol over TCP: binary frames, answers in any order. The README has its frames.

mod frame;

use weir_plugin_sdk::prelude::*;

use frame::{Body, Head, Sort};

/// The parser of one connection; frames stand alone, so it needs no memory.
#[derive(Debug)]
pub struct Ledger;

impl Parser for Ledger {
    fn manifest() -> Manifest {
        Manifest::new("ledger", env!("CARGO_PKG_VERSION"))
            .protocol("Ledger")
            .signature(Signature::tcp().any_of([frame::MAGIC]))
    }

    fn check(payload: &[u8], _: &Probe) -> Verdict {
        match Head::read(&mut Reader::new(payload)) {
            Ok(Some(Head { sort: Sort::Request, .. })) => Verdict::ClientSpeaks,
            Ok(Some(Head { sort: Sort::Response, .. })) => Verdict::ServerSpeaks,
            Ok(None) => Verdict::No,
            Err(_) => Verdict::NeedMore,
        }
    }

    fn open(_: &Flow) -> Self {
        Self
    }

    fn parse(&mut self, input: Input<'_>, output: &mut Output<'_>) -> Step {
        let mut reader = Reader::new(input.bytes);
        let head = match Head::read(&mut reader) {
            Ok(Some(head)) => head,
            Ok(None) => return Step::Violation,
            Err(_) => return Step::NeedAtLeast(frame::HEAD_LENGTH),
        };
        // As much of the body as is there.
        let here = reader.rest();
        let body = here.get(..head.length as usize).unwrap_or(here);
        let body = match Body::read(head.sort, body) {
            Ok(body) => body,
            Err(length) if length > head.length => return Step::Violation,
            Err(length) => return Step::NeedAtLeast(frame::HEAD_LENGTH + length),
        };
        let length = u64::from(frame::HEAD_LENGTH) + u64::from(head.length);
        match body {
            Body::Request { operation, transaction } => {
                let mut message = output.message(Kind::Request, length);
                message.correlation(head.id).text(Field::BizProtocol, "Ledger");
                message.text(Field::RequestType, operation).number(Field::RequestId, head.id as i64);
                if !transaction.is_empty() {
                    message.text(Field::TraceId, transaction);
                }
            }
            Body::Response { status, text } => {
                let (whose, field) = match status {
                    0 => (Status::Ok, Field::ResponseResult),
                    1..=499 => (Status::ClientError, Field::ResponseException),
                    500.. => (Status::ServerError, Field::ResponseException),
                };
                let mut message = output.message(Kind::Response, length);
                message.correlation(head.id).text(Field::BizProtocol, "Ledger");
                message.status(whose).number(Field::ResponseCode, i64::from(status));
                if !text.is_empty() {
                    message.text(field, text);
                }
            }
        }
        // What is longer than what is here is stepped over.
        Step::Consumed(length)
    }
}

weir_plugin_sdk::register!(Ledger);

#[cfg(test)]
mod tests;
