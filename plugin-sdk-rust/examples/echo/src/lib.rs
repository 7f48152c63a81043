//! A toy protocol, start to end: lines `PING text` from the client, `PONG text` or `FAIL text` from the server.

use weir_plugin_sdk::prelude::*;

/// The parser of one connection; this protocol needs no memory.
#[derive(Debug)]
pub struct Echo;

impl Parser for Echo {
    fn manifest() -> Manifest {
        Manifest::new("echo", env!("CARGO_PKG_VERSION"))
            .protocol("Echo")
            .signature(Signature::tcp().any_of([b"PING ", b"PONG ", b"FAIL "]))
    }

    fn check(payload: &[u8], _: &Probe) -> Verdict {
        match payload.first_chunk() {
            Some(b"PING ") => Verdict::ClientSpeaks,
            Some(b"PONG " | b"FAIL ") => Verdict::ServerSpeaks,
            Some(_) => Verdict::No,
            None => Verdict::NeedMore,
        }
    }

    fn open(_: &Flow) -> Self {
        Self
    }

    fn parse(&mut self, input: Input<'_>, output: &mut Output<'_>) -> Step {
        let mut reader = Reader::new(input.bytes);
        let Ok(line) = reader.take_until(b'\n') else {
            return if input.bytes.len() > 1024 { Step::Violation } else { Step::NeedMore };
        };
        let length = reader.position() as u64;
        match line.split_first_chunk::<5>() {
            Some((b"PING ", text)) => {
                output
                    .message(Kind::Request, length)
                    .text(Field::RequestType, &line[..4])
                    .text(Field::RequestResource, text);
            }
            Some((b"PONG ", text)) => {
                output.message(Kind::Response, length).status(Status::Ok).text(Field::ResponseResult, text);
            }
            Some((b"FAIL ", text)) => {
                let mut message = output.message(Kind::Response, length);
                message.status(Status::ServerError).text(Field::ResponseException, text);
            }
            _ => return Step::Violation,
        }
        Step::Consumed(length)
    }
}

weir_plugin_sdk::register!(Echo);

#[cfg(test)]
mod tests {
    use weir_plugin_sdk::prelude::*;
    use weir_plugin_sdk::testing::{every_prefix, every_split, mutations};

    use super::Echo;

    const TALK: &[(Direction, &[u8])] = &[
        (Direction::ClientToServer, b"PING one\nPING two\n"),
        (Direction::ServerToClient, b"PONG one\nFAIL no two here\n"),
    ];

    #[test]
    fn requests_and_answers() {
        let told = every_split::<Echo>(TALK);
        assert_eq!(told[1].text(Field::RequestResource), Some("two"));
        assert_eq!(told[3].text(Field::ResponseException), Some("no two here"));
        assert_eq!(told[3].status, Status::ServerError);
    }

    #[test]
    fn strangers_bytes() {
        every_prefix::<Echo>(TALK);
        mutations::<Echo>(TALK, 200);
    }
}
