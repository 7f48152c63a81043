//! Plugins with equal protocol numbers, connections, faults: who is told what.

use weir_pipeline::parse::event::{FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::{FieldName, ParserState};
use weir_pipeline::parse::parser::{FaultKind, ProtocolParser};
use weir_plugin_runtime::{PluginConfig, PluginSet};

use crate::guest::Guest;
use crate::support::{
    Batch, C2S, claim, claimed, flow, flow_id, instance, mirrored, probe, protobuf, raw, request, runtime,
    said,
};

/// Tells the number that it is given for the protocol, as an attribute.
fn tells_number() -> Guest {
    let list = crate::support::text(&protobuf(&[crate::support::bytes(
        31,
        &[crate::support::bytes(1, b"n"), crate::support::bytes(2, &[0])].concat(),
    )]));
    Guest {
        more: crate::guest::data(0x2000, &list),
        ..Guest::parse(&format!(
            "(drop (call $vm_read_ctx_base (i32.const 0x3000) (i32.const 1024)))
             (i32.store8 (i32.const {}) (i32.load8_u (i32.const 0x300e)))
             (if (i32.eq (i32.load8_u (i32.const 0x300e)) (i32.const 99)) (then (unreachable)))
             (drop (call $host_read_l7_protocol_info (i32.const 0x2000) (i32.const {})))
             (i32.const 1)",
            0x2000 + list.len() - 1,
            list.len()
        ))
    }
}

fn number(parser: &mut dyn ProtocolParser, batch: &Batch) -> u8 {
    let outcome = batch.send(parser).unwrap();
    raw(&outcome.attributes[0].1, &outcome)[0]
}

#[test]
fn equal_numbers_do_not_meet() {
    let runtime = runtime();
    let mut set = PluginSet::default();
    for file in ["one", "two"] {
        set.add(runtime.load_named(&Guest::default().wasm(), file).unwrap()).unwrap();
    }
    let mut parsers: Vec<_> =
        set.iter().map(|plugin| plugin.instantiate(PluginConfig::default()).unwrap()).collect();
    let names: Vec<_> = parsers
        .iter_mut()
        .zip(["first", "second"])
        .map(|(parser, name)| {
            let batch = claimed(parser, 0, 1, name).told(C2S, 0, 1, &[protobuf(&[request("GET", "/")])]);
            let outcome = batch.send(parser).unwrap();
            said(&outcome)[0].field(FieldName::BizProtocol).map(str::to_owned)
        })
        .collect();
    assert_eq!(names, [Some("first".into()), Some("second".into())]);
}

#[test]
fn one_file_is_not_loaded_twice() {
    let plugin = runtime().load_named(&Guest::default().wasm(), "one").unwrap();
    let mut set = PluginSet::default();
    set.add(plugin.clone()).unwrap();
    assert!(set.add(plugin).is_err());
}

#[test]
fn each_connection_keeps_its_number() {
    let mut parser = instance(&tells_number());
    for connection in 0..200 {
        parser.check(&claim(connection as i32 + 256, ""), &probe(flow_id(connection))).unwrap();
    }
    // Opened in another order than claimed.
    for connection in (0..200).rev().filter(|n| *n % 256 != 0 && *n != 99) {
        let batch = Batch::default().open(connection).data(connection, C2S, 0, b"x");
        assert_eq!(number(&mut parser, &batch), connection as u8);
    }
}

#[test]
fn numbers_of_connections_are_used_again() {
    let mut parser = instance(&tells_number());
    let batch = claimed(&mut parser, 0, 5, "").data(0, C2S, 0, b"x");
    assert_eq!(number(&mut parser, &batch), 5);
    Batch::default().event(StreamEvent::Closed { connection: 0 }).send(&mut parser).unwrap();
    let other = FlowFacts { flow_id: 999, ..flow(0) };
    let batch = Batch::default().open_flow(other).data(0, C2S, 0, b"x");
    assert_eq!(number(&mut parser, &batch), 0, "nobody claimed this one");
}

#[test]
fn numbers_outlive_the_guest() {
    let mut parser = instance(&tells_number());
    let batch = claimed(&mut parser, 0, 5, "").data(0, C2S, 0, b"x");
    assert_eq!(number(&mut parser, &batch), 5);
    let broken = claimed(&mut parser, 1, 99, "").data(1, C2S, 0, b"x");
    assert_eq!(broken.send(&mut parser).unwrap_err().kind, FaultKind::Trap);
    let again = Batch::default().open_flow(FlowFacts { from_start: false, ..flow(0) }).data(0, C2S, 1, b"x");
    assert_eq!(number(&mut parser, &again), 5);
}

#[test]
fn data_of_nobodys_connection() {
    let mut parser = instance(&tells_number());
    for connection in [0, 7, u32::MAX] {
        let batch = Batch::default().data(connection, C2S, 0, b"x");
        assert_eq!(batch.send(&mut parser).unwrap().messages.len(), 0);
    }
    let far = Batch::default().open(u32::MAX).data(u32::MAX, C2S, 0, b"x");
    assert_eq!(far.send(&mut parser).unwrap().messages.len(), 0);
}

#[test]
fn gaps_are_not_told() {
    let mut parser = instance(&Guest::parse("(unreachable)"));
    let gap = StreamEvent::Gap { connection: 0, direction: C2S, offset: 0, length: 0, position: 0, bytes: 9 };
    Batch::default().open(0).event(gap).send(&mut parser).unwrap();
}

#[test]
fn payloads_that_nobody_wants() {
    let mut parser = instance(&Guest::default());
    let next = mirrored(0, &[protobuf(&[request("GET", "/")])]);
    let empty = mirrored(1, &[]);
    let mut batch = Batch::default().open(0);
    for _ in 0..127 {
        batch = batch.data(0, C2S, 0, &next);
    }
    let outcome = batch.clone().data(0, C2S, 0, &empty).send(&mut parser).unwrap();
    assert_eq!((outcome.messages.len(), outcome.progress.len()), (0, 0), "next drops what it handed over");
    assert_eq!(parser.stats().read().counters["payloads_not_parsed"], 127);

    let outcome = batch.data(0, C2S, 0, &next).send(&mut parser).unwrap();
    let [left] = outcome.progress.as_slice() else { panic!("{:?}", outcome.progress) };
    assert_eq!((left.event, left.state), (128, ParserState::Finished));
}
