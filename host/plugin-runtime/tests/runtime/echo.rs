//! The SDK's example, sandboxed.

use weir_pipeline::parse::outcome::{FieldName, MessageKind, MessageStatus, ParserState, Value};
use weir_pipeline::parse::parser::{CheckVerdict, ProtocolParser};
use weir_plugin_runtime::{Instance, PluginConfig};

use crate::support::{Batch, C2S, S2C, echo_wasm, ping, probe, runtime, text};

fn echo() -> Instance {
    let plugin = runtime().load(echo_wasm()).expect("echo is a plugin");
    plugin.instantiate(PluginConfig::default()).expect("echo starts")
}

#[test]
fn says_who_it_is() {
    let plugin = runtime().load(echo_wasm()).unwrap();
    let manifest = plugin.manifest();
    assert_eq!((&*manifest.name, &*manifest.protocols[0]), ("echo", "Echo"));
    assert_eq!(manifest.signatures[0].any_of, [b"PING ", b"PONG ", b"FAIL "]);
}

#[test]
fn checks_first_bytes() {
    let mut echo = echo();
    let mut check = |bytes: &[u8]| echo.check(bytes, &probe()).unwrap();
    assert_eq!(check(b"PING x\n"), CheckVerdict::ClientSpeaks);
    assert_eq!(check(b"PONG x\n"), CheckVerdict::ServerSpeaks);
    assert_eq!(check(b"GET / HTTP/1.1\r\n"), CheckVerdict::No);
    assert_eq!(check(b"PI"), CheckVerdict::NeedMore);
    assert_eq!(check(b""), CheckVerdict::NeedMore);
}

#[test]
fn tells_messages_and_progress() {
    let mut echo = echo();
    let batch = Batch::default()
        .open(7)
        .data(7, C2S, 0, b"PING one\nPING tw")
        .data(7, S2C, 0, b"FAIL no\n")
        .open(3)
        .data(3, S2C, 0, b"nonsense\n");
    let outcome = batch.send(&mut echo).unwrap();
    let [request] = &outcome.messages[..] else { panic!("{:?}", outcome.messages) };
    assert_eq!(
        (request.connection, request.kind, request.status),
        (7, MessageKind::Request, MessageStatus::None)
    );
    assert_eq!((request.start, request.end), (0, 9));
    let (name, value) = outcome.fields[1];
    assert_eq!((name, text(&value, &batch, &outcome)), (FieldName::RequestResource, &b"one"[..]));
    assert!(matches!(value, Value::Slice { .. }), "a piece of the payload is not copied");
    let progress: Vec<_> = outcome.progress.iter().map(|p| (p.event, p.state, p.resume_at)).collect();
    assert_eq!(progress, [(1, ParserState::Going, 9), (4, ParserState::Violation, 9)]);
}

#[test]
fn remembers_connections_between_calls() {
    let mut echo = echo();
    ping().send(&mut echo).unwrap();
    for n in 0..1000 {
        let batch = Batch::default().data(0, S2C, n * 8, b"PONG ok\n");
        let outcome = batch.send(&mut echo).unwrap();
        assert_eq!(outcome.messages[0].status, MessageStatus::Ok);
    }
    let stats = echo.stats().read();
    assert_eq!((stats.calls, stats.events, stats.messages), (1001, 1002, 1001));
    assert_eq!(stats.payload_bytes, 9 + 1000 * 8);
    assert!(stats.faults.is_empty() && stats.nanoseconds > 0);
    assert!(stats.memory > 0 && stats.memory < 4 << 20, "echo keeps little: {} bytes", stats.memory);
}

#[test]
fn empty_batches_and_closed_connections() {
    let mut echo = echo();
    assert!(Batch::default().send(&mut echo).unwrap().messages.is_empty());
    ping().close(0).send(&mut echo).unwrap();
    let outcome = Batch::default().data(0, C2S, 9, b"PING x\n").gap(5, S2C, 0, 10).send(&mut echo).unwrap();
    assert!(outcome.messages.is_empty(), "a closed connection tells nothing");
}
