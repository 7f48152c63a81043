//! Every way in which a plugin could end or hang the original: here each is a counted fault or a harmless answer.

use std::time::{Duration, Instant};

use weir_pipeline::parse::parser::{FaultKind, PluginFault, ProtocolParser};
use weir_plugin_runtime::{Instance, LoadError, PluginConfig};

use crate::guest::Guest;
use crate::support::{Batch, C2S, S2C, claimed, instance, mirrored, probe, protobuf, request, runtime};

fn one() -> Batch {
    Batch::default().open(0).data(0, C2S, 0, b"payload")
}

fn fault(parse: &str) -> PluginFault {
    let mut parser = instance(&Guest::parse(parse));
    let fault = one().send(&mut parser).unwrap_err();
    let stats = parser.stats().read();
    assert_eq!(stats.faults[&fault.kind], 1, "it is counted");
    fault
}

/// What all imports answer to this address and length, from within `parse_payload`; none of it may be a fault.
fn answers(address: u32, length: u32) -> Vec<i32> {
    let imports = [
        "vm_read_ctx_base",
        "vm_read_payload",
        "vm_read_http_req_info",
        "vm_read_http_resp_info",
        "vm_read_custom_message_info",
        "host_read_l7_protocol_info",
        "host_read_str_result",
        "host_read_http_result",
    ];
    let ask = |import| {
        // The answer must be the one that the payload holds, else it traps.
        let parse = format!(
            "(local $answer i32)
             (local.set $answer (call ${import} (i32.const {address}) (i32.const {length})))
             (drop (call $payload))
             (if (i32.ne (local.get $answer) (i32.load (i32.const 0x1000))) (then (unreachable)))
             (i32.const 1)"
        );
        let mut parser = instance(&Guest::parse(&parse));
        let answers = [0_i32, 1, -1, 36, 4];
        *answers
            .iter()
            .find(|answer| {
                let payload = answer.to_le_bytes();
                Batch::default().open(0).data(0, C2S, 0, &payload).send(&mut parser).is_ok()
            })
            .unwrap_or_else(|| panic!("{import} answers none of these"))
    };
    imports.into_iter().map(ask).collect()
}

#[test]
fn addresses_that_wrap_around() {
    for (address, length) in [
        (0xffff_fff0, 0x20),
        (u32::MAX, u32::MAX),
        (0, u32::MAX),
        (0x3_0000, 1),
        (0x2_ffff, 2),
        (u32::MAX, 1),
    ] {
        assert_eq!(answers(address, length), [0; 8], "{address:#x} {length:#x}");
    }
}

#[test]
fn buffers_that_are_too_small() {
    assert_eq!(answers(0x4000, 0), [0, -1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(answers(0x4000, 3), [0, -1, 0, 0, 0, 0, 1, 0]);
    assert_eq!(answers(0x4000, 35), [0, 4, 0, 0, 0, 0, 1, 0], "one byte less than a context");
    assert_eq!(answers(0x4000, 36)[0], 36);
}

#[test]
fn hooks_are_not_to_be_had_from_the_start() {
    let all: String = [
        "vm_read_ctx_base",
        "vm_read_http_req_info",
        "vm_read_http_resp_info",
        "vm_read_custom_message_info",
        "vm_read_payload",
        "host_read_l7_protocol_info",
        "host_read_str_result",
        "host_read_http_result",
    ]
    .map(|import| {
        format!("(if (call ${import} (i32.const 0x1000) (i32.const 0x10000)) (then (unreachable)))")
    })
    .concat();
    for part in 0..3 {
        let mut guest = Guest::default();
        match part {
            0 => guest.start = all.clone(),
            1 => guest.bitmap = format!("{all}(i32.const 0x10)"),
            _ => guest.custom_hook = format!("{all}(i32.const 0x20)"),
        }
        let mut parser = instance(&guest);
        let batch = claimed(&mut parser, 0, 1, "").told(C2S, 0, 1, &[protobuf(&[request("GET", "/")])]);
        assert_eq!(batch.send(&mut parser).unwrap().messages.len(), 1);
    }
}

#[test]
fn answers_that_are_neither_next_nor_abort() {
    for value in [2, -1, i32::MAX] {
        let fault = fault(&format!("(i32.const {value})"));
        assert_eq!(fault.kind, FaultKind::BadAnswer, "{fault}");
    }
}

#[test]
fn exits_and_traps() {
    assert_eq!(fault("(call $proc_exit (i32.const 0)) (i32.const 1)").kind, FaultKind::Trap);
    assert_eq!(fault("(unreachable)").kind, FaultKind::Trap);
    assert_eq!(fault("(i32.load (i32.const -4))").kind, FaultKind::Trap);
    assert_eq!(fault("(call $check)").kind, FaultKind::BadAnswer, "the first bytes are no answer");
}

#[test]
fn endless_loops() {
    const LOOP: &str = "(loop $ever (br $ever)) (i32.const 1)";
    let began = Instant::now();
    assert_eq!(fault(LOOP).kind, FaultKind::Deadline);
    let mut parser = instance(&Guest::check(LOOP));
    assert_eq!(parser.check(b"payload", &probe(1)).unwrap_err().kind, FaultKind::Deadline);
    for guest in [
        Guest { start: "(loop $ever (br $ever))".into(), ..Guest::default() },
        Guest { bitmap: LOOP.into(), ..Guest::default() },
        Guest { custom_hook: LOOP.into(), ..Guest::default() },
    ] {
        let Err(LoadError::Fault { export: "start", fault }) = runtime().load(&guest.wasm()) else {
            panic!()
        };
        assert_eq!(fault.kind, FaultKind::Deadline);
    }
    assert!(began.elapsed() < Duration::from_secs(30));
}

/// A loop of calls that the host answers: they have no deadline of their own.
#[test]
fn endless_calls_of_the_host() {
    let calls = "(loop $ever (drop (call $vm_read_ctx_base (i32.const 0) (i32.const 1024)))
        (call $wasm_log (i32.const 0) (i32.const 0x30000) (i32.const 0)) (br $ever)) (i32.const 1)";
    assert_eq!(fault(calls).kind, FaultKind::Deadline);
}

#[test]
fn memory_without_end() {
    let fault = fault(
        "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)",
    );
    assert_eq!(fault.kind, FaultKind::Memory, "{fault}");
}

#[test]
fn logs_of_four_gibibytes() {
    let parse = "(call $wasm_log (i32.const 0) (i32.const -1) (i32.const 0))
        (call $wasm_log (i32.const -16) (i32.const 32) (i32.const 1))
        (call $wasm_log (i32.const 0) (i32.const 0x30000) (i32.const 7))
        (i32.const 1)";
    one().send(&mut instance(&Guest::parse(parse))).unwrap();
    let start = Guest {
        start: "(call $wasm_log (i32.const 0) (i32.const -1) (i32.const 2))".into(),
        ..Guest::default()
    };
    one()
        .data(0, C2S, 7, &mirrored(1, &[]))
        .send(&mut instance(&Guest { parse: "(i32.const 1)".into(), ..start }))
        .unwrap();
}

#[test]
fn log_lines_are_rationed() {
    let parse = "(local $n i32)
        (loop $more
          (call $wasm_log (i32.const 0x10) (i32.const 16) (i32.const 0))
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br_if $more (i32.lt_u (local.get $n) (i32.const 1000))))
        (i32.const 1)";
    let mut parser = instance(&Guest::parse(parse));
    one().send(&mut parser).unwrap();
    assert_eq!(parser.stats().read().log_lines_dropped, 900);
}

#[test]
fn one_that_breaks_each_time_is_left_alone() {
    let mut parser = instance(&Guest::parse("(unreachable)"));
    let kinds: Vec<_> = (0..7).map(|_| one().send(&mut parser).unwrap_err().kind).collect();
    assert_eq!(kinds, [[FaultKind::Trap; 5].as_slice(), &[FaultKind::Quarantined; 2]].concat());
    let stats = parser.stats().read();
    assert_eq!((stats.rebuilds, stats.quarantines), (4, 1));
}

/// The original goes on with whatever memory a trap left.
#[test]
fn after_a_trap_the_memory_is_fresh() {
    let parse = "(if (i32.load (i32.const 0x50)) (then (unreachable)))
        (i32.store (i32.const 0x50) (i32.const 1))
        (drop (call $payload))
        (if (i32.eq (i32.load8_u (i32.const 0x1000)) (i32.const 88)) (then (unreachable)))
        (i32.const 1)";
    let mut parser = instance(&Guest::parse(parse));
    let send = |parser: &mut Instance, payload: &[u8]| {
        Batch::default().open(0).data(0, C2S, 0, payload).send(parser)
    };
    assert!(send(&mut parser, b"X").is_err());
    assert!(send(&mut parser, b"Y").is_ok());
}

#[test]
fn a_response_that_ends_behind_its_id() {
    let mut parser = instance(&Guest::default());
    for length in 0..=12 {
        let batch = Batch::default().open(0).told(S2C, 0, 1, &[vec![0; length]]);
        assert_eq!(batch.send(&mut parser).unwrap().messages.len(), 0, "{length} bytes");
    }
}

#[test]
fn lists_with_wrong_lengths() {
    let mut parser = instance(&Guest::default());
    let good = mirrored(1, &[protobuf(&[request("GET", "/")])]);
    for list in [
        &b"\x01"[..],
        b"\x01\0",
        b"\x01\0\0",
        b"\x01\0\x05PB",
        b"\x01\xff\xffPB",
        &[good.as_slice(), b"\0"].concat(),
    ] {
        let batch = Batch::default().open(0).data(0, C2S, 0, list);
        assert_eq!(batch.send(&mut parser).unwrap().messages.len(), 0, "{list:?}");
    }
    assert_eq!(Batch::default().open(0).data(0, C2S, 0, &good).send(&mut parser).unwrap().messages.len(), 1);
}

/// The longest record that there can be, and lists that no payload needs.
#[test]
fn lists_without_measure() {
    // Memory full of empty records of two bytes, `PB`.
    let fill = "(local $at i32)
        (loop $next
          (i32.store (i32.add (i32.const 0x10000) (local.get $at)) (i32.const 0x42500200))
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (br_if $next (i32.lt_u (local.get $at) (i32.const 0x20000))))";
    let ask = |length: u32| {
        format!(
            "{fill} (drop (call $host_read_l7_protocol_info (i32.const 0x10000) (i32.const {length}))) (i32.const 1)"
        )
    };
    let messages =
        |length| one().send(&mut instance(&Guest::parse(&ask(length)))).map(|outcome| outcome.messages.len());
    assert_eq!(messages(4 * 4096), Ok(4096));
    assert_eq!(messages(4 * 4097).unwrap_err().kind, FaultKind::TooMuch);
    let grow = "(drop (memory.grow (i32.const 64)))
        (drop (call $host_read_l7_protocol_info (i32.const 0x10000) (i32.const 0x200000))) (i32.const 1)";
    assert_eq!(one().send(&mut instance(&Guest::parse(grow))).unwrap().messages.len(), 0);
    let longest = [&[0xff, 0xff][..], b"PB", &crate::support::bytes(13, &vec![b'x'; 65_529])].concat();
    assert_eq!(longest.len(), 65_537);
    let guest = Guest {
        more: crate::guest::data(0x10000, &longest),
        ..Guest::parse(
            "(drop (call $host_read_l7_protocol_info (i32.const 0x10000) (i32.const 65537))) (i32.const 1)",
        )
    };
    assert_eq!(one().send(&mut instance(&guest)).unwrap().messages.len(), 1);
}

/// Texts of one batch have a limit, whatever each payload says.
#[test]
fn batches_without_measure() {
    let longest = [&[0xff, 0xff][..], b"PB", &crate::support::bytes(13, &vec![b'x'; 65_529])].concat();
    let guest = Guest {
        more: crate::guest::data(0x10000, &longest),
        ..Guest::parse(
            "(drop (call $host_read_l7_protocol_info (i32.const 0x10000) (i32.const 65537))) (i32.const 1)",
        )
    };
    let batch = (0..100).fold(Batch::default().open(0), |batch, n| batch.data(0, C2S, n, b"x"));
    assert_eq!(batch.send(&mut instance(&guest)).unwrap_err().kind, FaultKind::TooMuch);
}

/// A batch of slow calls is no fault as long as each is quick enough.
#[test]
fn the_deadline_grows_with_the_batch() {
    let slow = "(local $n i32)
        (loop $more (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if $more (i32.lt_u (local.get $n) (i32.const 3000000))))
        (i32.const 1)";
    let mut parser = instance(&Guest::parse(slow));
    let batch = (0..128).fold(Batch::default().open(0), |batch, n| batch.data(0, C2S, n, b"x"));
    batch.send(&mut parser).unwrap();
}

#[test]
fn every_payload_of_random_bytes_is_borne() {
    let mut parser = runtime()
        .load(
            &Guest {
                parse: Guest::default().parse.replace("(i32.load8_s (i32.const 0x1000))", "(i32.const 1)"),
                ..Guest::default()
            }
            .wasm(),
        )
        .unwrap()
        .instantiate(PluginConfig::default())
        .unwrap();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut seed = mirrored(
        1,
        &[protobuf(&[request("GET", "/"), crate::support::bytes(31, &crate::support::bytes(1, b"k"))])],
    );
    for round in 0..20_000 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = (random >> 33) as usize % seed.len();
        let before = std::mem::replace(&mut seed[at], (random >> 56) as u8);
        let direction = if round % 2 == 0 { C2S } else { S2C };
        let outcome = Batch::default().open(0).data(0, direction, 0, &seed).send(&mut parser).unwrap();
        crate::support::said(&outcome);
        if round % 3 != 0 {
            seed[at] = before;
        }
    }
}
