//! Messages of many streams on one connection, begun and ended in any order: sessions are made by number, and none is left open.
#![allow(clippy::unwrap_used)] // a test

mod common;

use std::sync::Arc;

use common::{CLIENT, SERVER, Tcp};
use weir_pipeline::decode::Transport;
use weir_pipeline::limits::Limits;
use weir_pipeline::parse::event::{Direction, FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::{
    FieldName, Message, MessageKind, MessagePart, MessageStatus, Outcome, ParserState, Progress, Value,
};
use weir_pipeline::parse::parser::{CheckVerdict, Manifest, PluginFault, Probe, ProtocolParser, Signature};
use weir_pipeline::worker::{Worker, WorkerConfig};

/// A body that is stepped over.
const BODY: u64 = 300;

/// Segments of three bytes: `B1;` begins message 1, `E1;` ends it, `E1+` ends it behind a body to come, `O1;` says that no answer will
/// come, `P1;` begins a message that nobody asked for and `F1;` ends it. A message's own bytes are 7 when it ends.
struct Streams(Arc<Manifest>);

impl Streams {
    fn new() -> Self {
        let signature =
            Signature { transport: Transport::Tcp, offset: 0, any_of: vec![b"B".to_vec()], ports: vec![] };
        Self(Arc::new(Manifest {
            name: "streams".into(),
            version: "1.0.0".into(),
            protocols: vec!["Streams".into()],
            signatures: vec![signature],
        }))
    }
}

impl ProtocolParser for Streams {
    fn manifest(&self) -> &Arc<Manifest> {
        &self.0
    }

    fn check(&mut self, _: &[u8], _: &Probe) -> Result<CheckVerdict, PluginFault> {
        Ok(CheckVerdict::ClientSpeaks)
    }

    fn process(
        &mut self,
        arena: &[u8],
        _: &[FlowFacts],
        events: &[StreamEvent],
        outcome: &mut Outcome,
    ) -> Result<(), PluginFault> {
        for (index, event) in events.iter().enumerate() {
            let StreamEvent::Data { connection, direction, offset, position, .. } = *event else { continue };
            let &[verb, number, last] = arena[offset as usize..].first_chunk().unwrap();
            let one_way = matches!(verb, b'O' | b'P' | b'F');
            let kind = match direction {
                _ if one_way => MessageKind::OneWay,
                Direction::ClientToServer => MessageKind::Request,
                Direction::ServerToClient => MessageKind::Response,
            };
            let body = if last == b'+' { BODY } else { 0 };
            let begins = matches!(verb, b'B' | b'P');
            let end = position + 3 + body;
            outcome.messages.push(Message {
                connection,
                direction,
                kind,
                part: if begins { MessagePart::Begin } else { MessagePart::End },
                status: MessageStatus::None,
                protocol: 0,
                fields: 1,
                attributes: 0,
                pieces: 0,
                correlation: Some(u64::from(number)),
                start: if begins { position } else { end - end.min(7) },
                end,
            });
            let field = match direction {
                Direction::ClientToServer => FieldName::RequestResource,
                Direction::ServerToClient => FieldName::ResponseResult,
            };
            outcome.fields.push((field, Value::Slice { offset: offset + 1, length: 1 }));
            if body > 0 {
                let event = index as u32;
                outcome.progress.push(Progress { event, state: ParserState::Going, need: 0, resume_at: end });
            }
        }
        Ok(())
    }
}

fn tcp() -> Tcp {
    let mut tcp = Tcp::new(Limits::default());
    tcp.worker =
        Worker::new(WorkerConfig { limits: Limits::default() }, vec![Box::new(Streams::new())], Vec::new());
    tcp.handshake();
    tcp
}

fn play(tcp: &mut Tcp, script: &[(usize, &str)]) {
    for (side, text) in script {
        tcp.send(*side, text.as_bytes());
        tcp.worker.flush(&mut tcp.told);
    }
}

#[test]
fn side_by_side() {
    let mut tcp = tcp();
    play(&mut tcp, &[(CLIENT, "B1;"), (CLIENT, "B2;"), (CLIENT, "E2;"), (SERVER, "B2;"), (SERVER, "B1;")]);
    play(&mut tcp, &[(CLIENT, "E1;"), (SERVER, "E1;")]);
    assert_eq!(tcp.told.0, ["session 1 -> 1 unknown"]);
    play(&mut tcp, &[(SERVER, "E2;")]);
    assert_eq!(tcp.told.0, ["session 1 -> 1 unknown", "session 2 -> 2 unknown"]);
    let log = &tcp.told.1[0];
    assert_eq!((log.request_length, log.response_length), (Some(7), Some(7)), "not the bytes of others");
}

#[test]
fn no_answer_will_come() {
    let mut tcp = tcp();
    play(&mut tcp, &[(CLIENT, "B1;"), (CLIENT, "B2;"), (CLIENT, "E2;"), (CLIENT, "B3;")]);
    // One that was still going, one that was whole.
    play(&mut tcp, &[(CLIENT, "O1;"), (CLIENT, "O2;")]);
    assert_eq!(tcp.told.0, ["request 1 -> - unknown", "request 2 -> - unknown"]);
    play(&mut tcp, &[(CLIENT, "E3;"), (SERVER, "B3;"), (CLIENT, "O3;"), (SERVER, "E3;")]);
    assert_eq!(tcp.told.0[2..], ["session 3 -> 3 unknown"], "it was answered");
    assert_eq!(tcp.worker.stats().messages_misplaced, 1);
}

#[test]
fn nobody_asked() {
    let mut tcp = tcp();
    play(&mut tcp, &[(CLIENT, "B1;"), (SERVER, "P2;"), (SERVER, "B1;"), (SERVER, "P4;"), (SERVER, "F2;")]);
    assert_eq!(tcp.told.0, ["response - -> 2 unknown"]);
    play(&mut tcp, &[(SERVER, "E1;"), (SERVER, "F4;")]);
    assert_eq!(tcp.told.0[1..], ["session 1 -> 1 unknown", "response - -> 4 unknown"]);
}

/// The end of a body that is stepped over lies in a gap: the message is over all the same.
#[test]
fn an_end_inside_of_a_gap() {
    let mut tcp = tcp();
    play(&mut tcp, &[(CLIENT, "B1;"), (CLIENT, "E1;"), (SERVER, "B1;"), (SERVER, "E1+")]);
    assert!(tcp.told.0.is_empty());
    tcp.lose(SERVER, &[b'.'; BODY as usize + 50]);
    play(&mut tcp, &[(SERVER, "B2;"), (CLIENT, "B3;"), (CLIENT, "E3;"), (SERVER, "B3;"), (SERVER, "E3;")]);
    assert_eq!(tcp.told.0, ["session 1 -> 1 unknown", "session 3 -> 3 unknown"]);
}
