//! Answers of `check_payload`, of both ages, and the names that plugins give.

use weir_pipeline::parse::outcome::FieldName;
use weir_pipeline::parse::parser::{CheckVerdict, FaultKind, Probe, ProtocolParser};

use crate::guest::Guest;
use crate::support::{C2S, claim, claimed, flow_id, instance, probe, protobuf, request, said};

const REQUEST: i32 = 1 << 8;
const RESPONSE: i32 = 2 << 8;

#[test]
fn values_of_both_ages() {
    let mut parser = instance(&Guest::default());
    let mut verdict = |value, from_client| {
        let probe = Probe { from_client, ..probe(1) };
        parser.check(&claim(value, "game"), &probe).unwrap()
    };
    for nothing in [0, REQUEST, RESPONSE, 0x300, -256, i32::MIN] {
        assert_eq!(verdict(nothing, Some(true)), CheckVerdict::No, "{nothing:#x}");
    }
    for (value, from_client, expected) in [
        (1, None, CheckVerdict::ClientSpeaks),
        (255, Some(true), CheckVerdict::ClientSpeaks),
        // The old value says nothing of the direction; the handshake does.
        (1, Some(false), CheckVerdict::ServerSpeaks),
        (REQUEST | 7, None, CheckVerdict::ClientSpeaks),
        (REQUEST | 7, Some(false), CheckVerdict::ClientSpeaks),
        (RESPONSE | 7, None, CheckVerdict::ServerSpeaks),
        (RESPONSE | 7, Some(true), CheckVerdict::ServerSpeaks),
    ] {
        assert_eq!(verdict(value, from_client), expected, "{value:#x} {from_client:?}");
    }
}

#[test]
fn directions_that_do_not_exist() {
    for value in [0x301, i32::MAX, -1, -255] {
        let mut parser = instance(&Guest::default());
        let fault = parser.check(&claim(value, ""), &probe(1)).unwrap_err();
        assert_eq!(fault.kind, FaultKind::BadAnswer, "{value:#x}: {fault}");
    }
}

#[test]
fn records_carry_the_name() {
    let mut parser = instance(&Guest::default());
    let batch = claimed(&mut parser, 0, 1, "game").told(C2S, 0, 1, &[protobuf(&[request("GET", "/")])]);
    let outcome = batch.send(&mut parser).unwrap();
    assert_eq!(said(&outcome)[0].field(FieldName::BizProtocol), Some("game"));
}

#[test]
fn without_a_name_the_made_up_one_counts() {
    let mut parser = instance(&Guest::default());
    assert_eq!(parser.manifest().protocols[0].as_ref(), "custom:deepflow-test");
    let batch = claimed(&mut parser, 0, 1, "").told(C2S, 0, 1, &[protobuf(&[request("GET", "/")])]);
    let outcome = batch.send(&mut parser).unwrap();
    assert_eq!(said(&outcome)[0].field(FieldName::BizProtocol), None);
}

#[test]
fn names_do_not_grow_without_bounds() {
    let mut parser = instance(&Guest::default());
    let long = "n".repeat(1000);
    let batch = claimed(&mut parser, 0, 1, &long).told(C2S, 0, 1, &[protobuf(&[request("GET", "/")])]);
    let outcome = batch.send(&mut parser).unwrap();
    assert_eq!(said(&outcome)[0].field(FieldName::BizProtocol), Some(&long[..64]));
    for n in 0..3000 {
        parser.check(&claim(1, &n.to_string()), &probe(flow_id(n))).unwrap();
    }
    let batch = claimed(&mut parser, 1, 1, "one too many").data(
        1,
        C2S,
        0,
        &crate::support::mirrored(1, &[protobuf(&[])]),
    );
    let outcome = batch.send(&mut parser).unwrap();
    assert_eq!(said(&outcome)[0].field(FieldName::BizProtocol), None, "the names are full");
}

#[test]
fn a_name_that_does_not_fit_is_none() {
    let guest = Guest::check(
        "(drop (call $payload))
         (i32.add (i32.const 1) (call $host_read_str_result (i32.const 0x1000) (i32.const 4)))",
    );
    let mut parser = instance(&guest);
    parser.check(b"\0\x02ab", &probe(1)).unwrap();
    parser.check(b"\0\x03ab", &probe(2)).unwrap();
    parser.check(b"\0\x01ab", &probe(3)).unwrap();
    let numbers = [1, 2, 3].map(|flow_id| {
        let guest = crate::support::flow(0);
        let open = crate::support::Batch::default()
            .open_flow(weir_pipeline::parse::event::FlowFacts { flow_id, ..guest })
            .told(C2S, 0, 1, &[protobuf(&[])]);
        let outcome = open.send(&mut parser).unwrap();
        said(&outcome)[0].field(FieldName::BizProtocol).map(str::to_owned)
    });
    assert_eq!(numbers, [Some("ab".into()), None, Some("a".into())]);
}
