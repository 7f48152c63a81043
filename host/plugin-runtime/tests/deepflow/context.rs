//! What hooks are told of a packet.

use weir_pipeline::decode::{Address, Transport};
use weir_pipeline::parse::event::FlowFacts;
use weir_pipeline::parse::parser::{CheckVerdict, Probe, ProtocolParser};
use weir_plugin_runtime::PluginConfig;

use crate::guest::{Guest, data};
use crate::support::{
    Batch, C2S, S2C, T, bytes, claimed, configured, flow, flow_id, instance, probe, protobuf, raw, text,
};

/// A guest whose record has one attribute: the context, 60 bytes; behind it how long the host said it is.
fn shows_context() -> Guest {
    let list = text(&protobuf(&[bytes(31, &[bytes(1, b"ctx"), bytes(2, &[0; 61])].concat())]));
    let at = 0x2000 + list.len() as u32 - 61;
    Guest {
        more: data(0x2000, &list),
        ..Guest::parse(&format!(
            "(memory.fill (i32.const {at}) (i32.const 0) (i32.const 61))
             (i32.store8 (i32.const {}) (call $vm_read_ctx_base (i32.const {at}) (i32.const 60)))
             (drop (call $host_read_l7_protocol_info (i32.const 0x2000) (i32.const {})))
             (i32.const 1)",
            at + 60,
            list.len()
        ))
    }
}

fn context(flow: FlowFacts, batch: Batch) -> Vec<u8> {
    let mut parser = instance(&shows_context());
    let batch = Batch { flows: vec![flow], ..batch };
    let outcome = batch.send(&mut parser).unwrap();
    let bytes = raw(&outcome.attributes[0].1, &outcome).to_vec();
    let length = usize::from(bytes[60]);
    assert!(bytes[length..60].iter().all(|byte| *byte == 0), "nothing behind what it says");
    bytes[..length].to_vec()
}

/// 2026-09-21T14:13:20.123456Z in microseconds.
const TIME: [u8; 8] = 1_790_000_000_123_456_u64.to_be_bytes();

#[test]
fn ipv4() {
    let batch = Batch::default().open(3).data(3, C2S, 0, b"x");
    #[rustfmt::skip]
    let expected = [
        &[4, 10, 0, 0, 1, 10, 0, 0, 2, 0x9c, 0x40, 0, 7, 6, 0, 255][..],
        &TIME, &[0, 0], &flow_id(3).to_be_bytes(), &[4, 0],
    ].concat();
    assert_eq!(expected.len(), 36);
    assert_eq!(context(flow(3), batch), expected);
}

#[test]
fn ipv6_and_udp_and_the_way_back() {
    let address = |last| {
        let mut a = [0; 16];
        (a[0], a[1], a[15]) = (0x20, 0x01, last);
        a
    };
    let facts = FlowFacts {
        transport: Transport::Udp,
        client: (Address::v6(address(1)), 40_000),
        server: (Address::v6(address(2)), 53),
        ..flow(0)
    };
    let batch = Batch::default().open(0).data(0, S2C, 0, b"x");
    #[rustfmt::skip]
    let expected = [
        &[6][..], &address(2), &address(1), &[0, 53, 0x9c, 0x40, 17, 0, 255],
        &TIME, &[1, 0], &flow_id(0).to_be_bytes(), &[4, 0],
    ].concat();
    assert_eq!(expected.len(), 60);
    assert_eq!(context(facts, batch), expected);
}

#[test]
fn parse_is_told_the_number_that_check_gave() {
    let guest = Guest { check: Guest::default().check, ..shows_context() };
    let mut parser = instance(&guest);
    let batch = claimed(&mut parser, 0, 201, "name").data(0, C2S, 0, b"x");
    let outcome = batch.send(&mut parser).unwrap();
    assert_eq!(raw(&outcome.attributes[0].1, &outcome)[14], 201);
}

/// Compares what it is told in `check` with what stands at 0x3000, but for the time.
#[test]
fn check_is_told_a_guess() {
    let knows = |expected: &[u8]| {
        Guest {
        more: data(0x3000, expected),
        ..Guest::check(
            "(local $at i32)
             (if (i32.ne (call $vm_read_ctx_base (i32.const 0x2000) (i32.const 1024)) (i32.const 36)) (then (return (i32.const 0))))
             (loop $next
               (if (i32.ne (i32.load8_u (i32.add (local.get $at) (i32.const 0x2000)))
                           (i32.load8_u (i32.add (local.get $at) (i32.const 0x3000))))
                 (then (return (i32.const 0))))
               (local.set $at (i32.add (local.get $at) (i32.const 1)))
               (br_if $next (i32.lt_u (local.get $at) (i32.const 36))))
             (i32.const 5)",
        )
    }
    };
    for (from_client, direction, verdict) in [
        (Some(true), 0, CheckVerdict::ClientSpeaks),
        (Some(false), 1, CheckVerdict::ServerSpeaks),
        (None, 0, CheckVerdict::ClientSpeaks),
    ] {
        #[rustfmt::skip]
        let expected = [
            &[4, 10, 0, 0, 1, 10, 0, 0, 2, 0x9c, 0x40, 0, 7, 6, 0, 255][..],
            &TIME, &[direction, 0], &9_u64.to_be_bytes(), &[1, 0],
        ].concat();
        let config = PluginConfig::from_iter([("payload-truncation", "256")]);
        let mut parser = configured(&knows(&expected), config);
        parser.advance(T);
        let found = parser.check(b"anything", &Probe { from_client, ..probe(9) });
        assert_eq!(found, Ok(verdict), "{from_client:?}");
    }
}

/// Hands its payload's first 300 bytes back as an attribute, and what `vm_read_payload` answered as the code.
fn payload_seen(config: &str, length: usize) -> (usize, i64) {
    let list = text(&protobuf(&[bytes(31, &[bytes(1, b"n"), bytes(2, &[0; 4])].concat())]));
    let at = 0x2000 + list.len() as u32 - 4;
    let guest = Guest {
        more: data(0x2000, &list),
        ..Guest::parse(&format!(
            "(i32.store (i32.const {at}) (call $vm_read_payload (i32.const 0x10000) (i32.const 2000)))
             (drop (call $host_read_l7_protocol_info (i32.const 0x2000) (i32.const {})))
             (i32.const 1)",
            list.len()
        ))
    };
    let config = if config.is_empty() { None } else { Some(("payload-truncation", config)) };
    let mut parser = configured(&guest, PluginConfig::from_iter(config));
    let payload = vec![b'x'; length];
    let outcome = Batch::default().open(0).data(0, C2S, 0, &payload).send(&mut parser).unwrap();
    let answer = i32::from_le_bytes(raw(&outcome.attributes[0].1, &outcome).try_into().unwrap());
    (outcome.messages[0].end as usize, i64::from(answer))
}

#[test]
fn payloads_are_cut() {
    assert_eq!(payload_seen("", 100), (100, 100));
    assert_eq!(payload_seen("", 1500), (1500, 1024), "as long as the default says; the message is whole");
    assert_eq!(payload_seen("300", 1500), (1500, 300));
    assert_eq!(payload_seen("65535", 1500), (1500, 1500));
    assert_eq!(payload_seen("65535", 2001), (2001, -1), "the guest's buffer is too small");
    for wrong in ["255", "65536", "-1", "1 KiB"] {
        assert_eq!(payload_seen(wrong, 1500), (1500, 1024), "{wrong}");
    }
}

#[test]
fn short_payloads_are_not_checked() {
    let mut parser = instance(&Guest::check("(i32.const 1)"));
    assert_eq!(parser.check(b"", &probe(1)), Ok(CheckVerdict::No));
    assert_eq!(parser.check(b"x", &probe(1)), Ok(CheckVerdict::No));
    assert_eq!(parser.check(b"xy", &probe(1)), Ok(CheckVerdict::ClientSpeaks));
}
